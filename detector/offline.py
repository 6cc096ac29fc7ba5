"""A whole capture through the detector, with everything that comes out kept."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from contract.alert import Alert
from contract.ledger import Ledger
from contract.schemas import FLOWS, VERDICTS
from detector.capture.opening import open_capture
from detector.capture.source import Source
from detector.config import Config
from detector.pipeline import Detector, Judge

Progress = Callable[[int], None]


@dataclass
class Result:
    """What the detector made of a capture. ``alerts`` holds the last revision of each, in the order of their ids.

    ``silenced`` is what would have been alerts, had the configuration not allowed or muted it.
    """

    flows: pa.Table
    verdicts: pa.Table
    alerts: list[Alert]
    ledger: Ledger
    frames: int
    seconds: float  # wall time that it took
    notes: list[str] = field(default_factory=list)
    latency_ms: dict[str, Any] = field(default_factory=dict)  # of a tick: percentiles
    stages_ms: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    silenced: list[Alert] = field(default_factory=list)
    drift: dict[str, Any] = field(default_factory=dict)  # detector.drift.Drift.report


def detect(
    path: Path,
    model: Judge,
    config: Config | None = None,
    progress: Progress | None = None,
    until_ns: int | None = None,
) -> Result:
    """Run a capture through a new detector.

    A capture that is cut off is read up to the cut, and ``Result.notes`` says so. ``progress`` gets the frames read so
    far after each batch. ``until_ns`` says until when was recorded (else until the last frame): see
    ``Detector.finish``. Raises ``InputError`` where it is missing or no capture, ``LackingError`` where a shard's
    process is lost.
    """
    return detect_source(open_capture(path), model, config, progress, until_ns)


def detect_source(
    source: Source,
    model: Judge,
    config: Config | None = None,
    progress: Progress | None = None,
    until_ns: int | None = None,
) -> Result:
    """Run the frames of an opened source through a new detector: see ``detect``."""
    with contextlib.closing(Detector(config or Config(), model)) as detector:
        return _run(source, detector, progress, until_ns)


def _run(source: Source, detector: Detector, progress: Progress | None, until_ns: int | None) -> Result:
    flows: list[pa.RecordBatch] = []
    verdicts: list[pa.RecordBatch] = []
    alerts: dict[int, Alert] = {}

    def collect() -> None:
        out = detector.outputs()
        if out.flows is not None:
            flows.append(out.flows)
        if out.verdicts is not None:
            verdicts.append(out.verdicts)
        alerts.update({alert.alert_id: alert for alert in out.alerts})

    begin = time.perf_counter()
    for batch in source.batches():
        detector.feed(batch)
        collect()
        if progress:
            progress(detector.status()["frames"])
    detector.finish(until_ns)
    collect()
    ledger = Ledger()
    ledger.stages["capture"] = source.ledger_stage
    ledger.merge(detector.settle())
    ledger.link("capture", "decode")
    known = [alerts[number] for number in sorted(alerts)]
    return Result(
        pa.Table.from_batches(flows, FLOWS),
        pa.Table.from_batches(verdicts, VERDICTS).unify_dictionaries(),
        [alert for alert in known if not alert.silenced],
        ledger,
        detector.status()["frames"],
        time.perf_counter() - begin,
        list(source.notes),
        detector.stopwatch.ticks_ms(),
        detector.stopwatch.stages_ms(),
        detector.status(),
        [alert for alert in known if alert.silenced],
        detector.drift.report(),
    )
