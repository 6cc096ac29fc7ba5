from __future__ import annotations

import time
from pathlib import Path

import pytest

from campaign import ingest
from campaign.ingest import Ingest
from contract.errors import LackingError
from tests.api.helpers import frames_stream, until


@pytest.fixture
def idle(monkeypatch) -> None:
    """No detector: what is offered stays in the spool."""
    monkeypatch.setattr(Ingest, "_forward_all", lambda _: None)


@pytest.mark.usefixtures("idle")
def test_a_batch_is_on_disk_before_it_is_acknowledged(tmp_path: Path):
    queue = Ingest(tmp_path / "live")
    data = frames_stream(3)
    assert queue.offer("a", data, 3)
    assert not queue.offer("a", data, 3)
    assert (tmp_path / "live" / "spool" / "a.arrows").read_bytes() == data
    assert (tmp_path / "live" / "batches.log").read_text() == f"a 3 {len(data)}\n"
    assert queue.backlog == len(data)


@pytest.mark.usefixtures("idle")
def test_another_process_goes_on_with_what_was_left(tmp_path: Path):
    Ingest(tmp_path).offer("a", frames_stream(3), 3)
    (tmp_path / "spool" / "half.arrows.tmp").write_bytes(b"x")
    later = Ingest(tmp_path)
    assert not later.offer("a", frames_stream(3), 3)
    assert later.figures()["waiting"] == 1
    assert not (tmp_path / "spool" / "half.arrows.tmp").exists()


@pytest.mark.usefixtures("idle")
def test_a_full_disk_is_said_and_the_batch_may_come_again(tmp_path: Path, monkeypatch):
    queue = Ingest(tmp_path)

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "write_synced", full)
        with pytest.raises(LackingError, match="No space left"):
            queue.offer("a", frames_stream(3), 3)
    assert queue.offer("a", frames_stream(3), 3)


def test_a_detector_that_dies_is_replaced_and_nothing_that_it_did_not_take_is_lost(tmp_path: Path, monkeypatch):
    """The first child ends at its start; the second takes what waits."""
    real, children = ingest.Child, []

    def child(module, arguments, **more):
        children.append(module)
        return real("contract.version" if len(children) == 1 else module, arguments, **more)

    monkeypatch.setattr(ingest, "Child", child)
    (tmp_path / "config.toml").write_text("[meter]\nidle_s = 0.1\n")  # batches are kept until their flows have ended
    queue = Ingest(tmp_path, config=tmp_path / "config.toml")
    try:
        queue.offer("a", frames_stream(50, time.time_ns()), 50)
        until(lambda: queue.fault, 60)
        assert "contract.version" in queue.fault
        until(lambda: queue.figures()["waiting"] == 0, 300)
        until(lambda: not list((tmp_path / "spool").iterdir()), 60)
    finally:
        queue.close()
    assert len(children) == 2
