"""After a detector has died, what it told is taken out of what waits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from campaign.frame_batches import spooled
from campaign.resuming import cut_down
from campaign.sent_log import Place, SentLog
from campaign.spool import Batch
from contract.frontier import Frontier
from detector.meter import Meter
from store.writer import StoreWriter
from tests.api.helpers import START, frames_stream, syn_frames
from tests.store.helpers import flows

MS = 1_000_000


@pytest.fixture
def spool(tmp_path: Path) -> list[Batch]:
    """Four batches of ten frames in 1 ms each; the first three were sent."""
    log = SentLog(tmp_path)
    log.begin("now")
    found = []
    for number in range(4):
        path = tmp_path / f"{number}.arrows"
        path.write_bytes(frames_stream(10, START + number * MS))
        found.append(Batch(path.stem, path, 10, path.stat().st_size))
        if number < 3:
            log.add(path.stem, Place(10 * number, 10))
    return found


def left(batch: Batch) -> list[int]:
    with spooled(batch.path) as pieces:
        ts = np.concatenate([np.asarray(rows.column("ts").cast(pa.int64())) for rows in pieces])
    return ((ts - START) // (MS // 10)).tolist()


def told(folder: Path, *keys: str, frames: list[int] | None = None) -> None:
    """Commits under those keys; with the last one come the flows of those frames, by number."""
    meter = Meter(capacity=64)
    for number in frames or []:
        meter.update(syn_frames(1, START + number * MS // 10, number % 10))
    with StoreWriter(folder, compact_after=0) as writer:
        for key in keys[:-1]:
            writer.commit(flows(2), key=key)
        writer.commit(meter.export(meter.finish()), key=keys[-1])


def test_what_is_in_flows_is_not_sent_again_and_what_is_in_none_is(tmp_path: Path, spool: list[Batch]) -> None:
    """The flow of frame 7 was open, frames 3 and 4 were late."""
    frontier = Frontier("now", 25, START + MS + MS // 2, ((3, 5),))
    told(tmp_path, f"{Frontier('now', 10, START)} 0", f"{frontier} 1", frames=[0, 1, 2, 5, 6, 8, 9, *range(10, 15)])
    for _ in range(2):  # and a second time, if it was killed in between
        assert cut_down(tmp_path, SentLog(tmp_path), spool) == set()
        assert [left(batch) for batch in spool] == [
            [3, 4, 7],
            list(range(15, 20)),
            list(range(20, 30)),
            list(range(30, 40)),
        ]


def test_what_was_told_wholly_goes(tmp_path: Path, spool: list[Batch]) -> None:
    told(tmp_path, f"{Frontier('now', 20, 1 << 62)} 0", frames=list(range(20)))
    assert cut_down(tmp_path, SentLog(tmp_path), spool) == {"0", "1"}


def test_flows_of_one_key_one_after_the_other_are_told_apart(tmp_path: Path, spool: list[Batch]) -> None:
    """Those of batches 0 and 2 have ended, those in between, with the same keys, are open."""
    told(tmp_path, f"{Frontier('now', 10, 0)} 0", f"{Frontier('now', 30, 1 << 62)} 1", frames=list(range(10)))
    with StoreWriter(tmp_path, compact_after=0) as writer:
        meter = Meter(capacity=64)
        meter.update(syn_frames(10, START + 2 * MS))
        writer.commit(meter.export(meter.finish()), key=f"{Frontier('now', 30, 1 << 62)} 2")
    assert cut_down(tmp_path, SentLog(tmp_path), spool) == {"0", "2"}
    assert left(spool[1]) == list(range(10, 20))


@pytest.mark.parametrize("key", ["another 20 9 - 0", "batch 7", None])
def test_what_another_stream_was_told_says_nothing(tmp_path: Path, spool: list[Batch], key: str | None) -> None:
    with StoreWriter(tmp_path, compact_after=0) as writer:
        if key:
            writer.commit(flows(2), key=key)
    assert cut_down(tmp_path, SentLog(tmp_path), spool) == set()
    assert [len(left(batch)) for batch in spool] == [10] * 4
