from __future__ import annotations

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from api.latency_counts import LatencyCounts
from api.run_metrics import RunMetrics

DOCUMENT = {
    "run": {"id": "one", "scenario": "smoke", "state": "running"},
    "rates": {"planned": 815.0, "sent": 800.0, "detected": None, "frames": 2400.0},
    "counts": {
        "attempts_sent": 10, "attempts_detected": None, "flows_flagged": 7, "flows": 20, "verdicts": 30, "alerts": 2,
        "alerts_open": 1, "alerts_by_severity": {"high": 2},
    },
    "latency_ms": {"p50": 61.0, "p99": 140.0, "max": None},
    "backlog_frames": 12,
    "families": [{"family": "syn_flood", "flagged": 7}],
    "ledger": {
        "stages": {"meter": {"unit": "frames", "offered": 9, "delivered": 4, "in_flight": 1, "unexplained": 1,
                             "dropped": {"table_full": 3}}},
        "faults": ["stage meter: 1 frames unexplained"],
    },
}  # fmt: skip


def scraped(metrics: RunMetrics):
    registry = CollectorRegistry()
    registry.register(metrics)
    text = generate_latest(registry).decode()
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_an_operator_needs_is_told():
    metrics = RunMetrics()
    latency = LatencyCounts()
    latency.add(np.array([5.0, 60.0, 61.0, 40_000.0]))
    metrics.show(DOCUMENT, latency)
    found = scraped(metrics)
    assert found["tenfold_run_info", "one", "smoke", "running"] == 1
    assert found["tenfold_run", "backlog_frames"] == 12
    assert found["tenfold_run", "sent_per_second"] == 800
    assert ("tenfold_run", "detected_per_second") not in found
    assert found["tenfold_run_flagged_flows", "syn_flood"] == 7
    assert found["tenfold_run_alerts", "high"] == 2
    assert found["tenfold_run_dropped_total", "table_full", "meter"] == 3
    columns = {row[1]: value for row, value in found.items() if row[0] == "tenfold_run_stage_items"}
    assert columns == {"offered": 9, "delivered": 4, "in_flight": 1, "unexplained": 1, "dropped": 3}
    assert found["tenfold_run_stage_faults",] == 1
    buckets = {row[1]: value for row, value in found.items() if row[0] == "tenfold_detection_latency_seconds_bucket"}
    assert (buckets["0.01"], buckets["0.05"], buckets["0.1"], buckets["30"], buckets["+Inf"]) == (1, 1, 3, 3, 4)
    assert found["tenfold_detection_latency_seconds_count",] == 4
    assert found["tenfold_detection_latency_seconds_sum",] == 40.126


def test_without_a_run_nothing_is_told():
    metrics = RunMetrics()
    assert scraped(metrics) == {}
    metrics.show(DOCUMENT)
    metrics.show(None)
    assert scraped(metrics) == {}
