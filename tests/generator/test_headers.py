from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether

from generator import headers
from generator.habits import STACKS, Stack
from generator.stacks import arrange

SIZES = {"M": 4, "N": 1, "W": 3, "S": 2, "T": 10, "E": 1}
LINUX = Stack("linux")


@pytest.mark.parametrize("stack", STACKS, ids=lambda s: s.name)
@pytest.mark.parametrize("version", [4, 6])
def test_every_stack_has_options_that_scapy_reads_back(stack: Stack, version: int) -> None:
    header = headers.tcp(version, stack, "S", "syn", stack.window)
    options = Ether(header)[TCP].options
    wanted = [name for name, _ in headers.syn_options(stack, version) if name not in ("EOL", "NOP")]
    wanted = wanted if stack.options else []
    assert [name for name, _ in options if name not in ("EOL", "NOP")] == wanted
    at = headers.timestamps_at(header, version)
    assert (at > 0) == ("T" in stack.options)
    assert at == 0 or header[at - 2 : at] == b"\x08\x0a"


@pytest.mark.parametrize("stack", STACKS, ids=lambda s: s.name)
def test_ttl_window_df_and_fixed_id_are_the_systems_own(stack: Stack) -> None:
    four, six = Ether(headers.tcp(4, stack, "SE", "syn", 700)), Ether(headers.tcp(6, stack, "SE", "syn", 700))
    assert (four[IP].ttl, six[IPv6].hlim) == (stack.ttl, stack.ttl)
    assert (four[IP].id, "DF" in four[IP].flags) == (stack.fixed_id, stack.df)
    for packet in (four, six):
        assert (packet[TCP].window, packet[TCP].flags) == (700, "SE")


@pytest.mark.parametrize("stack", STACKS, ids=lambda s: s.name)
def test_a_header_is_the_one_that_scapy_builds_at_once(stack: Stack) -> None:
    """Ours is put together from what scapy laid out once for all systems."""
    for version, flags, options in itertools.product((4, 6), ("S", "SAE", "PA"), ("syn", "answer-STW", "T", "")):
        listed: list[tuple[str, Any]] = [("NOP", None), ("NOP", None), ("Timestamp", (0, 0))]
        if options != "T":
            answer = arrange(stack.order, "STW") if options.startswith("answer") else ""
            listed = headers.syn_options(stack, version, answer) if options and (answer or stack.options) else []
        if version == 4:
            ip = IP(src="198.18.0.1", dst="198.18.0.2", ttl=stack.ttl, id=stack.fixed_id, flags="DF" if stack.df else 0)
            ip.tos = 0xB9
        else:
            ip = IPv6(src="2001:2::1", dst="2001:2::2", hlim=stack.ttl, tc=0xB9)
        link = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
        wanted = bytearray(bytes(link / ip / TCP(sport=1, dport=2, flags=flags, window=77, options=listed)))
        found = bytearray(headers.tcp(version, stack, flags, options, 77, 0xB9))
        transport = 34 if version == 4 else 54
        for header in (wanted, found):  # all checksums are written later
            header[transport + 16 : transport + 18] = bytes(2)
            if version == 4:
                header[24:26] = bytes(2)
        assert found == wanted


def place_of_timestamps(letters: str) -> int:
    """Where T's value stands among options laid end to end; -1 where an end stands before it, or none is there."""
    at = 0
    for letter in letters:
        if letter == "E":
            return -1
        if letter == "T":
            return at + 2
        at += SIZES[letter]
    return -1


@given(
    st.text("MNWSTE", max_size=12).filter(lambda t: sum(SIZES[letter] for letter in t) <= 40), st.sampled_from([4, 6])
)
def test_timestamps_are_found_wherever_they_stand(letters: str, version: int) -> None:
    header = headers.tcp(version, Stack("x", options=letters), "S", "syn", 1)
    start, place = headers.LINK + (20 if version == 4 else 40) + 20, place_of_timestamps(letters)
    assert headers.timestamps_at(header, version) == (start + place if place >= 0 else 0)


