from __future__ import annotations

from pathlib import Path

from campaign.held_batches import HeldBatches
from campaign.spool import Batch


def batch(folder: Path, name: str, frames: int = 5) -> Batch:
    path = folder / name
    path.write_bytes(bytes(10))
    return Batch(name, path, frames, 10)


def balanced(held: HeldBatches) -> bool:
    return all(stage.unexplained == 0 for stage in held.ledger("").stages.values())


def test_what_is_sent_waits_no_more_and_goes_when_it_is_told(tmp_path: Path) -> None:
    held = HeldBatches("frames")
    first = batch(tmp_path, "a")
    held.queue(first)
    held.queue(batch(tmp_path, "b"))
    assert held.figures() == {"waiting": 2, "backlog_bytes": 20, "forwarded_frames": 0}
    held.first_sent(5)
    assert held.figures() == {"waiting": 1, "backlog_bytes": 10, "forwarded_frames": 5}
    assert held.uncounted.first_told(5) == first
    assert balanced(held)
    held.first_told(first)
    assert (held.delivered, held.uncounted.all) == (1, [])
    assert balanced(held)


def test_the_next_detector_gets_what_was_not_told_in_order(tmp_path: Path) -> None:
    held = HeldBatches("frames")
    for name in "abcd":
        held.queue(batch(tmp_path, name))
    for _ in range(3):
        held.first_sent(5)
    (tmp_path / "b").unlink()
    held.child_ended()
    assert [one.name for one in held.waiting] == ["a", "c", "d"]
    assert held.figures() == {"waiting": 3, "backlog_bytes": 30, "forwarded_frames": 0}
    stages = held.ledger("").stages
    assert stages["forwarded"].dropped == {"vanished": 1}
    assert stages["forwarded_frames"].dropped == {"vanished": 5}
    assert balanced(held)


def test_what_a_detector_before_has_told_is_not_sent_and_what_was_left_is_no_post(tmp_path: Path) -> None:
    held = HeldBatches("frames")
    held.queue_left([left := batch(tmp_path, "a")])
    held.queue(batch(tmp_path, "b"))
    held.told_before(left)
    assert ([one.name for one in held.waiting], held.delivered, held.backlog) == (["b"], 1, 10)
    assert balanced(held)
    assert [witness.counted for witness in held.ledger("").witnesses] == [1]
