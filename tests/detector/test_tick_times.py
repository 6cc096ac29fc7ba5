"""The file of ticks says when each came in, was metered and was classified."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from contract.clock import Clock
from contract.errors import InputError
from detector.tick_times import METERING, TICKS, TickTimes


def test_a_row_a_tick_in_the_order_of_the_work(tmp_path: Path) -> None:
    clock = Clock.start()
    watch = TickTimes(tmp_path / "ticks.arrows", clock)
    before = clock.now_ns()
    for tick in range(250):
        watch.received()
        watch.start()
        watch.lap(METERING)
        watch.lap("classify")
        watch.end_tick(tick)
    watch.close()
    with pa.ipc.open_stream(tmp_path / "ticks.arrows") as stream:
        assert stream.schema.equals(TICKS, check_metadata=True)
        table = stream.read_all()
    assert table.column("decided").to_pylist() == list(range(250))
    for row in table.to_pylist():
        assert before <= row["received"] <= row["metered"] <= row["classified"] <= clock.now_ns()
    assert watch.ticks_ms()["count"] == 250
    assert set(watch.stages_ms()) == {METERING, "classify"}


def test_what_was_written_before_a_crash_can_be_read(tmp_path: Path) -> None:
    watch = TickTimes(tmp_path / "ticks.arrows", Clock.start())
    for tick in range(150):
        watch.start()
        watch.end_tick(tick)
    copy = tmp_path / "copy"
    copy.write_bytes((tmp_path / "ticks.arrows").read_bytes())
    watch.close()
    with copy.open("rb") as file, pa.ipc.open_stream(file) as stream:
        assert stream.read_next_batch().num_rows == 100


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent/ticks\.arrows: cannot write: No such file"):
        TickTimes(tmp_path / "absent" / "ticks.arrows", Clock.start())
