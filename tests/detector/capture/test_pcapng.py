"""pcapng files written by hand: sections, interfaces, resolutions, every packet block, cuts, damage."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import InputError
from detector.capture.pcapng import PcapngSource, _nanoseconds


def block(kind, body, order="<", total=None):
    body += bytes(-len(body) % 4)
    length = 12 + len(body) if total is None else total
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)


def section(order="<"):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def option(code, value, order="<"):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(link=1, snap=0, options=b"", order="<"):
    return block(1, struct.pack(order + "HHI", link, 0, snap) + options, order)


def enhanced(ticks, data, wire=None, number=0, order="<"):
    wire = len(data) if wire is None else wire
    return block(
        6, struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wire) + data, order
    )


def simple(data, wire=None, order="<"):
    return block(3, struct.pack(order + "I", len(data) if wire is None else wire) + data, order)


def old(ticks, data, number=0, order="<"):
    head = struct.pack(order + "HHIIII", number, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return block(2, head + data, order)


def read(data):
    source = PcapngSource(np.frombuffer(data, np.uint8), "x.pcapng")
    batches = list(source.batches())
    for batch in batches:
        batch.validate(full=True)
    rows = [
        (t.value, f.as_py(), w.as_py(), k.as_py())
        for batch in batches
        for t, f, w, k in zip(*batch.columns, strict=True)
    ]
    assert source.ledger_stage.delivered == len(rows)
    assert source.ledger_stage.unexplained == 0
    return rows, source


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_packet_block_in_both_byte_orders(order):
    data = section(order) + interface(113, order=order) + enhanced(5, b"abcde", 90, order=order)
    data += block(4, b"names to pass over", order) + old(7, b"xy", order=order) + simple(b"simple", order=order)
    rows, source = read(data)
    assert rows == [(5000, b"abcde", 90, 113), (7000, b"xy", 2, 113), (7000, b"simple", 6, 113)]
    assert source.notes == []


@pytest.mark.parametrize("order", ["<", ">"])
def test_interfaces_have_their_own_resolution_offset_and_link(order):
    offset = option(14, struct.pack(order + "q", -3), order)
    data = section(order) + interface(1, options=option(2, b"eth0", order) + option(9, b"\x09", order), order=order)
    data += interface(101, options=option(9, bytes([0x80 | 10]), order) + offset + option(0, b"", order), order=order)
    data += enhanced(1_600_000_000_123_456_789, b"a", order=order) + enhanced(
        5 * 1024 + 512, b"b", number=1, order=order
    )
    rows, _ = read(data)
    assert rows == [(1_600_000_000_123_456_789, b"a", 1, 1), (2_500_000_000, b"b", 1, 101)]


def test_a_new_section_forgets_interfaces_and_byte_order():
    data = section("<") + interface(1) + enhanced(1, b"a") + section(">") + interface(101, order=">")
    rows, _ = read(data + enhanced(2, b"b", order=">"))
    assert rows == [(1000, b"a", 1, 1), (2000, b"b", 1, 101)]
    rows, source = read(data + enhanced(2, b"b", number=1, order=">"))
    assert len(rows) == 1
    assert "damaged block at byte" in source.notes[0]


def test_a_simple_packet_is_snapped_by_its_interface():
    rows, _ = read(section() + interface(snap=4) + simple(b"abcd", wire=1500))
    assert rows == [(0, b"abcd", 1500, 1)]


@pytest.mark.parametrize(
    "bad",
    [
        struct.pack("<II", 6, 2**32 - 4) + bytes(40),  # a block that says it is 4 GiB: cut
        struct.pack("<II", 6, 2**32 - 1) + bytes(40),
        struct.pack("<II", 6, 0) + bytes(40),
        struct.pack("<II", 6, 8) + bytes(40),
        enhanced(1, b"abcd")[:-4] + b"\0\0\0\1",  # lengths before and behind differ
        block(6, struct.pack("<IIIII", 0, 0, 0, 2**32 - 1, 5) + b"abcd"),  # captured length beyond the block
        block(6, bytes(8)),
        block(1, bytes(4)),
        block(3, b""),
        block(0x0A0D0D0A, bytes(16)),
        b"\6",
    ],
)
def test_damage_ends_the_reading_with_a_note(bad):
    rows, source = read(section() + interface() + enhanced(1, b"abcd") + bad)
    assert len(rows) == 1
    assert source.notes[0].endswith("after frame 1; read up to there")
    assert sum(source.ledger_stage.dropped.values()) == 1


def test_no_byte_order_magic_is_no_capture():
    with pytest.raises(InputError, match="has no byte-order magic"):
        PcapngSource(np.frombuffer(block(0x0A0D0D0A, bytes(16)), np.uint8), "x")


@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_damage_is_survived(noise, place):
    whole = section() + interface() + b"".join(enhanced(i, bytes(i)) for i in range(8))
    place = 12 + place % (len(whole) - 12)
    read(whole[:place] + noise + whole[place + len(noise) :])


@given(st.integers(0, 2**64 - 1), st.integers(0, 255))
def test_ticks_become_nanoseconds(ticks, resolution):
    exponent = resolution & 127
    if exponent > (63 if resolution & 128 else 27):
        expected = 0
    elif resolution & 128:
        expected = ticks * 10**9 >> exponent if ticks >> exponent < 1 << 32 else 1 << 62
    else:
        expected = min(ticks * 10**9 // 10**exponent, 1 << 62)
    away = abs(int(_nanoseconds(np.uint64(ticks), np.int64(resolution))) - expected)
    assert away <= (1 if resolution & 128 and exponent > 33 else 0)
