from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from campaign.gate.loss import LossySource
from contract.ledger import Ledger, Stage
from contract.schemas import FRAMES


class Counted:
    """A source of numbered frames in batches of a given size."""

    def __init__(self, count: int, size: int) -> None:
        self.ledger_stage, self.notes = Stage(), []
        self._count, self._size = count, size

    def batches(self):
        for low in range(0, self._count, self._size):
            numbers = np.arange(low, min(low + self._size, self._count))
            self.ledger_stage.offered += len(numbers)
            self.ledger_stage.delivered += len(numbers)
            columns = [
                pa.array(numbers).cast(FRAMES.field("ts").type),
                pa.array([b"\0" * 14] * len(numbers), pa.binary()),
                pa.array(np.full(len(numbers), 14, np.uint32)),
                pa.array(np.ones(len(numbers), np.uint16)),
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=FRAMES)


def left(percent: float, seed: int, size: int, count: int = 20_000) -> tuple[list[int], Stage]:
    source = LossySource(Counted(count, size), percent, seed)
    kept = [number for batch in source.batches() for number in batch.column("ts").cast(pa.int64()).to_pylist()]
    return kept, source.ledger_stage


@pytest.mark.parametrize("percent", [0, 1, 5, 50])
def test_about_so_many_are_lost_and_each_is_counted(percent):
    kept, stage = left(percent, 7, 4096)
    lost = 20_000 - len(kept)
    assert abs(lost - 200 * percent) <= 5 * (20_000 * 0.25) ** 0.5
    assert (lost == 0) == (percent == 0)
    assert dict(+stage.dropped) == ({"injected": lost} if lost else {})
    ledger = Ledger({"capture": stage})
    assert ledger.balanced
    assert stage.delivered == len(kept)


def test_which_are_lost_depends_on_the_seed_and_not_on_the_batches():
    assert left(5, 7, 4096)[0] == left(5, 7, 333)[0] == left(5, 7, 20_000)[0]
    assert left(5, 7, 4096)[0] != left(5, 8, 4096)[0]


def test_a_batch_may_be_lost_whole_and_an_empty_one_passes():
    kept, stage = left(99, 1, 1, count=50)
    assert len(kept) == stage.delivered < 50
    assert left(5, 1, 10, count=0)[0] == []
