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
from store.writer import StoreWriter
from tests.api.helpers import START, frames_stream
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


def told(folder: Path, *keys: str) -> None:
    with StoreWriter(folder, compact_after=0) as writer:
        for number, key in enumerate(keys):
            writer.commit(flows(2, 2 * number), key=key)


def test_what_was_told_is_not_sent_again(tmp_path: Path, spool: list[Batch]) -> None:
    told(tmp_path, f"{Frontier('now', 10, START)} 0", f"{Frontier('now', 25, START + MS + MS // 2, ((3, 5),))} 1")
    for _ in range(2):  # and a second time, if it was killed in between
        assert cut_down(tmp_path, SentLog(tmp_path), spool) == set()
        assert [left(batch) for batch in spool] == [
            [3, 4],
            list(range(15, 20)),
            list(range(20, 30)),
            list(range(30, 40)),
        ]


def test_what_was_told_wholly_goes(tmp_path: Path, spool: list[Batch]) -> None:
    told(tmp_path, f"{Frontier('now', 20, 1 << 62)} 0")
    assert cut_down(tmp_path, SentLog(tmp_path), spool) == {"0", "1"}


@pytest.mark.parametrize("key", ["another 20 9 - 0", "batch 7", None])
def test_what_another_stream_was_told_says_nothing(tmp_path: Path, spool: list[Batch], key: str | None) -> None:
    told(tmp_path, *([key] if key else []))
    assert cut_down(tmp_path, SentLog(tmp_path), spool) == set()
    assert [len(left(batch)) for batch in spool] == [10] * 4
