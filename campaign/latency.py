"""Latency by stage as HdrHistograms: what lies between a frame's planned time and the verdict that can be read.

Stages, all for the verdict with which a flow first is called an attack:

* ``decide``: from the flow's first frame to the end of the tick in which it was called an attack (event time);
* ``commit``: from there to the moment at which readers of the store see it;
* ``total``: both, that is from the planned time of the flow's first frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from hdrh.histogram import HdrHistogram

from campaign.runfolder import read_json, write_json
from contract.families import BENIGN
from store.seen import Seen

STAGES: Final = ("decide", "commit", "total")
PERCENTILES: Final = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0)
_LOWEST_US, _HIGHEST_US, _DIGITS = 1, 3_600_000_000, 3
I64 = npt.NDArray[np.int64]


class StageLatencies:
    """Collects verdicts in the order of their commits; each flow counts once."""

    def __init__(self) -> None:
        self.histograms = {name: HdrHistogram(_LOWEST_US, _HIGHEST_US, _DIGITS) for name in STAGES}
        self._seen = Seen()
        self._seen.first_turns(np.zeros(0, np.uint64), np.zeros(0, np.bool_), np.zeros(0, np.bool_))  # load the kernel
        self._families: dict[str, HdrHistogram] = {}

    def add(self, verdicts: pa.Table) -> I64:
        """Take verdicts with a column ``committed``; the total latencies in ns of flows that newly are attacks."""
        words = verdicts.column("family").cast(pa.string())
        attack = np.asarray(pc.not_equal(words, BENIGN).cast(pa.uint8())).astype(np.bool_)
        final = np.asarray(verdicts.column("final").cast(pa.uint8())).astype(np.bool_)
        ids = np.asarray(verdicts.column("flow_id"))
        rows = np.flatnonzero(self._seen.first_turns(ids, attack, final))
        if not len(rows):
            return np.zeros(0, np.int64)
        first, decided, committed = (
            np.asarray(verdicts.column(name).cast(pa.int64()))[rows] for name in ("first", "decided", "committed")
        )
        spans = {"decide": decided - first, "commit": committed - decided, "total": committed - first}
        for name, span in spans.items():
            record(self.histograms[name], span)
        said = words.to_numpy(zero_copy_only=False)[rows]
        for family in np.unique(said.astype(str)):
            histogram = self._families.setdefault(str(family), HdrHistogram(_LOWEST_US, _HIGHEST_US, _DIGITS))
            record(histogram, spans["total"][said == family])
        total: I64 = spans["total"]
        return total

    def as_dict(self) -> dict[str, Any]:
        """Percentiles, counts and the encoded histograms, in microseconds."""
        return {
            "unit": "us",
            "stages": {name: describe(histogram) for name, histogram in self.histograms.items()},
            "families": {name: describe(histogram) for name, histogram in sorted(self._families.items())},
        }


def record(histogram: HdrHistogram, nanoseconds: I64) -> None:
    """Add values; equal ones (to three digits) are added together, since each call costs microseconds."""
    micro = np.clip(nanoseconds // 1000, _LOWEST_US, _HIGHEST_US)
    step = 10 ** np.maximum(np.floor(np.log10(micro)).astype(np.int64) - (_DIGITS - 1), 0)
    values, counts = np.unique(micro // step * step, return_counts=True)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        histogram.record_value(value, count)


def describe(histogram: HdrHistogram) -> dict[str, Any]:
    """One histogram as JSON: percentiles and HdrHistogram's own compressed form."""
    count = histogram.get_total_count()
    return {
        "count": count,
        "mean": round(mean(histogram), 1) if count else None,
        "percentiles": {f"{p:g}": histogram.get_value_at_percentile(p) if count else None for p in PERCENTILES},
        "hdr": histogram.encode().decode(),
    }


def mean(histogram: HdrHistogram) -> float:
    """The mean of what was recorded, each value taken in the middle of its bucket; 0 where nothing was.

    The library's own looks at every bucket in Python, used or not.
    """
    counts = np.ctypeslib.as_array(histogram.counts)
    used = np.flatnonzero(counts)
    if not len(used):
        return 0.0
    lowest = [histogram.get_value_from_index(int(at)) for at in used]
    highest = [histogram.get_highest_equivalent_value(value) for value in lowest]
    return float(np.average((np.array(lowest) + np.array(highest) + 1) // 2, weights=counts[used]))


def measure(tables: Iterable[pa.Table]) -> StageLatencies:
    """The latencies of a whole run, from ``StoreReader.verdict_tables()``."""
    latencies = StageLatencies()
    for table in tables:
        latencies.add(table)
    return latencies


def write(path: Path, latencies: StageLatencies) -> None:
    """Write ``latency.json``."""
    write_json(path, latencies.as_dict())


def read(path: Path) -> dict[str, Any]:
    """Read ``latency.json``; empty where there is none. Raises ``InputError`` where it is something else."""
    return read_json(path)
