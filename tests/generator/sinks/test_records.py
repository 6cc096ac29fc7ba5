from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import InputError
from generator.sinks import open_sink
from generator.sinks.arrow import ArrowSink
from generator.sinks.pcap import PcapSink
from generator.sinks.pcapng import PcapngSink
from generator.sinks.records import Pending, columns, put_little
from tests.generator.sinks.helpers import FEW, ROWS, batch, fill_the_disk


@given(ROWS, st.integers(0, 12), st.integers(0, 12))
def test_columns_are_the_rows_wherever_a_slice_begins(rows: list[tuple[int, bytes, int]], low: int, size: int) -> None:
    times, data, offsets, wire = columns(batch(rows).slice(min(low, len(rows)), size))
    frames = [data[a:b].tobytes() for a, b in pairwise(offsets)]
    found = list(zip(times.tolist(), frames, (int(w) - len(f) for w, f in zip(wire, frames, strict=True)), strict=True))
    assert found == rows[min(low, len(rows)) :][:size]


@given(st.integers(0, 2**63 - 1))
def test_words_are_little_endian_and_cut_to_32_bits(value: int) -> None:
    out = np.full(6, 0xAA, np.uint8)
    put_little(out, np.int64(1), np.int64(value))
    assert out.tobytes() == b"\xaa" + (value % 2**32).to_bytes(4, "little") + b"\xaa"


def test_a_file_appears_whole_and_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(b"before")
    pending = Pending(path)
    pending.write(b"ab")
    pending.write(memoryview(b"cd"))
    assert path.read_bytes() == b"before"
    pending.finish()
    assert path.read_bytes() == b"abcd"
    assert [p.name for p in tmp_path.iterdir()] == ["x.pcap"]


def test_what_was_given_up_leaves_the_one_before_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(b"before")
    pending = Pending(path)
    pending.write(b"ab")
    pending.abort()
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["x.pcap"]


def test_a_full_disk_leaves_the_file_before_alone_too(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(b"before")
    pending = Pending(path)
    fill_the_disk(pending)
    pending.write(b"ab")
    with pytest.raises(InputError, match="No space left"):
        pending.finish()
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["x.pcap"]


def test_a_name_that_a_folder_has_is_refused_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "x.pcap").mkdir()
    with pytest.raises(InputError, match=r"x\.pcap: cannot write: "):
        Pending(tmp_path / "x.pcap").finish()
    assert [p.name for p in tmp_path.iterdir()] == ["x.pcap"]


@pytest.mark.parametrize(("name", "kind"), [("a.pcap", PcapSink), ("a.PCAPNG", PcapngSink), ("a.b.arrow", ArrowSink)])
def test_the_name_chooses_the_sink_and_giving_up_leaves_nothing(tmp_path: Path, name: str, kind: type) -> None:
    sink = open_sink(tmp_path / name)
    assert type(sink) is kind
    sink.write(batch(FEW))
    sink.abort()
    assert not list(tmp_path.iterdir())


def test_names_and_folders_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must end in \.pcap"):
        open_sink(tmp_path / "x.txt")
    for name in ("x.pcap", "x.pcapng", "x.arrow"):
        with pytest.raises(InputError, match="cannot write: No such file"):
            open_sink(tmp_path / "none" / name)
    assert not list(tmp_path.iterdir())


def test_a_folder_under_the_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "x.pcap").mkdir()
    with pytest.raises(InputError, match="cannot write: is a folder"):
        Pending(tmp_path / "x.pcap")
    assert [p.name for p in tmp_path.iterdir()] == ["x.pcap"]
