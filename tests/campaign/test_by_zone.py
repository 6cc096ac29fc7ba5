from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from campaign.attempts import Attempts
from campaign.by_zone import Zones
from campaign.labels import is_attack, times, words
from generator.traffic import chunks
from generator.workload import Share, Workload, Zone

ZONED = Workload(
    seed=3,
    duration_s=3.0,
    curve=((0.0, 60.0),),
    attacks=(Share("syn_flood"),),
    benign=(Share("dns_lookup"),),
    benign_curve=((0.0, 5.0),),
    sites=6,
    clients=100,
    zones=(Zone("hall", 4, 3.0), Zone("gate", 1, 1.0), Zone("yard", 1, 0.0)),
)


def test_attempts_are_counted_where_they_were_aimed(tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(ZONED.to_json())
    truth = pa.Table.from_batches([chunk.truth for chunk in chunks(ZONED)])
    attack = is_attack(words(truth, "family"))
    number = np.unique(truth.column("attempt").to_numpy()[attack])
    found = np.arange(len(number)) % 2 == 0
    always = np.ones(len(number), np.bool_)
    attempts = Attempts(
        number, np.full(len(number), "syn_flood", object), always, found, times(truth, "intended"), number
    )
    zones = Zones.read(tmp_path / "w.json")
    assert zones is not None
    rows = zones.rows(truth, attempts)
    assert list(rows) == ["hall", "gate", "yard"]
    assert sum(row["attempts"] for row in rows.values()) == len(number)
    assert sum(row["attempts_detected"] for row in rows.values()) == found.sum()
    assert rows["hall"]["attempts"] > 2 * rows["gate"]["attempts"] > 0
    assert rows["yard"] == {"attempts": 0, "attempts_seen": 0, "attempts_detected": 0, "recall": None}
    assert 0.3 < rows["hall"]["recall"] < 0.7


def test_what_is_aimed_at_no_site_is_counted_too() -> None:
    # a beacon goes from an infected machine to a server outside
    workload = replace(ZONED, attacks=(Share("c2_beacon"),), benign=(), curve=((0.0, 10.0),))
    truth = pa.Table.from_batches([chunk.truth for chunk in chunks(workload)])
    assert set(Zones(workload).of(truth)) == {-1}
    count = len(np.unique(truth.column("attempt").to_numpy()))
    every = np.ones(count, np.bool_)
    times_ = np.zeros(count, np.int64)
    rows = Zones(workload).rows(
        truth, Attempts(times_, np.full(count, "c2_beacon", object), every, every, times_, times_)
    )
    assert rows["elsewhere"]["attempts"] == count


def test_a_run_without_zones_has_none(tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(replace(ZONED, zones=()).to_json())
    assert Zones.read(tmp_path / "w.json") is None
    assert Zones.read(tmp_path / "none.json") is None
    (tmp_path / "w.json").write_text("{")
    assert Zones.read(tmp_path / "w.json") is None
