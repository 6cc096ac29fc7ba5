"""Server-sent events, and what waits for one client of a live stream."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from api.wire import encode
from contract.ledger import Stage

HEARTBEAT: Final = b": alive\n\n"


def event(name: str, document: Any, event_id: str = "") -> bytes:  # noqa: ANN401 - any JSON value
    """One server-sent event. JSON has no line ends, so one ``data`` line is enough."""
    return with_id(f"event: {name}\ndata: ".encode() + encode(document) + b"\n\n", event_id)


def with_id(data: bytes, event_id: str) -> bytes:
    """An event with its id in front."""
    return f"id: {event_id}\n".encode() + data if event_id else data


@dataclass(eq=False)
class Client:
    """One open stream: events that wait for it, the newest tick, and how many events it has lost.

    ``stage`` is the ledger of all streams; of what ``take`` gave it counts as delivered what ``sent`` confirms.
    """

    limit: int
    stage: Stage = field(default_factory=lambda: Stage("events"))
    waiting: deque[tuple[bytes, int]] = field(default_factory=deque)  # events in one piece, and how many they are
    waits: int = 0
    tick: bytes | None = None
    dropped: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False
    in_hand: int = 0

    @property
    def held(self) -> int:
        """Events that are not out yet."""
        return sum(events for _, events in self.waiting) + (self.tick is not None) + self.in_hand

    def put(self, data: bytes, events: int = 1) -> int:
        """Queue events; how many were dropped for them. Where the queue is full all that waits goes, and is counted."""
        lost = 0
        if self.waits and self.waits + events > self.limit:
            lost = self.waits
            self.dropped += lost
            self.stage.drop("slow_reader", lost)
            self.waiting.clear()
            self.waits = 0
        self.stage.offered += events
        self.waiting.append((data, events))
        self.waits += events
        self.wake.set()
        return lost

    def put_tick(self, data: bytes) -> None:
        """Only the newest tick matters: it takes the place of one that still waits."""
        self.stage.offered += 1
        self.stage.drop("superseded", int(self.tick is not None))
        self.tick = data
        self.wake.set()

    def sent(self) -> None:
        """What was taken is out."""
        self.stage.delivered += self.in_hand
        self.in_hand = 0

    def left(self) -> None:
        """The client is gone, or was cut off: what was not out never will be."""
        self.stage.drop("client_gone", self.held)
        self.waiting.clear()
        self.waits = self.in_hand = 0
        self.tick = None

    def take(self) -> bytes:
        """All that waits, in order, in one piece."""
        parts = []
        self.in_hand = self.held
        if self.dropped:
            parts.append(event("gap", {"dropped": self.dropped}))
            self.dropped = 0
        parts.extend(data for data, _ in self.waiting)
        self.waiting.clear()
        self.waits = 0
        if self.tick is not None:
            parts.append(self.tick)
            self.tick = None
        self.wake.clear()
        return parts[0] if len(parts) == 1 else b"".join(parts)
