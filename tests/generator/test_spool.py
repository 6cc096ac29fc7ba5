from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contract.schemas import FRAMES
from generator.packing import BUCKET_NS, DUE_NS, ArrowPacking, RawPacking, unpack
from generator.plan import make_plan
from generator.spool import messages, rebase, write_truth
from generator.traffic import flow_slices
from tests.generator.helpers import START, WORKLOAD, frames_of


def test_messages_hold_every_frame_once_each_within_its_millisecond() -> None:
    plan = make_plan(WORKLOAD)
    times, frames, last = [], [], 0
    head, *packs = messages(plan, ArrowPacking())
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


def test_packed_raw_it_is_the_same_traffic() -> None:
    plan = make_plan(WORKLOAD)
    times, frames = [], []
    for packed in messages(plan, RawPacking()):
        message = memoryview(b"".join(packed.parts))
        offsets, data = unpack(message, packed.record.frames)
        times += packed.times.tolist()
        frames += [data[low:high].tobytes() for low, high in itertools.pairwise(offsets)]
        begun = plan.table.intended[plan.attacks[plan.table.family]] < packed.record.upto
        assert packed.record.attempts == np.count_nonzero(begun)
    assert (times, frames) == frames_of(plan)


def test_a_plan_that_is_late_moves_as_a_whole() -> None:
    plan = make_plan(WORKLOAD)
    assert rebase(plan, START - 5) is plan
    moved = rebase(plan, START + 7)
    assert moved.workload.start_ns == START + 7
    assert np.array_equal(moved.table.intended, plan.table.intended + 7)
    assert [t - 7 for t in frames_of(moved)[0]] == frames_of(plan)[0]


def test_truth_up_to_a_moment_counts_the_frames_before_it(tmp_path: Path) -> None:
    plan = make_plan(WORKLOAD)
    times, _ = frames_of(plan)
    for upto in (START, START + 1_234_567_890, WORKLOAD.end_ns):
        write_truth(plan, tmp_path / "t.parquet", upto)
        table = pq.read_table(tmp_path / "t.parquet")
        expected = sum(t < upto for t in times)
        assert sum(table.column("frames").to_pylist()) == expected
        assert (
            sum(int(flows[:, :, 2].sum()) for _, flows in flow_slices(plan.template, plan.table, upto, upto))
            == expected
        )
        if expected:
            assert max(table.column("last").cast(pa.int64()).to_pylist()) < upto
