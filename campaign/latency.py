"""Latency by stage as HdrHistograms: what lies between a frame's planned time and the verdict that can be read.

Stages, all for the verdict with which a flow first is called an attack:

* ``decide``: from the flow's first frame to the end of the tick in which it was called an attack (event time);
* ``commit``: from there to the moment at which readers of the store see it;
* ``total``: both, that is from the planned time of the flow's first frame.

``commit`` is told apart further where the run kept the times of its ticks (``detector.tick_times``) and commits:

* ``received``: from the end of that tick to the moment at which the detector had taken all its frames;
* ``metered``, ``classified``: until that tick's frames were in flows, and its verdicts said;
* ``queued``: until the writing of the commit that holds the verdict began;
* ``committed``: until it was on disk, which is when it can be read.

``decide`` and these five add up to ``total``. ``sent`` is the generator's own: how far from plan frames left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from hdrh.histogram import HdrHistogram

from campaign.runfolder import read_json, write_json
from contract.families import BENIGN
from detector.tick_times import TICKS
from store.seen import Seen

STAGES: Final = ("decide", "commit", "total")
PARTS: Final = ("received", "metered", "classified", "queued", "committed")
PERCENTILES: Final = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0)
_LOWEST_US, _HIGHEST_US, _DIGITS = 1, 3_600_000_000, 3
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Moments:
    """When ticks and commits were where: epoch ns, one element a tick and one a commit, each never decreasing.

    ``received``, ``metered`` and ``classified`` belong to the ticks that end at ``decided``; ``written`` (the writing
    began) and ``readable`` to the commits.
    """

    decided: I64
    received: I64
    metered: I64
    classified: I64
    written: I64
    readable: I64

    def parts(self, decided: I64, committed: I64) -> dict[str, I64]:
        """What each stage took of verdicts decided then and readable then: ns, one element a verdict."""
        commit = np.minimum(np.searchsorted(self.readable, committed), len(self.readable) - 1)
        begun = np.minimum(self.written[commit], committed)
        # A tick of very many frames is worked off in parts of one ``decided``: the last before the commit is meant.
        tick = np.searchsorted(self.decided, decided, side="right") - 1
        tick = np.maximum(np.minimum(tick, np.searchsorted(self.classified, begun, side="right") - 1), 0)
        stops = (decided, self.received[tick], self.metered[tick], self.classified[tick], begun, committed)
        rising = np.maximum.accumulate(np.stack(stops), axis=0)
        return dict(zip(PARTS, np.diff(np.minimum(rising, committed), axis=0), strict=True))


def moments(ticks: Path, written: I64, readable: I64) -> Moments | None:
    """The moments of a run from its file of ticks and the times of its commits; None where there are none.

    A file that is cut off is read up to the cut.
    """
    tables = []
    try:
        with ticks.open("rb") as file, pa.ipc.open_stream(file) as stream:
            for batch in stream:
                batch.validate(full=True)
                tables.append(batch)
    except FileNotFoundError:
        return None
    except (pa.ArrowException, OSError):
        pass  # what came before the cut counts
    if not tables or not len(readable) or tables[0].schema.names != list(TICKS.names):
        return None
    table = pa.Table.from_batches(tables)
    decided, received, metered, classified = (np.asarray(table.column(name).cast(pa.int64())) for name in TICKS.names)
    return Moments(decided, received, metered, classified, written, readable)


class StageLatencies:
    """Collects verdicts in the order of their commits; each flow counts once."""

    def __init__(self, moments: Moments | None = None) -> None:
        self._moments = moments
        names = STAGES + PARTS if moments else STAGES
        self.histograms = {name: HdrHistogram(_LOWEST_US, _HIGHEST_US, _DIGITS) for name in names}
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
        parts = self._moments.parts(decided, committed) if self._moments else {}
        for name, span in (spans | parts).items():
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


def measure(tables: Iterable[pa.Table], times: Moments | None = None) -> StageLatencies:
    """The latencies of a whole run, from ``StoreReader.verdict_tables()``."""
    latencies = StageLatencies(times)
    for table in tables:
        latencies.add(table)
    return latencies


def write(path: Path, latencies: StageLatencies, sent: dict[str, Any] | None = None) -> None:
    """Write ``latency.json``; ``sent`` is the generator's own word on how far from plan frames left."""
    document = latencies.as_dict()
    if sent and sent.get("count"):
        document["stages"] = {"sent": sent, **document["stages"]}
    write_json(path, document)


def read(path: Path) -> dict[str, Any]:
    """Read ``latency.json``; empty where there is none. Raises ``InputError`` where it is something else."""
    return read_json(path)
