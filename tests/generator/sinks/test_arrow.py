from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from contract.arrow_io import read_stream
from contract.errors import InputError
from contract.schemas import FRAMES
from generator.sinks import arrow
from generator.sinks.arrow import ArrowSink
from tests.generator.sinks.helpers import FEW, batch


def test_what_was_written_is_what_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "out.arrow"
    sink = ArrowSink(path)
    sink.write(batch(FEW))
    sink.write(batch([]))
    sink.write(batch(FEW).slice(1))
    assert not path.exists()
    sink.close()
    with path.open("rb") as file:
        table = pa.Table.from_batches(list(read_stream(file, FRAMES, "out.arrow")))
    assert table.equals(pa.Table.from_batches([batch(FEW), batch(FEW[1:])]), check_metadata=True)
    assert [p.name for p in tmp_path.iterdir()] == ["out.arrow"]


def test_a_stream_of_nothing_is_a_stream_all_the_same(tmp_path: Path) -> None:
    ArrowSink(tmp_path / "out.arrow").close()
    with (tmp_path / "out.arrow").open("rb") as file:
        assert sum(map(len, read_stream(file, FRAMES, "out.arrow"))) == 0


class FullDisk(arrow.Pending):
    """The header finds room yet; what follows meets a full disk."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.file.close()
        self.file = Path("/dev/full").open("wb", buffering=4096)  # noqa: SIM115 - the sink closes it


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ArrowSink:
    monkeypatch.setattr(arrow, "Pending", FullDisk)
    return ArrowSink(tmp_path / "out.arrow")


def test_a_full_disk_is_one_clear_line_and_no_file(tmp_path: Path, full: ArrowSink) -> None:
    with pytest.raises(InputError, match=r"out\.arrow: cannot write: .*No space left"):
        full.write(batch([(1, bytes(100_000), 0)]))
    assert not list(tmp_path.iterdir())


def test_so_it_is_when_the_disk_fills_at_the_very_end(tmp_path: Path, full: ArrowSink) -> None:
    full.write(batch([(1, bytes(10), 0)]))  # in the buffer still
    with pytest.raises(InputError, match=r"out\.arrow: cannot write: .*No space left"):
        full.close()
    assert not list(tmp_path.iterdir())
