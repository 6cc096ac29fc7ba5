from __future__ import annotations

import numpy as np
import pytest

from generator import headers
from generator.completion import complete
from generator.habits import Stack
from generator.template import FRAME
from tests.generator.test_wire import naive_sum

STACK = Stack("linux")


def naive(frame: bytes, kind: int, version: int, times_at: int) -> tuple[bytes, int, int]:
    """The completed frame and both sums, in plain Python."""
    data = bytearray(frame)
    data[0:12] = bytes(12)
    l4 = 34 if version == 4 else 54
    size = len(data) - l4
    if version == 4:
        data[16:18] = (size + 20).to_bytes(2, "big")
        data[24:34] = bytes(10)
    else:
        data[18:20] = size.to_bytes(2, "big")
        data[22:54] = bytes(32)
    if kind == 6:
        data[l4 : l4 + 12] = bytes(12)
        data[l4 + 16 : l4 + 18] = bytes(2)
    elif kind == 17:
        data[l4 : l4 + 8] = bytes(4) + size.to_bytes(2, "big") + bytes(2)
    elif kind != 255:
        data[l4 + 2 : l4 + 4] = bytes(2)
    if times_at:
        data[times_at : times_at + 8] = bytes(8)
    pseudo = kind + size if kind in (6, 17, 58) else 0
    return bytes(data), naive_sum(bytes(data[14:34])) if version == 4 else 0, naive_sum(bytes(data[l4:])) + pseudo


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("payload", [b"", b"odd", b"x" * 1000])
def test_lengths_zeros_and_sums_are_those_of_plain_python(version: int, payload: bytes) -> None:
    icmp = 1 if version == 4 else 58
    syn = headers.tcp(version, STACK, "S", "syn", 100)
    made = [
        (syn + payload, 6, headers.timestamps_at(syn, version)),
        (headers.tcp(version, STACK, "A", "", 100) + payload, 6, 0),
        (headers.udp(version, STACK) + payload, 17, 0),
        (headers.echo(version, STACK, reply=True) + payload, icmp, 0),
        (headers.bare(version, STACK, 47) + payload, 255, 0),
    ]
    blob = np.frombuffer(b"".join(frame for frame, _, _ in made), np.uint8).copy()
    starts = np.cumsum([0, *(len(frame) for frame, _, _ in made)])
    rows = np.zeros(len(made), FRAME)
    for row, at, (frame, kind, times) in zip(rows, starts, made, strict=False):
        row["start"], row["length"], row["kind"] = at, len(frame), kind
        row["version"], row["times_at"] = version, times
    complete(blob, rows)
    for number, (frame, kind, times) in enumerate(made):
        expected = naive(frame, kind, version, times)
        assert blob[starts[number] : starts[number + 1]].tobytes() == expected[0]
        for name, wanted in zip(("ip_sum", "sum"), expected[1:], strict=True):
            assert int(rows[number][name]) % 0xFFFF == wanted % 0xFFFF


def test_arp_keeps_all_but_the_addresses_of_the_link() -> None:
    frame = headers.arp(1, broadcast=True)
    blob = np.frombuffer(frame, np.uint8).copy()
    rows = np.zeros(1, FRAME)
    rows["length"] = len(frame)
    complete(blob, rows)
    assert blob.tobytes() == frame[:6] + bytes(6) + frame[12:]
