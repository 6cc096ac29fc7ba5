from __future__ import annotations

import pytest

from generator import headers
from generator.conversation import Conversation, Rand
from generator.exchange import describe
from generator.habits import STACKS
from tests.generator.helpers import world


def flags(conversation: Conversation, version: int = 4) -> list[tuple[str, int]]:
    return [(d["from"][0], d["flags"]) for d in map(describe, conversation.frames(version))]


def test_a_handshake_is_syn_synack_ack() -> None:
    assert flags(Conversation.tcp(world()).open()) == [("c", 2), ("s", 18), ("c", 16)]


def test_a_closed_port_refuses_with_rst_ack() -> None:
    assert flags(Conversation.tcp(world()).send("S").refuse()) == [("c", 2), ("s", 20)]


@pytest.mark.parametrize(
    ("how", "tail"),
    [
        ("fin", [("c", 17), ("s", 17), ("c", 16)]),
        ("server_fin", [("s", 17), ("c", 17), ("s", 16)]),
        ("rst", [("c", 20)]),
        ("server_rst", [("s", 20)]),
    ],
)
def test_connections_end_as_asked(how, tail) -> None:
    assert flags(Conversation.tcp(world()).open().close(how))[3:] == tail


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("near", ["client", "server"])
def test_payload_is_cut_at_the_mss_and_wholly_acknowledged(version: int, near: str) -> None:
    size = 200_003
    talk = Conversation.tcp(world(), near=near).open().client(b"x" * 10).server(b"y" * size, think=0.1).close("fin")
    frames = talk.frames(version)
    data = [frame for frame in frames if frame.reverse and frame.content.data]
    assert sum(len(frame.content.data) for frame in data) == size
    assert max(len(f.header) + len(f.content.data) for f in frames) <= 1514
    at = 1
    for frame in data:
        assert frame.seq == at
        at += len(frame.content.data)
    acks = [frame.ack for frame in frames if not frame.reverse and frame.ack >= 0]
    assert acks == sorted(acks)
    assert acks[-1] == size + 2  # SYN, all of the data, FIN
    pure = [f for f in frames if not f.reverse and not f.content.data]
    assert len(data) / 2 - 2 <= len(pure) <= len(data) / 2 + 6


def test_random_parts_are_cut_with_the_payload() -> None:
    talk = Conversation.tcp(world()).open().client([b"a" * 1000, Rand(3000, "hex"), b"z"])
    pieces = [part for frame in talk.frames(4) for part in frame.content.parts]
    assert sum(part.length for part in pieces) == 3000
    assert [part.skip for part in pieces] == [sum(p.length for p in pieces[:k]) for k in range(len(pieces))]
    assert len({part.key for part in pieces}) == 1


def test_a_think_time_waits_for_the_round_trip_first() -> None:
    talk = Conversation.tcp(world()).open().client(b"q").server(b"a", think=0.5)
    gaps = [frame.gap_rtt for frame in talk.frames(4)]
    # SYN, SYN/ACK, ACK: one round trip, however the monitor stands.
    assert gaps[0] == 0
    assert gaps[1] + gaps[2] == pytest.approx(1.0)
    assert sum(frame.gap_ns for frame in talk.frames(4)) == pytest.approx(0.5e9, rel=0.1)


def test_a_retransmission_repeats_the_segment() -> None:
    frames = Conversation.tcp(world()).send("S").repeat(think=1.0).frames(4)
    assert frames[1].seq == frames[0].seq
    assert frames[1].gap_ns == pytest.approx(1e9)


def test_a_datagram_that_does_not_fit_is_a_mistake_of_the_family() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Conversation.udp(world()).client(b"x" * 1473)


@pytest.mark.parametrize("stack", STACKS, ids=lambda s: s.name)
@pytest.mark.parametrize("version", [4, 6])
def test_every_stack_has_options_that_scapy_reads_back(stack, version: int) -> None:
    from scapy.layers.inet import TCP
    from scapy.layers.l2 import Ether

    header = headers.tcp(version, stack, "S", "syn", stack.window)
    options = Ether(header)[TCP].options
    wanted = [name for name, _ in headers.syn_options(stack, version) if name not in ("EOL", "NOP")]
    assert [name for name, _ in options if name not in ("EOL", "NOP")] == wanted
    at = headers.timestamps_at(header, version)
    assert (at > 0) == ("T" in stack.options)
    assert at == 0 or header[at - 2 : at] == b"\x08\x0a"


def test_a_syn_ack_offers_only_what_was_asked_for() -> None:
    from scapy.layers.inet import TCP
    from scapy.layers.l2 import Ether

    talk = Conversation.tcp(world(), client_os="windows", server_os="linux").open()
    names = {name for name, _ in Ether(talk.frames(4)[1].header)[TCP].options}
    assert "Timestamp" not in names
    assert {"MSS", "WScale", "SAckOK"} <= names
    assert not Ether(talk.frames(4)[2].header)[TCP].options
