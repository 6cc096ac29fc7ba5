"""How far a detector's clock is from that of the traffic, told from its own alerts.

An alert that names a flow was raised while that flow lived, if both clocks agree: so each such pair bounds the offset
from below and above. The offset that most alerts agree on is the answer (Marzullo's algorithm, as RFC 5905, section
11.2.1, uses it to choose among clocks). What a detector takes to raise an alert after a flow has ended cannot be told
from a clock that is ahead by as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from campaign.alert_matching import FLOW, match
from campaign.alert_table import I64, Alerts
from campaign.true_flows import TrueFlows

_FARTHEST_NS: Final = 26 * 3_600_000_000_000  # a clock set to the local time of anywhere, on either side of midnight
_MOST_ALERTS: Final = 2_000
_MOST_PAIRS: Final = 2_000_000
_SLACK_NS: Final = 1_000_000  # stamps are good to a microsecond or a millisecond


@dataclass(frozen=True)
class Offset:
    """``seconds`` is 0 where ``low`` and ``high`` allow that; None where nothing could be told."""

    seconds: float | None
    low: float | None
    high: float | None
    agreeing: int
    of: int

    def as_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "seconds": self.seconds,
            "low": self.low,
            "high": self.high,
            "agreeing": self.agreeing,
            "of": self.of,
        }


def estimate(alerts: Alerts, truth: TrueFlows, seed: int = 0) -> Offset:
    """The offset of the stamps of ``alerts``: positive where the detector's clock is ahead."""
    if not len(alerts) or not len(truth):
        return Offset(None, None, None, 0, 0)
    sample = _sample(alerts)
    found = match(sample, truth, _FARTHEST_NS, seed)
    exact = found.level[found.alert] == FLOW
    alert, row = found.alert[exact][:_MOST_PAIRS], found.row[exact][:_MOST_PAIRS]
    if not len(alert):
        return Offset(None, None, None, 0, len(sample))
    low = sample.time[alert] - truth.last[row] - _SLACK_NS
    high = sample.time[alert] - truth.first[row] + _SLACK_NS
    begin, end, count = _most(low, high)
    seconds = 0.0 if begin <= 0 <= end else (begin + end) / 2e9
    return Offset(round(seconds, 6), begin / 1e9, end / 1e9, count, len(np.unique(alert)))


def _sample(alerts: Alerts) -> Alerts:
    """Evenly spread alerts, which is all where they are few."""
    step = max(1, len(alerts) // _MOST_ALERTS)
    columns = {name: value[::step] for name, value in vars(alerts).items() if name != "kinds"}
    return Alerts(**columns, kinds=alerts.kinds)


def _most(low: I64, high: I64) -> tuple[int, int, int]:
    """The interval that lies in most of the given ones; of several as good the one nearest to 0."""
    edges = np.concatenate((low, high))
    step = np.concatenate((np.ones(len(low), np.int64), np.full(len(high), -1, np.int64)))
    order = np.lexsort((-step, edges))
    inside = np.cumsum(step[order])
    most = int(inside.max())
    starts = np.flatnonzero(inside == most)
    begins, ends = edges[order][starts], edges[order][np.minimum(starts + 1, len(edges) - 1)]
    distance = np.maximum(np.maximum(begins, -ends), 0)
    best = int(np.argmin(distance))
    return int(begins[best]), int(ends[best]), most
