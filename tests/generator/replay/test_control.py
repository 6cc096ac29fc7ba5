"""Groups and hosts inside IGMP, MLD and ICMP messages get partners, and their checksums stay right."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import numpy as np

from contract.jit import lean_kernel
from generator.replay.checksums import mend
from generator.replay.lookup import Map, replace
from generator.replay.octets import U8
from generator.replay.trail import SITES, Trail, new_trail
from generator.replay.walk import walk
from tests.generator.replay.helpers import Names, batch, partner, people_of, rewritten
from tests.generator.replay.packets import STOPPED, made

ETHER = made("udp", lambda name: name, b"")[:12]


def total(data: bytes) -> int:
    words: U8 = np.frombuffer(data + bytes(len(data) % 2), ">u2").astype(np.int64)
    value = int(words.sum())
    while value > 0xFFFF:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def summed(body: bytes, pseudo: bytes = b"") -> bytes:
    value = ~total(pseudo + body[:2] + b"\0\0" + body[4:]) & 0xFFFF
    return body[:2] + struct.pack("!H", value) + body[4:]


def four(n: Names, protocol: int, body: bytes) -> bytes:
    addresses = ip_address(n("10.0.0.1")).packed + ip_address(n("224.0.0.22")).packed
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 1, protocol, 0) + addresses
    value = ~total(head) & 0xFFFF
    return link(n) + b"\x08\0" + head[:10] + struct.pack("!H", value) + head[12:] + summed(body)


def six(n: Names, body: bytes) -> bytes:
    addresses = ip_address(n("fe80::1")).packed + ip_address(n("ff02::16")).packed
    pseudo = addresses + struct.pack("!IHBB", len(body), 0, 0, 58)
    return link(n) + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(body), 58, 1) + addresses + summed(body, pseudo)


def link(n: Names) -> bytes:
    macs = [":".join(f"{byte:02x}" for byte in ETHER[at : at + 6]) for at in (0, 6)]
    return b"".join(bytes.fromhex(n(mac).replace(":", "")) for mac in macs)


def all_kinds(n: Names) -> list[bytes]:
    def a(text: str) -> bytes:
        return ip_address(n(text)).packed

    record = b"\x01\0\0\x02" + a("239.1.2.3") + a("10.0.0.7") + a("10.0.0.8")
    return [
        four(n, 2, b"\x16\0\0\0" + a("239.1.2.3")),
        four(n, 2, b"\x11\0\0\0" + a("239.1.2.3") + b"\0\0\0\x01" + a("10.0.0.7")),
        four(n, 2, b"\x22\0\0\0\0\0\0\x02" + record + b"\x04\0\0\0" + a("224.0.0.251")),
        four(n, 1, b"\x09\0\0\0\x02\x02\0\x1e" + a("10.0.0.1") + bytes(4) + a("10.0.0.2") + bytes(4)),
        six(n, b"\x83\0\0\0" + bytes(4) + a("ff02::fb")),
        six(n, b"\x82\0\0\0" + bytes(4) + a("ff02::fb") + b"\0\0\0\x01" + a("2001:db8::7")),
        six(n, b"\x8f\0\0\0\0\0\0\x01\x01\0\0\x01" + a("ff02::fb") + a("2001:db8::7")),
        six(n, b"\x89\0\0\0" + bytes(4) + a("fe80::2") + a("2001:db8::9")),
        six(n, b"\x86\0\0\0" + bytes(12) + b"\x19\x03\0\0\0\0\0\x09" + a("2001:db8::53")),
    ]


@lean_kernel
def put(data: U8, out: U8, kind: int, table: Map, trail: Trail) -> int:
    """Rewrite a packet without its link header, whatever the gate would say of it."""
    reason = walk(data, 0, len(data), kind, trail)
    for n in range(trail.state[SITES]):
        replace(table, out, trail.sites[n, 0], trail.sites[n, 1])
    mend(data, 0, len(data), out, len(data), trail)
    return reason


def test_addresses_in_control_messages_get_partners() -> None:
    frames = [*all_kinds(lambda name: name), made(STOPPED, lambda name: name, b"")]
    people = people_of(batch(frames))  # networks of frames that are left out share one
    named = partner(people)
    for frame, expected in zip(frames, [*all_kinds(named), made(STOPPED, named, b"")], strict=True):
        data = np.frombuffer(frame[14:], np.uint8).copy()
        out = data.copy()
        assert put(data, out, int.from_bytes(frame[12:14], "big"), people.table, new_trail()) == 0
        assert out.tobytes() == expected[14:]


def test_messages_that_the_gate_does_not_read_are_left_out() -> None:
    frames = batch(all_kinds(lambda name: name))
    found, rewriter = rewritten(frames, people_of(frames))
    assert len(found) + rewriter.left_out["stopped_by_gate"] == len(frames)
    assert found[:3] == rewritten(frames.slice(0, 3), people_of(frames))[0]  # IGMP passes


def test_a_redirect_that_quotes_its_packet_is_left_out() -> None:
    frames = batch([six(lambda name: name, b"\x89\0\0\0" + bytes(36) + b"\x04\x01" + bytes(6))])
    found, rewriter = rewritten(frames, people_of(frames))
    assert not found
    assert rewriter.left_out == {"tunnel": 1}
