from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from campaign.saving import ROOM, Saver
from tests.faults.disks import fill, small_disk


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", 16) as found:
        yield found


def test_a_full_disk_still_takes_the_last_words(small):
    saver, path = Saver(), small / "scorecard.json"
    saver.hold(small)
    assert [one.name for one in small.iterdir()] == []  # what is set aside has no name that could be left behind
    fill(small)
    assert (small / "filler").stat().st_size < (16 << 20) - ROOM + 1
    saver.save(lambda: path.write_text("x" * 10_000))
    assert saver.fault == "the run cannot be saved: No space left on device"
    assert path.read_text() == "x" * 10_000
    fill(small)
    saver.save(lambda: (small / "more").write_text("y" * 10_000))  # there is nothing left to give back, and no error
    saver.release()


def test_what_is_written_well_leaves_no_fault(tmp_path):
    saver = Saver()
    saver.hold(tmp_path)
    saver.save(lambda: (tmp_path / "a").write_text("a"))
    saver.release()
    assert (saver.fault, (tmp_path / "a").read_text()) == ("", "a")
    saver.save(lambda: (tmp_path / "none" / "a").write_text("a"))
    assert "No such file" in saver.fault
