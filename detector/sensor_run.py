"""A sensor at work: frames of a capture or an interface are metered, and batches put into the spool."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from contract.clock import Clock
from contract.flow_batch import Note, write_batch
from contract.ledger import Ledger
from detector.capture.live_socket import Ring
from detector.capture.opening import open_capture
from detector.config import Config
from detector.flow_rows import joined, to_batch
from detector.live_inbox import LiveInbox
from detector.sensor import Sensor
from detector.sensor_spool import SensorSpool
from detector.tick import close_tick

EVERY_S: Final = 0.25
MOST_ROWS: Final = 16_384  # of one batch, before a tick is added that may make it more
_ALIVE_S: Final = 1.0  # a sensor that has nothing to tell says so


@dataclass
class Sensed:
    """What a sensor did."""

    frames: int = 0
    flows: int = 0  # rows told
    batches: int = 0
    bytes: int = 0
    dropped: int = 0  # batches that had to go, because the centre was away for too long
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    counts: dict[str, Any] = field(default_factory=dict)


class Teller:
    """Makes batches of what a sensor has to tell, numbered, and puts them into the spool."""

    def __init__(self, sensor: Sensor, spool: SensorSpool, name: str, peers: int, *, patient: bool) -> None:
        self._sensor, self._spool, self._patient = sensor, spool, patient
        self._name, self._peers = name, peers
        self._session = secrets.token_hex(6)
        self._sequence = 0
        self._frames = 0
        self._told = 0.0
        self.sensed = Sensed()

    def tell(self, *, force: bool = False) -> None:
        """Put a batch into the spool if it is time."""
        now = time.monotonic()
        waiting = self._sensor.waiting
        due = now - self._told >= (EVERY_S if waiting else _ALIVE_S)
        if not force and waiting < MOST_ROWS and not due:
            return
        self._told = now
        ticks = self._sensor.rows()
        batches = [to_batch(joined(ticks))] if ticks else []
        note = Note(
            self._name,
            self._session,
            self._sequence,
            through=self._sensor.through,
            newest=max(self._sensor.newest or 0, 0),
            done=self._sensor.done,
            peers=self._peers,
            frames=self._sensor.frames - self._frames,
            dropped=self._spool.dropped,
        )
        data = write_batch(note, batches)
        self._sequence += 1
        self._frames = self._sensor.frames
        self.sensed.flows += sum(batch.num_rows for batch in batches)
        self.sensed.batches += 1
        self.sensed.bytes += len(data)
        if self._spool.put(note.name, data, patient=self._patient):
            self._sensor.forget()

    def finish(self) -> Sensed:
        """The input has ended: tell the rest, and that it was the last."""
        self._sensor.finish()
        self.tell(force=True)
        found = self.sensed
        found.frames, found.dropped = self._sensor.frames, self._spool.dropped
        found.ledger.merge(self._sensor.settle())
        found.counts |= self._sensor.meter.counts()
        return found


def sense_capture(
    path: Path, config: Config, spool: SensorSpool, name: str, peers: int = 1, stop: threading.Event | None = None
) -> Sensed:
    """Meter a capture and tell of it; waits where the spool is full, since a recording can. Raises ``InputError``."""
    source = open_capture(path)
    sensor = Sensor(config)
    _warm(sensor)
    teller = Teller(sensor, spool, name, peers, patient=True)
    began = time.monotonic()
    try:
        teller.tell(force=True)  # the others hear of us before any tick is worked off
        for batch in source.batches():
            for low in range(0, batch.num_rows, MOST_ROWS):
                sensor.feed(batch.slice(low, MOST_ROWS))
                teller.tell()
            if stop is not None and stop.is_set():
                break
        sensed = teller.finish()
    finally:
        sensor.close()
    sensed.seconds = time.monotonic() - began
    sensed.ledger.stages = {"capture": source.ledger_stage, **sensed.ledger.stages}
    sensed.ledger.link("capture", "decode")
    sensed.notes += source.notes
    return sensed


def sense_interface(
    rings: Sequence[Ring],
    config: Config,
    spool: SensorSpool,
    name: str,
    peers: int,
    stop: threading.Event,
    seconds: float | None,
    begun: Callable[[], None] = lambda: None,
) -> Sensed:
    """Meter what an interface brings until ``stop`` is set or ``seconds`` are over; the oldest batches go where the
    spool is full. Raises ``InputError`` where the interface goes away, after what had come was told.
    """
    clock = Clock.start()
    sensor = Sensor(config, clock)
    _warm(sensor)
    teller = Teller(sensor, spool, name, peers, patient=False)
    inbox = LiveInbox(rings, clock, lab=False)
    begun()
    began = time.monotonic()
    try:
        over = False
        while not over:
            if stop.is_set() or (seconds is not None and time.monotonic() - began >= seconds):
                inbox.stop()
            batch, over = inbox.take(config.tick_ns / 1e9)
            if batch is not None:
                sensor.feed(batch)
            if inbox.complete_ns is not None:
                sensor.tick(inbox.complete_ns)
            teller.tell()
        sensed = teller.finish()
    finally:
        inbox.close()
        sensor.close()
    sensed.seconds = time.monotonic() - began
    ledger = inbox.ledger()
    ledger.merge(sensed.ledger)
    ledger.link("receive", "decode")
    sensed.ledger = ledger
    sensed.counts |= inbox.status()["capture"]
    sensed.notes += inbox.notes
    if inbox.error:
        raise inbox.error
    return sensed


def _warm(sensor: Sensor) -> None:
    """Compile the kernels, or load them, before the first frame."""
    sensor.meter.expire(0)
    close_tick(sensor.meter.table)
