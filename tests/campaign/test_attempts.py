"""Attempts of a run, against a plain-Python oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from campaign.attempts import add_attempts, attempts_of, readable
from campaign.flow_words import NEVER, fold
from campaign.labels import pair_truth
from tests.campaign.tables import SECOND, alert, flows_table, truth_table, verdicts_table


def test_latency_runs_from_the_intended_time() -> None:
    flows = flows_table({"first": 10, "last": SECOND}, {"dst_port": 81, "first": 10, "last": SECOND})
    truth = truth_table(
        {"family": "syn_flood", "intended": 5, "first": 10, "last": 20},
        {"family": "syn_flood", "intended": 7, "dst_port": 81, "first": 10, "last": 20},
        {"family": "web_browsing", "dst_port": 82},
        {"family": "port_scan", "dst_port": 83},  # no flow carries it
    )
    flagged, since = np.array([True, False]), np.array([5_000_005, NEVER])
    found = attempts_of(truth, pair_truth(flows, truth), flagged, since)
    assert found.family.tolist() == ["syn_flood", "syn_flood", "port_scan"]
    assert found.seen.tolist() == [True, True, False]
    assert found.found.tolist() == [True, False, False]
    assert found.latency_ms[0] == 5.0
    assert np.isnan(found.latency_ms[1:]).all()


def test_an_attempt_counts_once_whatever_its_flows() -> None:
    flows = flows_table({"last": 10}, {"first": 20, "last": 30})
    truth = truth_table(
        {"attempt": 4, "family": "syn_flood", "first": 0, "last": 5, "intended": 50},
        {"attempt": 4, "family": "syn_flood", "first": 21, "last": 25, "intended": 40},
    )
    found = attempts_of(truth, pair_truth(flows, truth), np.array([False, True]), np.array([NEVER, 30]))
    assert found.intended.tolist() == [40]
    assert found.found.tolist() == [True]
    assert np.isnan(found.latency_ms).all()  # it lay in a flow that was known before: a latency of 0 would flatter
    assert found.known_before.tolist() == [True]


def test_readable_falls_back_to_the_alert() -> None:
    rows = verdicts_table({"flow_id": 1, "alert_id": 3}, {"flow_id": 2, "alert_id": 4}, {"flow_id": 3, "alert_id": 3})
    rows = rows.append_column("committed", pa.array([70, 75, 95], pa.timestamp("ns", "UTC")))
    said = fold(flows_table({}, {}, {}), rows)
    flagged = np.array([True, True, True])
    # flow 1 joined before the alert could be read, flow 3 after
    assert readable(said, flagged, {3: [90, 80]}).tolist() == [80, NEVER, 95]


def test_the_scorecard_gets_attempts_entries_and_latency() -> None:
    flows = flows_table({"last": 10})
    truth = truth_table({"family": "syn_flood", "last": 5}, {"family": "port_scan", "dst_port": 9})
    found = attempts_of(truth, pair_truth(flows, truth), np.array([True]), np.array([2_000_000]))
    card: dict[str, Any] = {
        "families": {"syn_flood": {"detected": 1, "right_group": 1, "right_family": 1}},
        "entries": [],
    }
    add_attempts(card, found, [alert()])
    assert card["attempts"] == {"total": 2, "seen": 1, "detected": 1, "known_before": 0, "recall": 0.5}
    assert card["latency_ms"]["max"] == 2.0
    assert card["families"]["port_scan"]["attempts"] == 1
    assert [(e["family"], e["detected"], e["alerts"]) for e in card["entries"]] == [
        ("port_scan", False, []),
        ("syn_flood", True, [1]),
    ]
    assert card["entries"][1]["time_to_detect_s"] == 0.002
