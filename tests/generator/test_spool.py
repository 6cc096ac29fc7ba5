from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract.clock import Clock
from contract.schemas import FRAMES
from generator import plan as plan_module
from generator.packing import BUCKET_NS, DUE_NS, ArrowPacking, RawPacking, unpack
from generator.plan import Planner, make_plan
from generator.ring import META, PLAN, RECORD, Record
from generator.spool import Orders, Spool, write_truth
from generator.traffic import Traffic, flow_slices
from generator.workload import Share, Workload
from tests.generator.helpers import START, WORKLOAD, frames_of

QUICK = replace(WORKLOAD, benign=(Share("ntp_sync"),))


class Late(Clock):
    """A clock on which everything is due."""

    def now_ns(self) -> int:
        return 1 << 62


class Pipes:
    """What the pacing process would hold: it writes orders and reads records."""

    def __init__(self) -> None:
        self.orders, self.say = os.pipe()
        self.records, self.out = os.pipe()

    def order(self, line: str) -> None:
        os.write(self.say, line.encode() + b"\n")

    def heard(self) -> list[Record]:
        os.set_blocking(self.records, False)
        try:
            data = os.read(self.records, 1 << 16)
        except BlockingIOError:
            return []
        return [Record(*values) for values in RECORD.iter_unpack(data)]


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    made = Pipes()
    yield made
    for fd in (made.orders, made.say, made.records, made.out):
        os.close(fd)


def spool(workload: Workload, folder: Path, pipes: Pipes, by_ns: int = 0) -> Spool:
    planner = Planner(workload)
    traffic = Traffic(planner, 0.5)
    traffic.warm_up()
    traffic.postpone(by_ns)
    return Spool(planner, traffic, Late(0, 0), folder / "t.parquet", Orders(pipes.orders))


def test_messages_hold_every_frame_once_each_within_its_millisecond(tmp_path: Path, pipes: Pipes) -> None:
    plan = make_plan(QUICK)
    times, frames, last = [], [], 0
    head, *packs = spool(QUICK, tmp_path, pipes).messages(ArrowPacking(), pipes.out)
    assert pa.ipc.read_schema(pa.py_buffer(head.parts[0])) == FRAMES
    for record, (message,), stamps in packs:
        batch = pa.ipc.read_record_batch(pa.py_buffer(message), FRAMES)
        assert record.frames == len(batch) == len(stamps)
        assert batch.column("ts").cast(pa.int64()).to_pylist() == stamps.tolist()
        assert record.upto - BUCKET_NS <= stamps[0] <= stamps[-1] < record.upto
        assert record.due == record.upto - BUCKET_NS + DUE_NS
        begun = plan.table.intended[plan.attacks[plan.table.family]] < record.upto
        assert record.attempts == np.count_nonzero(begun)
        assert record.upto > last
        last = record.upto
        times += stamps.tolist()
        frames += batch.column("frame").to_pylist()
    assert (times, frames) == frames_of(plan)
    assert pipes.heard() == [], "nothing new is planned of a short campaign"


def test_packed_raw_it_is_the_same_traffic_and_comes_later_as_a_whole(tmp_path: Path, pipes: Pipes) -> None:
    plan = make_plan(replace(QUICK, start_ns=START + 7))
    times, frames = [], []
    for packed in spool(QUICK, tmp_path, pipes, by_ns=7).messages(RawPacking(), pipes.out):
        message = memoryview(b"".join(packed.parts))
        offsets, data = unpack(message, packed.record.frames)
        times += packed.times.tolist()
        frames += [data[low:high].tobytes() for low, high in itertools.pairwise(offsets)]
        begun = plan.table.intended[plan.attacks[plan.table.family]] < packed.record.upto
        assert packed.record.attempts == np.count_nonzero(begun)
    assert (times, frames) == frames_of(plan)


def test_truth_up_to_a_moment_counts_the_frames_before_it(tmp_path: Path) -> None:
    plan = make_plan(WORKLOAD)
    times, _ = frames_of(plan)
    for upto in (START, START + 1_234_567_890, WORKLOAD.end_ns):
        write_truth(plan, tmp_path / "t.parquet", upto)
        table = pq.read_table(tmp_path / "t.parquet")
        expected = sum(t < upto for t in times)
        assert sum(table.column("frames").to_pylist()) == expected
        slices = flow_slices(plan.template, plan.table, upto, upto)
        assert sum(int(flows[:, :, 2].sum()) for _, flows in slices) == expected
        if expected:
            assert max(table.column("last").cast(pa.int64()).to_pylist()) < upto


@pytest.mark.parametrize("stopped", [False, True])
def test_a_long_campaign_with_a_change_says_what_is_planned_and_tells_the_truth_of_what_left(
    tmp_path: Path, pipes: Pipes, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    monkeypatch.setattr(plan_module, "WHOLE", 50)
    monkeypatch.setattr(plan_module, "PART", 60)
    made = spool(QUICK, tmp_path, pipes, by_ns=1000)
    meta = made.meta(META)
    assert meta.frames == pytest.approx(240, abs=30), "attempts that are yet to be planned are expected"
    times: list[int] = []
    for number, packed in enumerate(made.messages(ArrowPacking(), pipes.out)):
        times += packed.times.tolist()
        if number == 5:
            pipes.order("change 200.0 1.2")
            pipes.order("change 50.0 -")
    plans = pipes.heard()
    assert {record.kind for record in plans} == {PLAN}
    changes = [(record.attempts / 1000, record.upto / 1e9) for record in plans if record.end]
    assert changes == [(50.0, 0.5), (200.0, 1.5)]
    assert plans[-1].length == len(times)
    assert plans[-1].frames == made.traffic.attempts == pytest.approx(30 + 50 + 500, abs=90)
    upto = START + 2_000_000_000 if stopped else QUICK.end_ns + 1000
    made.end(upto)
    truth = pq.read_table(tmp_path / "t.parquet")
    assert sum(truth.column("frames").to_pylist()) == sum(time < upto for time in times)
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]
    again = Traffic(Planner(replace(QUICK, start_ns=START + 1000, changes=((0.5, 50.0), (1.5, 200.0)))), 1.0)
    assert np.concatenate([c.frames.column("ts").cast(pa.int64()).to_numpy() for c in again]).tolist() == times


def test_orders_are_whole_lines_and_changes_after_the_end_are_passed_over(pipes: Pipes) -> None:
    orders = Orders(pipes.orders)
    assert orders.take(0.0) == []
    os.write(pipes.say, b"change 1 -\nchan")
    assert orders.take(0.0) == ["change 1 -"]
    os.write(pipes.say, b"ge 2 3\n")
    assert orders.take(0.0) == ["change 2 3"]
    pipes.order("change 3 -")
    pipes.order("12345")
    assert orders.wait() == "12345"


def test_a_pacing_process_that_is_gone_is_noticed() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    for ask in (lambda: Orders(reader).take(0.0), Orders(reader).wait):
        with pytest.raises(BrokenPipeError):
            ask()
    os.close(reader)
