"""50,000 spoiled Arrow streams: whole batches are passed on, others refused in one clear line; nothing is fatal."""

from __future__ import annotations

import random

import numpy as np
import pytest

from contract.arrow_io import write_stream
from contract.errors import InputError
from contract.schemas import FRAMES
from detector.capture.stream import StreamSource
from detector.meter import Meter
from detector.packet import columns_of
from tests.faults.corpus import mutated, small_batch

PARTS, COUNT = 4, 12_500


@pytest.mark.parametrize("part", range(PARTS))
def test_each_is_passed_on_or_refused_in_one_line(part: int) -> None:
    draw = random.Random(part)
    data = write_stream([small_batch()], FRAMES)
    meter = Meter(capacity=1 << 12, seed=1)
    lines: list[str] = []
    for number in range(COUNT):
        source = StreamSource(mutated(draw, data), "x")
        frames = 0
        try:
            for batch in source.batches():
                frames += batch.num_rows
                columns = columns_of(batch)
                assert len(columns.offsets) == batch.num_rows + 1
                assert (np.diff(columns.offsets) >= 0).all()
                assert columns.offsets[-1] <= len(columns.data)
                if number % 4 == 0:
                    assert meter.update(batch).total() <= batch.num_rows
        except InputError as error:
            lines.append(str(error))
        assert source.ledger_stage.delivered == source.ledger_stage.offered == frames
        if number % 50 == 0:
            meter.release(meter.finish())
            meter.clear_dirty()
    assert COUNT // 4 < len(lines) < COUNT
    assert all(line.startswith("x: ") and line.isprintable() and len(line) > 20 for line in lines)
