from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from contract.schemas import FRAMES, TRUTH
from generator import plan as plan_module
from generator import traffic
from generator.plan import Planner, make_plan
from generator.traffic import chunks, flow_slices, longest
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


SEVERAL = replace(
    WORKLOAD, attacks=(Share("http_login_bruteforce"), Share("syn_flood")), benign=(Share("ntp_sync"),), duration_s=3.0
)


def everything(chunks_) -> tuple[list[int], list[bytes], list[dict]]:
    made = list(chunks_)
    frames = pa.Table.from_batches([chunk.frames for chunk in made])
    truth = pa.Table.from_batches([chunk.truth for chunk in made]).select(["attempt", "src_port", "frames"])
    times = frames.column("ts").cast(pa.int64()).to_pylist()
    return times, frames.column("frame").to_pylist(), truth.to_pylist()


def test_conversations_go_on_over_the_stretches_of_a_long_campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "WHOLE", 50)
    monkeypatch.setattr(plan_module, "PART", 30)
    times, frames, truth = everything(chunks(SEVERAL))
    assert everything(chunks(SEVERAL, 0.037)) == (times, frames, truth)
    assert (times, frames, truth) == everything(chunks(make_plan(SEVERAL), 3.0))
    assert sorted({row["attempt"] for row in truth}) == list(range(len(make_plan(SEVERAL).table.intended)))
    assert sum(row["frames"] for row in truth) == len(frames)


@pytest.mark.parametrize("small", [False, True])
def test_a_change_under_way_gives_what_the_same_change_planned_ahead_gives(
    monkeypatch: pytest.MonkeyPatch, small: bool
) -> None:
    if small:
        monkeypatch.setattr(plan_module, "WHOLE", 50)
        monkeypatch.setattr(plan_module, "PART", 30)
    planner = Planner(SEVERAL)
    moving = traffic.Traffic(planner, 0.5, shift_ns=7)
    made = [*moving.chunk(), *moving.chunk(), *moving.chunk()]
    before = (moving.frames, moving.attempts)
    planner.change((moving.at_ns - moving.workload.start_ns) / 1e9, 150.0)
    moving.cut()
    assert moving.frames < before[0]
    assert moving.attempts < before[1]
    made += list(moving)
    times, frames, truth = everything(made)
    ahead = replace(SEVERAL, changes=((1.5, 150.0),))
    assert planner.workload == ahead
    expected = everything(traffic.Traffic(Planner(ahead), 1.0, shift_ns=7))
    assert (times, frames, truth) == expected
    assert moving.frames == len(frames)
    assert moving.attempts == sum(chunk.begun for chunk in made)
    assert moving.attempts == len(np.unique(np.concatenate([chunk.begins for chunk in made])))


def test_no_attempt_lasts_longer_than_its_variant_may() -> None:
    plan = make_plan(SEVERAL)
    trips, beside = (each[plan.table.variant] for each in longest(plan.template))
    bound = plan.table.intended + trips * plan.table.rtt_ns + beside
    never = 2**62
    last = np.concatenate([flows[:, :, 1].max(1) for _, flows in flow_slices(plan.template, plan.table, never, never)])
    assert len(last) == len(bound) > 0
    assert (last < bound).all()
