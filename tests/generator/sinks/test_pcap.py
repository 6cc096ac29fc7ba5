from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from scapy.utils import PcapReader

from contract.errors import InputError
from generator.sinks.pcap import PcapSink, lay_out
from generator.sinks.records import columns
from tests.generator.helpers import every_kind, frames_of, plan_of
from tests.generator.sinks.helpers import FEW, ROWS, batch, fill_the_disk


def naive(rows: list[tuple[int, bytes, int]]) -> bytes:
    return b"".join(
        struct.pack("<IIII", ts // 10**9 % 2**32, ts % 10**9, len(frame), len(frame) + cut) + frame
        for ts, frame, cut in rows
    )


@given(ROWS)
def test_records_are_those_that_struct_packs(rows: list[tuple[int, bytes, int]]) -> None:
    expected = naive(rows)
    out = np.full(len(expected), 0xAA, np.uint8)
    lay_out(*columns(batch(rows)), out)
    assert out.tobytes() == expected


def test_a_file_is_the_header_and_every_batch_behind_it(tmp_path: Path) -> None:
    sink = PcapSink(tmp_path / "a.pcap")
    sink.write(batch(FEW))
    sink.write(batch([]))
    sink.write(batch(FEW).slice(1, 1))
    sink.close()
    header = bytes.fromhex("4d3cb2a1 0200 0400 00000000 00000000 00000400 01000000")
    assert (tmp_path / "a.pcap").read_bytes() == header + naive(FEW) + naive(FEW[1:2])


def test_scapy_finds_the_same_frames_to_the_nanosecond(tmp_path: Path) -> None:
    times, frames = frames_of(plan_of(every_kind, n=12))
    path = tmp_path / "out.pcap"
    sink = PcapSink(path)
    whole = batch([(ts, frame, 0) for ts, frame in zip(times, frames, strict=True)])
    sink.write(whole.slice(0, 7))
    sink.write(whole.slice(7))  # its offsets do not begin at 0
    sink.close()
    with PcapReader(str(path)) as capture:
        packets = list(capture)
    assert [bytes(packet) for packet in packets] == frames
    assert [round(packet.time * 10**9) for packet in packets] == times


def test_a_full_disk_is_one_clear_line_and_no_file(tmp_path: Path) -> None:
    sink = PcapSink(tmp_path / "a.pcap")
    fill_the_disk(sink._file)
    sink.write(batch(FEW))  # still in the buffer
    with pytest.raises(InputError, match=r"a\.pcap: cannot write: No space left"):
        sink.close()
    assert not list(tmp_path.iterdir())
