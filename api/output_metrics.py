"""The outputs as Prometheus sees them: what was delivered, what was not, what waits, since when."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

_LABELS: Final = ("run", "output")
_WELL: Final = ("following", "ended")
_OUTCOMES: Final = ("delivered", "dead", "dead_lost", "left_out")
Json = dict[str, Any]


class OutputMetrics:
    """Collected at each scrape from the states that it was last given, by run (see ``store.outputs.state``)."""

    def __init__(self) -> None:
        self._states: dict[str, Sequence[Json]] = {}

    def show(self, states: Mapping[str, Sequence[Json]]) -> None:
        """Tell of other states."""
        self._states = dict(states)

    def collect(self) -> Iterator[Metric]:
        """Prometheus' own name for it."""
        found = [(run, one) for run, states in self._states.items() for one in states]
        if not found:
            return
        records = CounterMetricFamily(
            "tenfold_output_records", "Records of an output by what became of them.", labels=[*_LABELS, "outcome"]
        )
        retries = CounterMetricFamily("tenfold_output_retries", "Batches that were tried again.", labels=_LABELS)
        waiting = GaugeMetricFamily("tenfold_output_waiting", "Records that wait for an output.", labels=_LABELS)
        lag = GaugeMetricFamily(
            "tenfold_output_lag_seconds", "Since when nothing was delivered although something waits.", labels=_LABELS
        )
        well = GaugeMetricFamily("tenfold_output_up", "Whether its target took what it was last sent.", labels=_LABELS)
        for run, state in found:
            counts, names = state["counts"], [run, state["output"]]
            for outcome in _OUTCOMES:
                records.add_metric([*names, outcome], counts[outcome])
            retries.add_metric(names, counts["retried"])
            waiting.add_metric(names, counts["waiting"])
            lag.add_metric(names, lag_s(state, time.time()))
            well.add_metric(names, state["state"] in _WELL)
        yield from (records, retries, waiting, lag, well)


def lag_s(state: Json, now: float) -> float:
    """Seconds since the last delivery while something waits; infinite where nothing ever was delivered, else 0."""
    if not state["counts"]["waiting"]:
        return 0.0
    if not state["last_delivered"]:
        return float("inf")
    return max(0.0, now - datetime.fromisoformat(state["last_delivered"]).timestamp())
