from __future__ import annotations

import pytest

from api.ingest import IngestDesk
from api.metrics import Metrics
from api.problems import ProblemError
from api.settings import Settings
from tests.api.helpers import START, frames_stream


class _Kept:
    """Stands for the spool: what is durable and forwarded is held by tests of campaign.ingest."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.backlog, self.fault, self.begun = 0, "", False

    def offer(self, name: str, data: bytes, frames: int) -> bool:
        fresh = name not in self.names
        self.names.setdefault(name, frames)
        return fresh


@pytest.fixture
def desk(tmp_path):
    found = IngestDesk(Settings(runs=tmp_path, max_backlog=1000), Metrics())
    found.queue = _Kept()
    return found


def test_a_batch_counts_once(desk):
    first, second = desk.take(frames_stream(5, START), "a"), desk.take(frames_stream(5, START), "a")
    assert (first.frames, first.duplicate, second.duplicate) == (5, False, True)
    assert b"tenfold_ingest_frames_total 5.0" in desk._metrics.render()


def test_without_a_name_each_batch_gets_its_own(desk):
    assert desk.take(frames_stream(1, START), None).batch != desk.take(frames_stream(1, START), None).batch


def test_a_damaged_batch_is_a_problem_and_is_not_kept(desk):
    with pytest.raises(ProblemError) as caught:
        desk.take(frames_stream(5, START)[:-200], "a")
    assert caught.value.status == 400
    assert not desk.queue.names


def test_a_full_spool_says_when_to_come_back(desk):
    desk.queue.backlog = 1001
    with pytest.raises(ProblemError) as caught:
        desk.refuse_when_full()
    assert caught.value.status == 429
    assert caught.value.headers == {"Retry-After": "1"}
