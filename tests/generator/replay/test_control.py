"""Groups and hosts inside IGMP, MLD and ICMP messages get partners, and their checksums stay right."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import numpy as np

from generator.replay.octets import U8
from tests.generator.replay.helpers import Names, batch, partner, people_of, rewritten
from tests.generator.replay.packets import made

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


def test_addresses_in_control_messages_get_partners() -> None:
    frames = batch(all_kinds(lambda name: name))
    people = people_of(frames)
    assert rewritten(frames, people)[0] == all_kinds(partner(people))


def test_a_redirect_that_quotes_its_packet_is_left_out() -> None:
    frames = batch([six(lambda name: name, b"\x89\0\0\0" + bytes(36) + b"\x04\x01" + bytes(6))])
    found, rewriter = rewritten(frames, people_of(frames))
    assert not found
    assert rewriter.left_out == {"tunnel": 1}
