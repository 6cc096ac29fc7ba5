"""Parts of a scorecard and their sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from campaign import scorecard


def names(*words: str) -> scorecard.Names:
    return np.array(words, object)


def test_latency_of_some_and_of_none() -> None:
    assert scorecard.latency(np.arange(1, 101, dtype=np.float64)) == {
        "min": 1.0,
        "mean": 50.5,
        "p50": 50.5,
        "p95": 95.05,
        "p99": 99.01,
        "max": 100.0,
        "count": 100,
    }
    assert scorecard.latency(np.zeros(0))["p50"] is None


def test_family_rows_count_flows_and_right_words() -> None:
    true = names("syn_flood", "syn_flood", "syn_flood", "port_scan", "benign")
    flagged = np.array([True, True, False, True, True])
    verdict = names("syn_flood", "udp_flood", "benign", "benign", "port_scan")
    by_alert = names("benign", "syn_flood", "benign", "host_sweep", "benign")
    rows = scorecard.family_rows(true, flagged, verdict, by_alert)
    assert list(rows) == ["port_scan", "syn_flood"]
    assert rows["syn_flood"] == {
        "group": "dos",
        "flows": 3,
        "detected": 2,
        "right_group": 2,
        "right_family": 2,
        "recall": 0.666667,
    }
    assert rows["port_scan"]["right_group"] == 1
    assert rows["port_scan"]["right_family"] == 0
    assert scorecard.group_rows(rows)["dos"]["flows"] == 3


def test_precision_leaves_unknown_flows_out() -> None:
    rows = scorecard.word_rows(names("syn_flood", "benign", "unknown"), names("syn_flood", "syn_flood", "syn_flood"))
    assert rows == {"syn_flood": {"flows": 2, "right": 1, "precision": 0.5}}


def test_confusion_counts_every_pair() -> None:
    assert scorecard.confusion(names("benign", "benign", "syn_flood"), names("benign", "port_scan", "benign")) == {
        "benign": {"benign": 1, "port_scan": 1},
        "syn_flood": {"benign": 1},
    }


def card(detected: bool, flagged: int) -> dict[str, Any]:
    row = scorecard.empty_row("syn_flood") | {"flows": 4, "detected": 3 if detected else 0}
    entry = {"family": "syn_flood", "detected": detected, "right_group": detected, "right_family": False}
    return {
        "capture": {"frames": 10, "flows": 8, "seconds": 1.5},
        "families": {"syn_flood": row},
        "entries": [entry],
        "false_alarms": {"benign_flows": 4, "flagged": flagged, "rate": 0.0, "alerts": flagged},
        "alerts": {"total": 2, "true": 1, "false": 1, "unjudged": 0},
        "ledger": {"balanced": True},
    }


def test_totals_add_up() -> None:
    quiet = card(detected=False, flagged=1) | {"entries": [], "families": {}}
    total = scorecard.totals([card(detected=True, flagged=0), card(detected=False, flagged=2), quiet])
    assert total["capture"]["frames"] == 30
    assert total["families"]["syn_flood"]["recall"] == 0.375
    assert total["entries"]["total"] == 2
    assert total["entries"]["detected"] == 1
    assert total["entries"]["by_group"]["dos"] == {"total": 2, "detected": 1, "right_group": 1, "right_family": 0}
    assert total["false_alarms"] == {
        "benign_flows": 12,
        "flagged": 3,
        "alerts": 3,
        "rate": 0.25,
        "benign_captures": 1,
        "benign_captures_with_alerts": 1,
    }
    assert total["balanced"]


def test_totals_of_nothing() -> None:
    assert scorecard.totals([])["false_alarms"]["rate"] == 0.0
