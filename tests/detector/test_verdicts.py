"""Verdict rows say what the flow table and the marks hold."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from contract.schemas import VERDICTS
from detector.incidents import new_marks
from detector.meter import Meter
from detector.verdicts import VerdictRows
from tests.detector.streams import START, batch, tcp


def test_a_row_a_slot() -> None:
    meter = Meter(64, seed=0)
    frames = [(0, tcp("198.18.0.1", "198.18.1.1", 5, 80)), (9, tcp("198.18.1.1", "198.18.0.1", 80, 5, 18))]
    meter.update(batch([*frames, (20, tcp("198.18.0.2", "198.18.1.1", 6, 81))]))
    slots, marks = meter.dirty(), new_marks(len(meter.table.flows))
    marks["label"][slots], marks["said"][slots], marks["score"][slots] = [1, 0], [1, 0], [0.5, 0.25]
    made = VerdictRows(("benign", "syn_flood")).rows(
        meter.table, marks, slots, np.array([False, True]), np.array([3, 0], np.uint64), START + 50
    )
    assert made.schema.equals(VERDICTS)
    made.validate(full=True)
    assert made.column("family").to_pylist() == ["syn_flood", "benign"]
    assert made.column("score").to_pylist() == [0.5, 0.25]
    assert made.column("packets").to_pylist() == [2, 1]
    assert made.column("dst_port").to_pylist() == [80, 81]
    assert made.column("final").to_pylist() == [False, True]
    assert made.column("alert_id").to_pylist() == [3, 0]
    assert made.column("last").cast(pa.int64()).to_pylist() == [START + 9, START + 20]
    assert made.column("decided").cast(pa.int64()).to_pylist() == [START + 50] * 2


def test_what_is_not_said_yet_is_benign_with_the_rest_of_the_score() -> None:
    meter = Meter(64, seed=0)
    meter.update(batch([(0, tcp("198.18.0.1", "198.18.1.1", 5, 80))]))
    slots, marks = meter.dirty(), new_marks(len(meter.table.flows))
    marks["label"][slots], marks["score"][slots] = 1, 0.75
    made = VerdictRows(("benign", "syn_flood")).rows(
        meter.table, marks, slots, np.array([False]), np.array([0], np.uint64), START
    )
    assert made.column("family").to_pylist() == ["benign"]
    assert made.column("score").to_pylist() == [0.25]
