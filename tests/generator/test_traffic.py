from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from contract.schemas import FRAMES, TRUTH
from generator import traffic
from generator.plan import make_plan
from generator.traffic import chunks
from generator.workload import Share
from tests.generator.helpers import WORKLOAD, every_kind, frames_of, plan_of


def test_frames_do_not_depend_on_how_time_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(WORKLOAD)
    whole = frames_of(plan, 100.0)
    assert frames_of(plan, 0.037) == whole
    monkeypatch.setattr(traffic, "MAX_CHUNK_BYTES", 20_000)
    assert frames_of(plan, 1.0) == whole


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    short = replace(WORKLOAD, duration_s=1.0)
    first, other = frames_of(make_plan(short)), frames_of(make_plan(replace(short, seed=8)))
    assert first == frames_of(make_plan(short))
    assert len(first[1]) > 200
    assert set(first[1]).isdisjoint(other[1])


def test_batches_are_sound_sorted_and_within_the_campaign() -> None:
    last = 0
    for chunk in chunks(WORKLOAD):
        for batch, schema in ((chunk.frames, FRAMES), (chunk.truth, TRUTH)):
            assert batch.schema.equals(schema, check_metadata=True)
            batch.validate(full=True)
        times = chunk.frames.column("ts").cast(pa.int64()).to_numpy()
        assert np.all(np.diff(times) >= 0)
        assert times[0] >= last
        last = times[-1]
        assert last < WORKLOAD.end_ns
        assert chunk.frames.column("wire_len").to_pylist() == [len(f) for f in chunk.frames.column("frame").to_pylist()]


def test_truth_counts_every_frame_and_names_its_family() -> None:
    plan = make_plan(WORKLOAD)
    made = list(chunks(plan))
    truth = pa.Table.from_batches([chunk.truth for chunk in made])
    assert sum(truth.column("frames").to_pylist()) == sum(len(chunk.frames) for chunk in made)
    assert sum(chunk.begun for chunk in made) == plan.attempts
    attempts = truth.column("attempt").to_pylist()
    assert sorted(attempts) == list(range(len(plan.table.intended)))
    families = [plan.families[plan.table.family[a]] for a in attempts]
    assert truth.column("family").cast(pa.string()).to_pylist() == families
    first = truth.column("first").cast(pa.int64()).to_pylist()
    intended = truth.column("intended").cast(pa.int64()).to_pylist()
    assert first == intended  # the first frame leaves when it is intended


def test_icmp_errors_are_flows_of_the_attempt_too() -> None:
    plan = plan_of(every_kind, n=36)
    table = pa.Table.from_batches([chunk.truth for chunk in chunks(plan)])
    truth = table.select(["attempt", "src", "dst", "src_port", "protocol"]).to_pylist()
    by_attempt: dict[int, list[dict]] = {}
    for row in truth:
        by_attempt.setdefault(row["attempt"], []).append(row)
    errors = [rows for rows in by_attempt.values() if len(rows) == 2]
    assert len(errors) >= 6
    for own, error in errors:
        assert (error["src"], error["dst"]) == (own["dst"], own["src"])
        assert (error["protocol"], error["src_port"]) in ((1, 3), (58, 1))


def test_a_world_without_traffic_is_quiet() -> None:
    quiet = replace(WORKLOAD, attacks=(), benign=())
    assert [len(chunk.frames) for chunk in chunks(quiet)] == [0, 0, 0, 0]
    none = replace(WORKLOAD, curve=((0.0, 0.0),), benign_curve=((0.0, 0.0),))
    assert sum(len(chunk.frames) for chunk in chunks(none)) == 0


def test_shares_keep_to_their_hours_and_weights() -> None:
    shares = (Share("syn_flood", 3.0, {}, 0.0, 2.0), Share("port_scan", 1.0, {}, 0.0, None))
    plan = make_plan(replace(WORKLOAD, attacks=shares, curve=((0.0, 500.0),), benign=()))
    seconds = (plan.table.intended - WORKLOAD.start_ns) / 1e9
    flood = seconds[plan.table.family == plan.families.index("syn_flood")]
    assert flood.max() < 2.0
    assert len(flood) == pytest.approx(750, abs=80)
