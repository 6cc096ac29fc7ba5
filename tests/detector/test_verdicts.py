"""Verdict rows say what the flow table and the marks hold."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from contract.schemas import VERDICTS
from detector.flowtable import new_table
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


def test_columns_are_those_of_the_records_whatever_their_order() -> None:
    rng, many = np.random.default_rng(5), 400
    table, marks = new_table(2 * many), new_marks(2 * many)
    records = rng.integers(0, 256, (many, table.flows.itemsize), np.uint8).view(table.flows.dtype).ravel()
    table.flows[:many] = records
    for name in ("label", "said"):
        marks[name][:many] = rng.integers(0, 3, many)
    marks["score"][:many] = rng.random(many)
    slots = rng.permutation(many).astype(np.int32)[: many - 7]
    made = VerdictRows(("benign", "syn_flood", "web_scan")).rows(
        table, marks, slots, np.zeros(len(slots), np.bool_), np.zeros(len(slots), np.uint64), START
    )
    found, mark = records[slots], marks[slots]
    assert made.column("flow_id").to_pylist() == found["flow_id"].tolist()
    for name, side in (("src", 0), ("dst", 1)):
        assert made.column(name).to_pylist() == [words.astype(">u8").tobytes() for words in found["address"][:, side]]
        assert made.column(f"{name}_port").to_pylist() == found["port"][:, side].tolist()
    assert made.column("protocol").to_pylist() == found["protocol"].tolist()
    for name in ("first", "last"):
        assert made.column(name).cast(pa.int64()).to_pylist() == found[name].tolist()
    assert made.column("packets").to_pylist() == found["packets"].sum(axis=1, dtype=np.uint32).tolist()
    assert made.column("bytes").to_pylist() == found["bytes"].sum(axis=1, dtype=np.uint64).tolist()
    held_back = (mark["said"] == 0) & (mark["label"] > 0)
    assert made.column("score").to_pylist() == np.where(held_back, 1 - mark["score"], mark["score"]).tolist()
