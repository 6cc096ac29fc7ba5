"""Checksums that a network card would have filled in are mended; lengths that it would have are set."""

from __future__ import annotations

from tests.generator.replay.helpers import batch, people_of, rewritten, valid_sums
from tests.generator.replay.packets import made


def same(name: str) -> str:
    return name


def replayed(frame: bytes, cut: str = "keep", wire: int | None = None) -> bytes:
    frames = batch([frame], wire=[wire or len(frame)])
    (found,), _ = rewritten(frames, people_of(frames, cut=cut), cut)
    return found


def test_a_checksum_left_to_the_network_card_is_mended() -> None:
    frame = bytearray(made("tcp", same, b"sent by this machine"))
    frame[14 + 20 + 16 : 14 + 20 + 18] = b"\x12\x34"
    assert valid_sums(replayed(bytes(frame)))


def test_a_segment_left_to_the_network_card_gets_its_length() -> None:
    frame = bytearray(made("tcp", same, b"much to be cut up"))
    frame[16:18] = b"\0\0"
    found = replayed(bytes(frame))
    assert int.from_bytes(found[16:18], "big") == len(found) - 14
    assert valid_sums(found)
    six = bytearray(made("tcp over ipv6", same, b"much to be cut up"))
    six[18:20] = b"\0\0"
    found = replayed(bytes(six))
    assert int.from_bytes(found[18:20], "big") == len(found) - 54
    assert valid_sums(found)


def test_a_length_beyond_what_was_kept_is_told_for_the_whole() -> None:
    frame = bytearray(made("tcp", same, b"much to be cut up"))
    frame[16:18] = b"\0\0"
    found = replayed(bytes(frame), wire=len(frame) + 1000)
    assert int.from_bytes(found[16:18], "big") == len(frame) + 1000 - 14


def test_no_udp_checksum_over_ipv4_stays_none_and_zero_is_never_written() -> None:
    assert replayed(made("udp without a checksum", same, b"x"))[40:42] == b"\0\0"
    # A payload that equals the checksum of all the rest makes the sum come to 0, which is written as its other form.
    rest = replayed(made("udp", same, b"\0\0"))[40:42]
    assert replayed(made("udp", same, rest))[40:42] == b"\xff\xff"


def test_padding_is_kept_and_not_summed() -> None:
    frame = made("tcp", same, b"") + b"\xaa" * 7
    found = replayed(frame)
    assert found[-7:] == b"\xaa" * 7
    assert valid_sums(found)
