"""What the detector found goes to the store: a thread that commits, so that a slow disk does not stop detection."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final, Protocol

import pyarrow as pa

from contract.alert import Alert
from contract.errors import TenfoldError
from contract.frontier import Frontier
from contract.ledger import Ledger
from contract.schemas import FLOWS, VERDICTS
from detector.pipeline import Outputs

_MOST_WAITING: Final = 40  # ticks' outputs; beyond, the detector waits


class Writer(Protocol):
    """What is needed of a ``store.writer.StoreWriter``."""

    def commit(
        self, flows: pa.RecordBatch | None, verdicts: pa.RecordBatch | None, alerts: list[Alert], *, key: str | None
    ) -> int:
        """Write all or nothing, under a key; the time at which it can be read."""


class Outbox:
    """Commits outputs in order; whatever waits goes into one commit. ``put`` blocks when too much waits.

    ``readable_ns`` says when the last commit was readable, ``settled`` how far the stream is told in what has been
    committed (None where nobody says with ``put``); each commit has that as its key. Where a commit fails, ``put`` and
    ``close`` raise its error.
    """

    def __init__(self, writer: Writer) -> None:
        self.ledger = Ledger()
        self.readable_ns = 0
        self.commits = 0
        self._stages = {"flows": self.ledger.stage("store_flows", "flows")}
        self._stages["verdicts"] = self.ledger.stage("store_verdicts", "verdicts")
        self._stages["alerts"] = self.ledger.stage("store_alerts", "alert writings")
        self._writer = writer
        self.settled: Frontier | None = None
        self._waiting: deque[tuple[Outputs, Frontier | None]] = deque()
        self._turn = threading.Condition()
        self._ending = False
        self._error: TenfoldError | None = None
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def put(self, outputs: Outputs, told: Frontier | None = None) -> None:
        """Hand over outputs, and up to where they tell the stream. Raises what a commit raised."""
        if not outputs:
            self._reach(told)
            return
        with self._turn:
            self._turn.wait_for(lambda: len(self._waiting) < _MOST_WAITING or self._error)
            if self._error:
                raise self._error
            for name, rows in _rows(outputs).items():
                self._stages[name].offered += rows
                self._stages[name].in_flight += rows
            self._waiting.append((outputs, told))
            self._turn.notify_all()

    def _reach(self, told: Frontier | None) -> None:
        """The stream is told further than it was, without anything that is to be committed."""
        with self._turn:
            if self._waiting:
                self._waiting[-1] = (self._waiting[-1][0], told)
            else:
                self.settled = told

    @property
    def waiting(self) -> int:
        """Outputs that are not yet committed."""
        return len(self._waiting)

    def close(self) -> None:
        """Commit what waits and end. Raises what a commit raised."""
        with self._turn:
            self._ending = True
            self._turn.notify_all()
        self._thread.join()
        if self._error:
            raise self._error

    def _run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._waiting or self._ending)
                if not self._waiting:
                    return
                together = _join([part for part, _ in self._waiting])
                handed = sum(len(part.alerts) for part, _ in self._waiting)
                taken = len(self._waiting)
                told = self._waiting[-1][1]
            key = f"{told} {self.commits}" if told else None  # no two commits may have the same
            try:
                readable = self._writer.commit(together.flows, together.verdicts, together.alerts, key=key)
            except TenfoldError as error:
                with self._turn:
                    self._error = error
                    self._turn.notify_all()
                return
            with self._turn:
                for _ in range(taken):
                    self.settled = self._waiting.popleft()[1]
                self.readable_ns = readable
                self.commits += 1
                self._count(together, handed)
                self._turn.notify_all()

    def _count(self, written: Outputs, handed: int) -> None:
        """Count what a commit wrote; of an alert that was handed over twice meanwhile the later word was enough."""
        for name, rows in _rows(written).items():
            self._stages[name].delivered += rows
            self._stages[name].in_flight -= rows
        again = handed - len(written.alerts)
        self._stages["alerts"].drop("superseded", again)
        self._stages["alerts"].in_flight -= again


def _rows(outputs: Outputs) -> dict[str, int]:
    return {
        "flows": outputs.flows.num_rows if outputs.flows is not None else 0,
        "verdicts": outputs.verdicts.num_rows if outputs.verdicts is not None else 0,
        "alerts": len(outputs.alerts),
    }


def _join(parts: list[Outputs]) -> Outputs:
    alerts: dict[int, Alert] = {}
    for part in parts:
        for alert in part.alerts:  # of an alert written twice, the later word counts
            alerts.pop(alert.alert_id, None)
            alerts[alert.alert_id] = alert
    return Outputs(
        _one([p.flows for p in parts if p.flows is not None], FLOWS),
        _one([p.verdicts for p in parts if p.verdicts is not None], VERDICTS),
        list(alerts.values()),
    )


def _one(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch | None:
    if len(batches) <= 1:
        return batches[0] if batches else None
    joined: pa.RecordBatch = (
        pa.Table.from_batches(batches, schema).unify_dictionaries().combine_chunks().to_batches()[0]
    )
    return joined
