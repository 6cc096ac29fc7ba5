"""An interface through the detector, for as long as somebody wants: what comes out is handed on, not kept."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pyarrow.compute as pc

from contract.alert import Alert
from contract.clock import Clock
from contract.ledger import Ledger
from detector.capture.live_socket import Ring
from detector.config import Config
from detector.live_inbox import LiveInbox
from detector.pipeline import Detector, Judge, Outputs
from detector.serving import Pulse
from detector.warm import warm_up

_MOST_ALERTS: Final = 10_000


@dataclass
class Heard:
    """What was heard. ``alerts`` holds the last revision of each; ``families`` counts flows that ended by verdict."""

    frames: int = 0
    flows: int = 0
    seconds: float = 0.0  # for how long we listened
    families: Counter[str] = field(default_factory=Counter)
    alerts: dict[int, Alert] = field(default_factory=dict)
    silenced: dict[int, Alert] = field(default_factory=dict)  # those that the configuration allows or mutes
    forgotten: int = 0  # alerts told and not kept: there were more than can be
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    latency_ms: dict[str, Any] = field(default_factory=dict)  # of a tick: percentiles
    stages_ms: dict[str, float] = field(default_factory=dict)
    drift: dict[str, Any] = field(default_factory=dict)  # detector.drift.Drift.report


def listen(
    rings: Sequence[Ring],
    model: Judge,
    stop: threading.Event,
    seconds: float | None,
    told: Callable[[Outputs], None],
    begun: Callable[[], None] = lambda: None,
    config: Config | None = None,
) -> Heard:
    """Detect what an interface brings until ``stop`` is set or ``seconds`` are over, then finish what was received.

    ``told`` gets whatever comes out, as it comes; ``begun`` is called when frames are let in. Raises ``InputError``
    where the interface goes away, after what had come was told.
    """
    clock = Clock.start()
    warm_up(model)
    config = config or Config()
    if not config.seed:  # whom we listen to may be hostile
        config = replace(config, seed=secrets.randbits(63))
    detector = Detector(config, model, clock)
    heard = Heard()
    inbox = LiveInbox(rings, clock, lab=False)
    begun()
    began = time.monotonic()
    pulse = Pulse(inbox, detector, clock)
    try:
        over = False
        while not over:
            if stop.is_set() or (seconds is not None and time.monotonic() - began >= seconds):
                inbox.stop()
            outputs, over = pulse.beat()
            _note(heard, outputs, told)
        heard.seconds = time.monotonic() - began
        detector.finish()
        _note(heard, detector.outputs(), told)
    finally:
        inbox.close()
        detector.close()
    heard.frames = detector.frames
    heard.counts = detector.status() | inbox.status()["capture"]
    heard.ledger = inbox.ledger()
    heard.ledger.merge(detector.settle())
    heard.ledger.link("receive", "decode")
    heard.notes = list(inbox.notes)
    heard.drift = detector.drift.report()
    if heard.forgotten:
        heard.notes.append(f"{heard.forgotten:,} alerts more were raised; the last {_MOST_ALERTS:,} are listed")
    heard.latency_ms, heard.stages_ms = detector.stopwatch.ticks_ms(), detector.stopwatch.stages_ms()
    if inbox.error:
        raise inbox.error
    return heard


def _note(heard: Heard, outputs: Outputs, told: Callable[[Outputs], None]) -> None:
    if not outputs:
        return
    if outputs.flows is not None:
        heard.flows += outputs.flows.num_rows
    if outputs.verdicts is not None:
        final = outputs.verdicts.filter(outputs.verdicts.column("final"))
        for row in pc.value_counts(final.column("family").cast("string")).to_pylist():
            heard.families[row["values"]] += row["counts"]
    for alert in outputs.alerts:
        (heard.silenced if alert.silenced else heard.alerts)[alert.alert_id] = alert
    for kept in (heard.alerts, heard.silenced):
        while len(kept) > _MOST_ALERTS:
            del kept[next(iter(kept))]
            heard.forgotten += 1
    told(outputs)
