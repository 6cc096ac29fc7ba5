"""Batches of the spool, in the order of arrival: those that wait, those that were sent, and the counts of both."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

from campaign.sent_batches import SentBatches
from campaign.spool import Batch
from contract.ledger import Ledger, Stage


class HeldBatches:
    """For one thread at a time: the caller has a lock. ``unit`` is that of what a batch holds."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.waiting: deque[Batch] = deque()
        self.uncounted = SentBatches()
        self.backlog = 0  # bytes that wait
        self.sent = 0  # frames that were sent to the present child
        self.left: list[Batch] = []  # what an earlier process left in the spool
        self._batches, self._contents = Stage("batches"), Stage(unit)

    @property
    def delivered(self) -> int:
        """Batches of which a detector has told all."""
        return self._batches.delivered

    def queue(self, batch: Batch) -> None:
        """One more waits."""
        self.waiting.append(batch)
        self.backlog += batch.bytes
        self._batches.offered += 1
        self._contents.offered += batch.frames

    def queue_left(self, batches: list[Batch]) -> None:
        """Those wait that an earlier process left."""
        for batch in batches:
            self.queue(batch)
        self.left = batches

    def first_sent(self, counted: int) -> None:
        """The first that waits was sent; the child will count so much of it."""
        batch = self.waiting.popleft()
        self.backlog -= batch.bytes
        self.sent += counted
        self.uncounted.add(self.sent, batch)

    def first_told(self, batch: Batch) -> None:
        """The detector has told of the first that was sent, and its file is gone."""
        self.uncounted.forget_first()
        self._deliver(batch)

    def told_before(self, batch: Batch) -> None:
        """One that waits needs not be sent: a detector before this one has told of it."""
        self._take_out(batch)
        self._deliver(batch)

    def drop(self, batch: Batch, reason: str) -> None:
        """One that waits is not sent."""
        self._take_out(batch)
        self._batches.drop(reason)
        self._contents.drop(reason, batch.frames)

    def child_ended(self) -> None:
        """What it did not count is for the next one."""
        uncounted: list[Batch] = []
        gone: list[Batch] = []
        for batch in self.uncounted.all:
            (uncounted if batch.path.exists() else gone).append(batch)
        self._batches.drop("vanished", len(gone))
        self._contents.drop("vanished", sum(batch.frames for batch in gone))
        self.backlog += sum(batch.bytes for batch in uncounted)
        self.waiting.extendleft(reversed(uncounted))
        self.uncounted.clear()
        self.sent = 0

    def figures(self) -> dict[str, Any]:
        """Batches and bytes that wait, and frames sent to the present child."""
        return {"waiting": len(self.waiting), "backlog_bytes": self.backlog, "forwarded_frames": self.sent}

    def ledger(self, kind: str) -> Ledger:
        """From kept batches to what the detector counted of them; ``kind`` begins the stages' names."""
        held = [*self.waiting, *self.uncounted.all]
        self._batches.in_flight, self._contents.in_flight = len(held), sum(batch.frames for batch in held)
        ledger = Ledger({f"{kind}forwarded": replace(self._batches)})
        ledger.stages[f"{kind}forwarded_{self.unit}"] = replace(self._contents)
        kept = self._batches.offered - len(self.left)
        ledger.witness("the spool, less what was in it at the start,", f"{kind}posts", "delivered", kept)
        return ledger

    def _take_out(self, batch: Batch) -> None:
        self.waiting.remove(batch)
        self.backlog -= batch.bytes

    def _deliver(self, batch: Batch) -> None:
        self._batches.delivered += 1
        self._contents.delivered += batch.frames
