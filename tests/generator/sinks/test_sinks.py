from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from scapy.utils import PcapNgReader, PcapReader

from contract.arrow_io import read_stream
from contract.errors import InputError
from contract.schemas import FRAMES
from generator.plan import make_plan
from generator.sinks import open_sink
from generator.traffic import chunks
from tests.generator.helpers import WORKLOAD, frames_of


def written(path: Path) -> tuple[list[int], list[bytes]]:
    plan = make_plan(WORKLOAD)
    sink = open_sink(path)
    for chunk in chunks(plan):
        sink.write(chunk.frames.slice(0, 7))  # offsets of slices need not begin at 0
        sink.write(chunk.frames.slice(7))
    sink.close()
    return frames_of(plan)


@pytest.mark.parametrize(("suffix", "reader"), [(".pcap", PcapReader), (".pcapng", PcapNgReader)])
def test_another_reader_finds_the_same_frames_to_the_nanosecond(tmp_path: Path, suffix: str, reader) -> None:
    path = tmp_path / f"out{suffix}"
    times, frames = written(path)
    with reader(str(path)) as capture:
        packets = list(capture)
    assert [bytes(packet) for packet in packets] == frames
    assert [round(packet.time * 10**9) for packet in packets] == times
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_an_arrow_file_is_a_sound_stream(tmp_path: Path) -> None:
    path = tmp_path / "out.arrow"
    times, frames = written(path)
    with path.open("rb") as file:
        table = pa.Table.from_batches(list(read_stream(file, FRAMES, "out.arrow")))
    assert table.column("ts").cast(pa.int64()).to_pylist() == times
    assert table.column("frame").to_pylist() == frames


def test_what_was_given_up_leaves_nothing_behind(tmp_path: Path) -> None:
    for suffix in (".pcap", ".pcapng", ".arrow"):
        open_sink(tmp_path / f"x{suffix}").abort()
    assert not list(tmp_path.iterdir())


def test_names_and_folders_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must end in \.pcap"):
        open_sink(tmp_path / "x.txt")
    with pytest.raises(InputError, match="cannot write"):
        open_sink(tmp_path / "none" / "x.pcap")
