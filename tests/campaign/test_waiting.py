from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from campaign.processes import Child, Children, StopRequest
from campaign.runfolder import RunFolder, write_json
from campaign.waiting import StoppedError, status_of, until_ready


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    """A process that does nothing until it is ended."""
    (tmp_path / "waits_long.py").write_text("import time\nwhile True:\n    time.sleep(60)\n", encoding="utf-8")
    with Children() as children, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        yield children.start("waits_long", [], folder=tmp_path, log=tmp_path / "log")


def test_a_process_is_waited_for_until_it_is_ready(tmp_path: Path, child: Child) -> None:
    folder, said = RunFolder(tmp_path), []
    assert status_of(folder, "sender") == {}

    def tell() -> None:
        said.append("told")
        write_json(folder.status("sender"), {"state": "ready", "start_ns": 5})

    found = until_ready((child,), lambda: status_of(folder, "sender"), ("ready",), StopRequest(), tell, "planning")
    assert found["start_ns"] == 5
    assert said == ["told"]


def test_who_stops_the_run_is_named(child: Child) -> None:
    stop = StopRequest()
    stop.asked = "SIGINT"
    with pytest.raises(StoppedError, match="stopped by SIGINT while planning"):
        until_ready((child,), dict, ("ready",), stop, lambda: None, "planning")


def test_a_process_that_dies_or_takes_too_long_ends_the_wait(child: Child) -> None:
    with pytest.raises(StoppedError, match="waits_long was not ready within 0 s"):
        until_ready((child,), dict, ("ready",), StopRequest(), lambda: None, "planning", 0.0)
    child.end()
    with pytest.raises(StoppedError, match="waits_long was killed by signal"):
        until_ready((child,), dict, ("ready",), StopRequest(), lambda: None, "planning")
