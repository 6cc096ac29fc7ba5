"""Certificates of made-up evidence: what was sent when, what came when, and what was lost by whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from campaign.certificate import Evidence, certify, intended_times, read_times
from contract.errors import InputError
from generator.workload import TOKYO_RATE
from tests.campaign.runs import truth_table

SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND
CURVE = ((0.0, TOKYO_RATE), (10.0, 3 * TOKYO_RATE))


def evidence(frames: int = 10_000, late_ns: int = 40_000) -> Evidence:
    """Ten seconds of evenly spaced frames; every tenth begins an attempt."""
    sent = START + np.arange(frames, dtype=np.int64) * (10 * SECOND // frames)
    received = sent + late_ns + np.arange(frames) % 7
    return Evidence(sent, received, np.zeros((0, 2), np.int64), sent[::10].copy(), frames, frames)


def document(found: Evidence, within: float = 0.999) -> dict:
    return certify(found, START, 10.0, CURVE, within)


def test_a_perfect_run_is_certified() -> None:
    said = document(evidence())
    assert said["certified"]
    assert said["reasons"] == []
    assert said["exact"]
    assert said["frames"] == {"planned": 10_000, "claimed": 10_000, "received": 10_000, "missing": 0, "foreign": 0}
    assert said["attempts"] == {"planned": 1000, "received": 1000}
    assert said["rate"]["planned_per_s"] == pytest.approx(1000)
    assert abs(said["rate"]["error"]) < 1e-8
    assert said["lateness_us"]["p50"] == 40.0
    assert said["spread_us"] == 0.0
    assert said["within_1ms"] == 1.0
    assert (said["early_ns"], said["late_ns"]) == (0, 40_006)
    assert len(said["steps"]) == 10
    first = said["steps"][0]
    assert (first["planned_frames"], first["received_frames"], first["planned_attempts"]) == (1000, 1000, 100)
    assert [step["multiplier"] for step in said["steps"]] == [round(1.1 + 0.2 * n, 3) for n in range(10)]
    assert set(map(len, said["curve"].values())) == {100}
    assert sum(said["curve"]["received_frames_per_s"]) * 0.1 == pytest.approx(10_000)


def test_order_of_sending_need_not_be_that_of_the_plan() -> None:
    found = evidence()
    swapped = found.sent.copy()
    swapped[100:200] = swapped[100:200][::-1]
    late = replace(found, sent=swapped, received=swapped + 5000)
    said = document(late)
    assert (said["lateness_us"]["min"], said["lateness_us"]["max"]) == (5.0, 5.0)
    assert said["attempts"]["received"] == 1000


def test_a_slow_run_has_a_rate_error_and_late_frames() -> None:
    found = evidence()
    slow = START + ((found.sent - START) * 1.01).astype(np.int64)
    said = document(replace(found, received=slow, left_within_1ms=0.75))
    assert said["rate"]["error"] == pytest.approx(1 / 1.01 - 1, rel=1e-4)
    assert not said["certified"]
    assert (
        "of frames arrived within 1 ms of plan, 99.9 % must; by the sender's word 75.00 % left so" in said["reasons"][0]
    )
    assert sum(step["late"] for step in said["steps"]) == round((1 - said["within_1ms"]) * 10_000)


def test_a_full_ring_is_the_kernel_s_loss_at_its_step() -> None:
    found = evidence()
    lost = slice(5300, 5800)  # in the sixth second
    received = np.delete(found.received, lost)
    drops = np.array([[found.received[5800] - 1, 500]])
    said = document(replace(found, received=received, drops=drops, kernel=500))
    assert not said["certified"]
    assert not said["exact"]
    assert said["lost"] == {
        "generator": 0, "kernel": 500, "detector": 0, "unexplained": 0, "kernel_parts": {"ring": 500, "veth": 0},
    }  # fmt: skip
    assert [step["lost_kernel"] for step in said["steps"]] == [0] * 5 + [500] + [0] * 4
    assert [step["received_frames"] for step in said["steps"]] == [1000] * 5 + [500] + [1000] * 4
    assert said["lateness_us"]["max"] == pytest.approx(40.006)  # what came after the loss is matched to its plan
    assert said["attempts"] == {"planned": 1000, "received": 950}
    assert said["reasons"][0].startswith(
        "certificate: 10,000 frames claimed, 9,500 received: 500 dropped by a full ring"
    )


def test_what_nobody_dropped_is_unexplained_and_what_the_pair_dropped_is_not() -> None:
    found = replace(evidence(), received=evidence().received[:-30])
    assert document(found)["lost"]["unexplained"] == 30
    assert document(replace(found, veth=20))["lost"]["kernel_parts"] == {"ring": 0, "veth": 20}
    assert document(replace(found, veth=900))["lost"]["unexplained"] == 0
    assert not document(replace(found, veth=900))["certified"]


def test_what_was_not_sent_is_the_generator_s_and_what_was_not_metered_the_detector_s() -> None:
    found = evidence()
    half = replace(found, sent=found.sent[:5000], received=found.received[:5000], claimed=5000)
    said = document(half)
    assert said["lost"]["generator"] == 5000
    assert "the generator did not send 5,000 of 10,000 frames" in said["reasons"][0]
    assert sum(step["planned_frames"] for step in said["steps"]) == 10_000
    times = START + np.array([2, 5, 9]) * SECOND + 1
    metered = document(replace(found, detector=7, detector_lost=np.column_stack((times, [0, 4, 7]))))
    assert metered["lost"]["detector"] == 7
    assert [step["lost_detector"] for step in metered["steps"]] == [0, 0, 0, 0, 0, 4, 0, 0, 0, 3]
    assert metered["certified"]  # it arrived; what became of it is the ledger's business


def test_nothing_at_all_is_said_of_nothing_at_all() -> None:
    none = np.zeros(0, np.int64)
    said = document(Evidence(none, none, np.zeros((0, 2), np.int64), none, 0, 0))
    assert said["rate"] == {"planned_per_s": None, "received_per_s": None, "error": None}
    assert said["within_1ms"] is None
    assert said["certified"]


def test_files_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(truth_table(300), tmp_path / "truth.parquet")
    assert len(intended_times(tmp_path / "truth.parquet")) == 200  # every third is ordinary traffic
    np.save(tmp_path / "t.npy", np.arange(3))
    assert read_times(tmp_path / "t.npy").tolist() == [0, 1, 2]
    np.save(tmp_path / "f.npy", np.zeros(3))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "t.npy").read_bytes()[:-4])
    for name in ("f.npy", "cut.npy", "none.npy"):
        with pytest.raises(InputError, match=name):
            read_times(tmp_path / name)
    with pytest.raises(InputError, match="the run has no truth"):
        intended_times(tmp_path / "none.parquet")
