"""The run on show as Prometheus sees it: its figures, latency as a histogram, flags by family, drops by reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from api.latency_counts import BOUNDS_MS, LatencyCounts

Json = dict[str, Any]


class RunMetrics:
    """Collected at each scrape from what it was last given; without a run it tells nothing."""

    def __init__(self) -> None:
        self._document: Json | None = None
        self._latency = LatencyCounts()

    def show(self, document: Json | None, latency: LatencyCounts | None = None) -> None:
        """Tell of another statistics document, and of the latencies of the flows of its run."""
        self._latency = latency or LatencyCounts()
        self._document = document

    def collect(self) -> Iterator[Metric]:
        """Prometheus' own name for it."""
        document, latency = self._document, self._latency
        if document is None or document["run"] is None:
            return
        run = document["run"]
        about = GaugeMetricFamily("tenfold_run_info", "The run on show.", labels=["run", "scenario", "state"])
        about.add_metric([run["id"], run["scenario"], run["state"]], 1)
        yield about
        figures = GaugeMetricFamily("tenfold_run", "Figures of the run that is shown, by name.", labels=["figure"])
        for name, value in gauges(document).items():
            figures.add_metric([name], value)
        yield figures
        families = GaugeMetricFamily(
            "tenfold_run_flagged_flows", "Flows first called an attack, by family.", labels=["family"]
        )
        for row in document["families"]:
            families.add_metric([row["family"]], row["flagged"])
        yield families
        severities = GaugeMetricFamily("tenfold_run_alerts", "Alerts by severity.", labels=["severity"])
        for name, count in document["counts"]["alerts_by_severity"].items():
            severities.add_metric([name], count)
        yield severities
        yield drops("tenfold_run_dropped", "What the stages of the run dropped, by reason.", document["ledger"])
        yield from stages("tenfold_run_stage", "The ledger of the run on show", document["ledger"])
        yield _histogram(latency)


def gauges(document: Json) -> dict[str, float]:
    """The single figures of a statistics document, by name."""
    counts, latency = document["counts"], document["latency_ms"] or {}
    names = ("attempts_sent", "attempts_detected", "flows_flagged", "flows", "verdicts", "alerts", "alerts_open")
    named = {name: counts[name] for name in names}
    named |= {f"latency_{name}_ms": latency.get(name) for name in ("p50", "p99", "max")}
    named |= {f"{name}_per_second": document["rates"][name] for name in ("planned", "sent", "detected", "frames")}
    named["backlog_frames"] = document["backlog_frames"]
    return {name: float(value) for name, value in named.items() if value is not None}


def drops(name: str, text: str, ledger: Json | None) -> Metric:
    """What each stage of a ledger dropped, by reason."""
    found = CounterMetricFamily(name, text, labels=["stage", "reason"])
    for stage, row in ((ledger or {}).get("stages") or {}).items():
        for reason, count in row.get("dropped", {}).items():
            found.add_metric([stage, reason], count)
    return found


def stages(name: str, text: str, ledger: Json | None) -> Iterator[Metric]:
    """A ledger stage by stage: ``offered``, ``delivered``, ``in_flight``, ``dropped`` and ``unexplained``; and whether
    it balances, with links and witnesses.
    """
    if not ledger or not ledger.get("stages"):
        return
    found = GaugeMetricFamily(f"{name}_items", f"{text}, by stage.", labels=["stage", "unit", "column"])
    for stage, row in ledger["stages"].items():
        counts = {column: row.get(column, 0) for column in ("offered", "delivered", "in_flight", "unexplained")}
        for column, count in (counts | {"dropped": sum(row.get("dropped", {}).values())}).items():
            found.add_metric([stage, row.get("unit", "frames"), column], count)
    yield found
    faults = GaugeMetricFamily(f"{name}_faults", f"{text}: stages, links and witnesses that do not agree.")
    faults.add_metric([], len(ledger.get("faults", [])))
    yield faults


def _histogram(latency: LatencyCounts) -> Metric:
    buckets = [(f"{bound / 1000:g}", count) for bound, count in zip(BOUNDS_MS, latency.up_to_bounds(), strict=True)]
    found = HistogramMetricFamily(
        "tenfold_detection_latency_seconds", "From a flow's first frame until its first attack verdict can be read."
    )
    found.add_metric([], [*buckets, ("+Inf", latency.total)], latency.sum_ms / 1000)
    return found
