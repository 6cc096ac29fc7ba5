"""Certificates in shape only (RFC 5280): valid DER, random keys and signatures, names that belong to nobody."""

from __future__ import annotations

import numpy as np

from generator.shapes.ber import sequence, tlv
from generator.shapes.names import token


def _name(common_name: str) -> bytes:
    attribute = sequence(b"\x06\x03\x55\x04\x03", tlv(0x0C, common_name.encode()))
    return sequence(tlv(0x31, attribute))


def certificate(rng: np.random.Generator, common_name: str, size: int) -> bytes:
    """A certificate of about ``size`` bytes (at least some 900) with alternative names to fill it."""
    algorithm = sequence(bytes.fromhex("06092a864886f70d01010b"), b"\x05\x00")
    key = sequence(tlv(0x02, b"\x00" + b"\xc1" + rng.bytes(255)), b"\x02\x03\x01\x00\x01")
    public = sequence(sequence(bytes.fromhex("06092a864886f70d010101"), b"\x05\x00"), tlv(0x03, b"\x00" + key))
    names = [tlv(0x82, b"www.example.com")]
    room = size - 900
    while room > 0:
        names.append(tlv(0x82, f"{token(rng, int(rng.integers(4, 16)), 'letters')}.example.org".encode()))
        room -= len(names[-1])
    alternative = sequence(b"\x06\x03\x55\x1d\x11", tlv(0x04, sequence(*names)))
    body = sequence(
        b"\xa0\x03\x02\x01\x02",
        tlv(0x02, b"\x01" + rng.bytes(15)),
        algorithm,
        _name("Example Certification Authority"),
        sequence(tlv(0x17, b"240101000000Z"), tlv(0x17, b"250101000000Z")),
        _name(common_name),
        public,
        tlv(0xA3, sequence(alternative)),
    )
    return sequence(body, algorithm, tlv(0x03, b"\x00" + rng.bytes(256)))


def self_signed(rng: np.random.Generator, common_name: str = "WebRTC") -> bytes:
    """A small certificate with an elliptic key (some 270 bytes), as calls and remote desktops make them themselves."""
    algorithm = sequence(bytes.fromhex("06082a8648ce3d040302"))
    curve = sequence(bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a8648ce3d030107"))
    public = sequence(curve, tlv(0x03, b"\x00\x04" + rng.bytes(64)))
    validity = sequence(tlv(0x17, b"260601000000Z"), tlv(0x17, b"261201000000Z"))
    body = sequence(
        tlv(0x02, b"\x01" + rng.bytes(7)), algorithm, _name(common_name), validity, _name(common_name), public
    )
    pair = sequence(tlv(0x02, b"\x01" + rng.bytes(31)), tlv(0x02, b"\x01" + rng.bytes(31)))
    return sequence(body, algorithm, tlv(0x03, b"\x00" + pair))


def ocsp(rng: np.random.Generator) -> bytes:
    """A basic OCSP response (RFC 6960) that calls one certificate good; about 470 bytes."""
    when = tlv(0x18, b"20260725060000Z")
    digest = sequence(bytes.fromhex("06052b0e03021a"), b"\x05\x00")
    certificate_id = sequence(
        digest, tlv(0x04, rng.bytes(20)), tlv(0x04, rng.bytes(20)), tlv(0x02, b"\x01" + rng.bytes(15))
    )
    single = sequence(certificate_id, b"\x80\x00", when)
    told = sequence(tlv(0xA2, tlv(0x04, rng.bytes(20))), when, sequence(single))
    algorithm = sequence(bytes.fromhex("06092a864886f70d01010b"), b"\x05\x00")
    basic = sequence(told, algorithm, tlv(0x03, b"\x00" + rng.bytes(256)))
    body = sequence(bytes.fromhex("06092b0601050507300101"), tlv(0x04, basic))
    return sequence(b"\x0a\x01\x00", tlv(0xA0, body))
