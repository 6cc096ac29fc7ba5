"""Verdict rows folded onto flows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from campaign.flow_words import NEVER, fold, frames_in, rows_of, with_unended
from tests.campaign.tables import SECOND, flows_table, verdicts_table


def test_the_last_attack_word_counts_and_any_flags() -> None:
    flows = flows_table({}, {}, {})
    verdicts = verdicts_table(
        {"flow_id": 1, "family": "port_scan"},
        {"flow_id": 1, "family": "syn_flood", "alert_id": 7},
        {"flow_id": 1, "family": "benign"},
        {"flow_id": 2, "family": "benign"},
        {"flow_id": 99, "family": "syn_flood"},
    )
    said = fold(flows, verdicts)
    assert said.flagged.tolist() == [True, False, False]
    assert said.word.tolist() == ["syn_flood", "benign", "benign"]
    assert said.alert_id.tolist() == [7, 0, 0]
    assert (said.since == NEVER).all()


def test_since_is_the_first_attack_row_that_could_be_read() -> None:
    verdicts = verdicts_table(
        {"flow_id": 1, "family": "benign"}, {"flow_id": 1, "family": "syn_flood"}, {"flow_id": 1, "family": "syn_flood"}
    ).append_column("committed", pa.array([5, 30, 20], pa.timestamp("ns", "UTC")))
    assert fold(flows_table({}), verdicts).since.tolist() == [20]


def test_no_verdict_at_all() -> None:
    assert not fold(flows_table({}), verdicts_table()).flagged.any()


def test_a_flow_that_never_ended_stands_in_for_itself() -> None:
    flows = flows_table({"flow_id": 1})
    verdicts = verdicts_table(
        {"flow_id": 1},
        {"flow_id": 5, "dst": "198.18.1.9", "last": SECOND, "packets": 1},
        {"flow_id": 5, "dst": "198.18.1.9", "last": 2 * SECOND, "packets": 4},
    )
    whole = with_unended(flows, verdicts)
    assert whole.column("flow_id").to_pylist() == [1, 5]
    assert whole.column("last").cast(pa.int64()).to_pylist()[1] == 2 * SECOND
    assert whole.column("packets_fwd").to_pylist()[1] == 4
    assert with_unended(whole, verdicts) is whole


def test_rows_of_finds_each_id_or_says_no() -> None:
    ids = np.array([9, 3, 7], np.uint64)
    assert rows_of(ids, np.array([7, 4, 9, 3], np.uint64)).tolist() == [2, -1, 0, 1]
    assert rows_of(np.zeros(0, np.uint64), ids).tolist() == [-1, -1, -1]


def test_frames_are_those_of_both_directions() -> None:
    assert frames_in(flows_table({"packets_fwd": 2, "packets_bwd": 3}, {"packets_fwd": 1, "packets_bwd": 0})) == 6
    assert frames_in(flows_table()) == 0
