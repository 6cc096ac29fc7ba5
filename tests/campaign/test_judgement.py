"""The judge: truth against verdicts and alerts."""

from __future__ import annotations

import json

import pyarrow as pa

from campaign.judgement import Material, judge
from contract.ledger import Ledger
from contract.schemas import ARP
from contract.truth import Entry, Truth
from tests.campaign.tables import SECOND, alert, flows_table, truth_table, verdicts_table

FLOWS = flows_table(
    {},  # attack, found by its verdict
    {"src_port": 40001, "first": SECOND // 2},  # attack, found by the alert alone
    {"src": "198.18.0.2", "src_port": 40002, "packets_fwd": 9},  # attack, missed
    {"src": "198.18.3.3", "dst": "198.18.4.4"},  # benign
    {"src": "198.18.3.4", "dst": "198.18.4.4"},  # benign, flagged
)
VERDICTS = verdicts_table(
    {"flow_id": 1, "family": "port_scan"},
    {"flow_id": 1, "family": "syn_flood", "alert_id": 1},
    {"flow_id": 5, "family": "port_scan"},
)
TRUTH = Truth("x", (Entry("syn_flood", attackers=("198.18.0.0/24",), victims=("198.18.1.1",)),))


def test_a_capture() -> None:
    false = alert(alert_id=2, family="port_scan", attackers=["198.18.3.4"], victims=["198.18.4.4"])
    card = judge(Material(FLOWS, VERDICTS, [alert(), false], TRUTH, Ledger(), frames=100, notes=["cut"]))
    assert card["capture"] == {"frames": 100, "flows": 5, "seconds": 1.0}
    row = card["families"]["syn_flood"]
    assert (row["flows"], row["detected"], row["right_group"], row["right_family"]) == (3, 2, 2, 2)
    entry = card["entries"][0]
    assert entry["detected"]
    assert entry["right_group"]
    assert entry["right_family"]
    assert entry["time_to_detect_s"] == 2.0
    assert entry["flows_to_detect"] == 3
    assert entry["alerts"] == [1]
    assert card["false_alarms"] == {"benign_flows": 2, "flagged": 1, "rate": 0.5, "alerts": 1}
    assert card["alerts"]["true"] == 1
    assert card["alerts"]["false"] == 1
    assert [row["src"] for row in card["worst_missed"]] == ["198.18.0.2"]
    assert card["notes"] == ["cut"]
    assert card["ledger"]["balanced"]
    json.dumps(card)


def test_an_address_looked_up_before_a_flood_is_no_part_of_it() -> None:
    flows = flows_table({"protocol": ARP, "first": 0, "last": 1}, {"first": SECOND, "last": 2 * SECOND})
    seen = alert(decided=3 * SECOND)
    for family, seconds, begun in (("syn_flood", 2.0, 1), ("host_sweep", 3.0, 2)):
        entries = (Entry(family, attackers=("198.18.0.0/24",), victims=("198.18.1.1",)),)
        found = judge(Material(flows, verdicts_table(), [seen], Truth("x", entries), Ledger()))["entries"][0]
        assert (found["time_to_detect_s"], found["flows_to_detect"]) == (seconds, begun)
        assert found["flows_ended_to_detect"] == begun


def test_unknown_flows_count_neither_for_nor_against() -> None:
    truth = Truth("x", TRUTH.entries, "unknown")
    stray = alert(alert_id=2, attackers=["198.18.3.4"], victims=["198.18.4.4"])
    card = judge(Material(FLOWS, VERDICTS, [stray], truth, Ledger()))
    assert card["false_alarms"] == {"benign_flows": 0, "flagged": 0, "rate": 0.0, "alerts": 0}
    assert card["alerts"]["unjudged"] == 1
    assert card["unknown_flows"] == 2
    assert card["capture"]["frames"] == 22


def test_nothing_at_all() -> None:
    card = judge(Material(flows_table(), verdicts_table(), [], Truth("x"), Ledger()))
    assert card["capture"] == {"frames": 0, "flows": 0, "seconds": 0.0}
    assert card["families"] == {}
    assert card["entries"] == []


def test_a_run_counts_attempts_and_their_latency() -> None:
    verdicts = VERDICTS.append_column(
        "committed", pa.array([SECOND, 2 * SECOND, 3 * SECOND], pa.timestamp("ns", "UTC"))
    )
    truth = truth_table(
        {"family": "syn_flood", "intended": SECOND // 2},
        {"family": "syn_flood", "src": "198.18.0.2", "src_port": 40002},
        {"family": "web_browsing", "src": "198.18.3.3", "dst": "198.18.4.4"},
        {"family": "web_browsing", "src": "198.18.3.4", "dst": "198.18.4.4"},
    )
    card = judge(Material(FLOWS, verdicts, [alert()], truth, Ledger(), committed_alerts={1: [4 * SECOND]}))
    assert card["attempts"] == {"total": 2, "seen": 2, "detected": 1, "known_before": 0, "recall": 0.5}
    assert card["latency_ms"]["p50"] == 500.0
    assert card["families"]["syn_flood"]["attempts"] == 2
    assert card["false_alarms"]["flagged"] == 1
    assert card["entries"][0]["family"] == "syn_flood"
    assert card["unknown_flows"] == 1
    json.dumps(card)
