from __future__ import annotations

import numpy as np
import pytest

from generator.payload import lay_out
from generator.shapes import directory, kerberos, lan
from generator.shapes.parts import Part


def flat(parts: list[Part]) -> bytes:
    return lay_out(parts, 1).data


def whole(data: bytes) -> None:
    """Walk DER: every element ends where it says, constructed ones hold whole elements."""
    at = 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            width = size & 0x7F
            size, at = int.from_bytes(data[at : at + width], "big"), at + width
        assert at + size <= len(data)
        # GSS-API wrappers (0x60 with a mechanism first) hold raw bytes behind the mechanism
        if tag & 0x20 and not (tag == 0x60 and data[at] == 0x06):
            whole(data[at : at + size])
        at += size
    assert at == len(data)


def messages() -> list[bytes]:
    rng, realm, service = np.random.default_rng(3), "VELO.EXAMPLE.COM", ("cifs", "dc1.velo.example.com")
    made = [kerberos.initial(rng, realm, "anna", proof=proof) for proof in (False, True)]
    made += [kerberos.refused(realm, kerberos.PREAUTH_REQUIRED), kerberos.granted(rng, realm, "anna", groups=20)]
    made.append(kerberos.ticket_asked(rng, realm, service, groups=20))
    made.append(kerberos.ticket_given(rng, realm, "anna", service, groups=20))
    for pair in (
        directory.root(rng, 1, "velo.example.com"),
        directory.bind(rng, 2, "velo.example.com", 20),
        directory.simple_bind(2, "CN=anna", b"secret"),
        directory.user(rng, 3, "anna", "velo.example.com"),
        directory.locate(rng, "velo.example.com", "PC1"),
    ):
        made += pair
    return [*made, directory.unbind(4)]


@pytest.mark.parametrize("number", range(17))
def test_messages_are_whole_der(number: int) -> None:
    whole(messages()[number])


def test_tickets_are_too_large_for_udp_and_framed_by_their_length() -> None:
    framed = kerberos.framed(messages()[5])
    assert int.from_bytes(framed[:4], "big") == len(framed) - 4 > 1300


def test_rpc_fragments_have_the_lengths_that_they_say() -> None:
    turns = [*directory.bound(directory.MAPPER, None, "", 135), directory.mapped(2, directory.SAMR, 49700)]
    turns.append(directory.called(3, 5, (100, 301)))
    for said in (side for turn in turns for side in turn if side):
        data = flat(said)
        assert data[:2] == b"\x05\x00"
        assert int.from_bytes(data[8:10], "little") == len(data)


def test_igmp_sums_to_zero() -> None:
    data = lan.igmp(0x16, b"\xef\xff\xff\xfa")
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, 8, 2))
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF
