from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from scapy.utils import PcapNgReader

from contract.errors import InputError
from generator.sinks.pcapng import PcapngSink, lay_out
from generator.sinks.records import columns
from tests.generator.helpers import arp_kind, frames_of, plan_of
from tests.generator.sinks.helpers import FEW, ROWS, batch, fill_the_disk


def naive(rows: list[tuple[int, bytes, int]]) -> bytes:
    blocks = b""
    for ts, frame, cut in rows:
        body = frame + bytes(-len(frame) % 4)
        size = 32 + len(body)
        head = struct.pack("<IIIIIII", 6, size, 0, ts >> 32, ts % 2**32, len(frame), len(frame) + cut)
        blocks += head + body + struct.pack("<I", size)
    return blocks


@given(ROWS)
def test_blocks_are_those_that_struct_packs(rows: list[tuple[int, bytes, int]]) -> None:
    expected = naive(rows)
    out = np.zeros(len(expected), np.uint8)
    lay_out(*columns(batch(rows)), out)
    assert out.tobytes() == expected


def test_every_block_says_its_length_at_both_ends(tmp_path: Path) -> None:
    sink = PcapngSink(tmp_path / "a.pcapng")
    sink.write(batch(FEW))
    sink.write(batch([]))
    sink.write(batch(FEW).slice(1, 2))
    sink.close()
    data, kinds = (tmp_path / "a.pcapng").read_bytes(), []
    while data:
        kind, size = struct.unpack_from("<II", data)
        assert size % 4 == 0
        assert struct.unpack_from("<I", data, size - 4) == (size,)
        kinds.append(kind)
        data = data[size:]
    assert kinds == [0x0A0D0D0A, 1, *[6] * 5]


def test_scapy_finds_the_same_frames_to_the_nanosecond(tmp_path: Path) -> None:
    times, frames = frames_of(plan_of(arp_kind, n=9, ipv6=False))
    sink = PcapngSink(tmp_path / "a.pcapng")
    sink.write(batch([(ts, frame, 0) for ts, frame in zip(times, frames, strict=True)]))
    sink.close()
    with PcapNgReader(str(tmp_path / "a.pcapng")) as capture:
        packets = list(capture)
    assert [bytes(packet) for packet in packets] == frames
    assert [round(packet.time * 10**9) for packet in packets] == times


def test_a_full_disk_is_one_clear_line_and_no_file(tmp_path: Path) -> None:
    sink = PcapngSink(tmp_path / "a.pcapng")
    fill_the_disk(sink._file)
    with pytest.raises(InputError, match=r"a\.pcapng: cannot write: No space left"):
        sink.write(batch([(1, bytes(60_000), 0)]))
    assert not list(tmp_path.iterdir())