@pytest.mark.parametrize("version", [4, 6])
def test_selective_acks_stand_last_at_an_even_place(version: int) -> None:
    for options, blocks in (("", 1), ("", 3), ("T", 1), ("T", 3)):
        edges = tuple((10 * k, 10 * k + 5) for k in range(blocks))
        header = headers.tcp(version, LINUX, "A", options, 9, 0, edges)
        listed = dict(Ether(header)[TCP].options)
        assert listed["SAck"] == tuple(edge for block in edges for edge in block)
        assert len(header) % 2 == 0
        assert header[-8:] == bytes((*edges[-1][0].to_bytes(4, "big"), *edges[-1][1].to_bytes(4, "big")))


def test_what_the_other_side_did_not_offer_is_left_out() -> None:
    def names(options: str) -> list[str]:
        listed = Ether(headers.tcp(4, LINUX, "SA", options, 1))[TCP].options
        return [name for name, _ in listed if name not in ("NOP", "EOL")]

    assert names("answer-STW") == ["MSS", "SAckOK", "Timestamp", "WScale"]
    assert names("answer-W") == ["MSS", "WScale"]
    assert names("answer-ST") == ["MSS", "SAckOK", "Timestamp"]
    assert names("answer-") == ["MSS"]
    assert names("T") == ["Timestamp"]
    assert names("") == []


def test_the_mss_of_ipv6_leaves_room_for_its_longer_header() -> None:
    sizes = [dict(Ether(headers.tcp(version, LINUX, "S", "syn", 1))[TCP].options)["MSS"] for version in (4, 6)]
    assert sizes == [1460, 1440]


def test_echo_asks_and_answers_in_both_versions() -> None:
    assert [Ether(headers.echo(4, LINUX, reply=reply))[ICMP].type for reply in (False, True)] == [8, 0]
    assert Ether(headers.echo(6, LINUX, reply=False)).haslayer(ICMPv6EchoRequest)
    assert Ether(headers.echo(6, LINUX, reply=True)).haslayer(ICMPv6EchoReply)


# RFC 4443 section 3.1: address unreachable, port unreachable, administratively prohibited.
@pytest.mark.parametrize(("code", "six"), [(1, 3), (3, 4), (10, 1), (13, 1)])
def test_unreachable_says_the_same_in_both_versions(code: int, six: int) -> None:
    message = Ether(headers.unreachable(4, LINUX, code))[ICMP]
    assert (message.type, message.code) == (3, code)
    message = ICMPv6DestUnreach(headers.unreachable(6, LINUX, code)[54:])
    assert (message.type, message.code) == (1, six)


def test_datagrams_and_bare_packets_end_where_their_headers_end() -> None:
    assert [len(headers.udp(version, LINUX)) for version in (4, 6)] == [42, 62]
    assert Ether(headers.udp(6, LINUX, 0xB8))[IPv6].tc == Ether(headers.udp(4, LINUX, 0xB8))[IP].tos == 0xB8
    assert Ether(headers.udp(4, LINUX)).haslayer(UDP)
    assert [len(headers.bare(version, LINUX, 47)) for version in (4, 6)] == [34, 54]
    assert (headers.bare(4, LINUX, 47)[23], headers.bare(6, LINUX, 47)[20]) == (47, 47)


def test_arp_goes_to_all_or_to_one_and_a_liar_names_another() -> None:
    asks, answers = (
        Ether(headers.arp(1, broadcast=True)),
        Ether(headers.arp(2, broadcast=False, mac="0a:00:00:00:00:07")),
    )
    assert (asks.dst, asks[ARP].op, asks[ARP].hwsrc) == ("ff:ff:ff:ff:ff:ff", 1, "02:00:00:00:00:01")
    assert (answers.dst, answers[ARP].op) == ("02:00:00:00:00:02", 2)
    assert answers[ARP].hwsrc == "0a:00:00:00:00:07"
