"""Live streams: one poll of the store for all clients of a run, each event encoded once, a bounded queue a client.

A client that cannot keep up loses events and is told how many (``gap``); it never makes another wait.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Final

from starlette.concurrency import run_in_threadpool

from api.events import Client, event, with_id
from api.metrics import Metrics
from api.problems import ProblemError
from api.rows import AlertCache
from api.runs import RunBook, State
from api.settings import Settings
from api.statistics import Statistics, no_run
from contract.errors import TenfoldError
from contract.ledger import Ledger, Stage

_TICK_S: Final = 0.45
_REVISION_S: Final = 2.0
_TOGETHER_S: Final = 0.25  # revisions of that time go out together: each waking of a hundred clients costs
_GAP: Final = "gap"
_LEAST_PAUSE_S: Final = 0.005


@dataclass(frozen=True)
class News:
    """An alert as one commit wrote it, ready to be sent."""

    name: str
    commit: int
    data: bytes


def numbered(run: str, news: list[News], held: int | None, upto: int) -> list[tuple[str, bytes]]:
    """Events in the order of their commits, with the ids from which one may resume.

    An id says that everything up to that commit has been sent: so it stays before the next one's, and before ``held``,
    the first commit of what is held back. Something may be sent twice, nothing is lost.
    """
    found, least = [], upto if held is None else min(held - 1, upto)
    for one in reversed(sorted(news, key=lambda each: each.commit)):  # noqa: C413 - reverse=True would turn equals round
        found.append((one.name, with_id(one.data, f"{run}/{least}")))
        least = min(least, one.commit - 1)
    return found[::-1]


@dataclass
class _Channel:
    """The clients of one choice of run (None: whichever is on show) and the task that polls for them."""

    clients: set[Client] = field(default_factory=set)
    task: asyncio.Task[None] | None = None
    run: str = ""
    commit: int = 0
    state: State | None = None  # of the store, when it was last looked at
    ticking: asyncio.Task[None] | None = None
    revised: float = 0.0  # when revisions last went out
    last_tick: tuple[str, bytes] | None = None  # of which run, and without an id
    ticked: float = 0.0
    sent: dict[str, float] = field(default_factory=dict)  # when each alert was last sent
    held: dict[str, News] = field(default_factory=dict)  # revisions that wait for their turn

    @property
    def sent_up_to(self) -> int:
        """The last commit of which nothing waits any more."""
        return min([self.commit, *(one.commit - 1 for one in self.held.values())])

    def newest_tick(self) -> bytes:
        """The last tick, with the id from which one may resume now."""
        run, data = self.last_tick or ("", b"")
        return with_id(data, f"{run}/{self.sent_up_to}" if run == self.run else "")


class TooManyClientsError(Exception):
    """No place for another stream."""


class Broadcasts:
    """Hands what is new to every open stream."""

    def __init__(
        self, settings: Settings, runs: RunBook, statistics: Statistics, metrics: Metrics, alerts: AlertCache
    ) -> None:
        self._alerts = alerts
        self._settings, self._runs, self._statistics, self._metrics = settings, runs, statistics, metrics
        self._channels: dict[str | None, _Channel] = {}
        self.closing = False
        self._joining: set[Client] = set()
        self._stage = Stage("events")

    def ledger(self) -> Ledger:
        """What became of events: the stage ``stream``, an event counted for each client that it was for."""
        there = [client for channel in self._channels.values() for client in channel.clients]
        self._stage.in_flight = sum(client.held for client in {*there, *self._joining})
        return Ledger({"stream": self._stage})

    @property
    def clients(self) -> int:
        """Open streams."""
        return sum(len(channel.clients) for channel in self._channels.values())

    def stop(self) -> None:
        """End every stream; safe to call from a signal handler."""
        self.closing = True
        for channel in self._channels.values():
            for client in channel.clients:
                client.closed = True
                client.wake.set()

    async def join(self, run: str | None, last_event_id: str | None) -> Client:
        """Open a stream; the alerts that changed since ``last_event_id`` come first. Raises TooManyClientsError."""
        if self.closing or self.clients + len(self._joining) >= self._settings.max_clients:
            raise TooManyClientsError
        client = Client(self._settings.client_queue, self._stage)
        if last_event_id:
            self._joining.add(client)
            try:
                await self._catch_up(client, run, last_event_id)
            finally:
                self._joining.discard(client)
        channel = self._channels.setdefault(run, _Channel())
        channel.clients.add(client)
        self._metrics.clients.set(self.clients)
        if channel.last_tick is not None:
            client.put_tick(channel.newest_tick())
        if channel.task is None:
            channel.task = asyncio.create_task(self._poll(run, channel))
        return client

    def leave(self, run: str | None, client: Client) -> None:
        """Close a stream; the poll of a run that nobody watches ends."""
        client.left()
        channel = self._channels.get(run)
        if channel is None:
            return
        channel.clients.discard(client)
        if not channel.clients:
            for task in (channel.task, channel.ticking):
                if task is not None:
                    task.cancel()
            del self._channels[run]
        self._metrics.clients.set(self.clients)

    async def _catch_up(self, client: Client, run: str | None, last_event_id: str) -> None:
        """What changed since then, up to where the poll for this run is; nothing is awaited behind that."""
        name, _, text = last_event_id.rpartition("/")
        if not text.isdecimal() or len(text) > 18:
            return
        commit = int(text)
        with contextlib.suppress(ProblemError, TenfoldError):
            chosen = await run_in_threadpool(self._runs.choose, run)
            while chosen.id == name and chosen.has_store:
                news, upto = await run_in_threadpool(self._news, name, commit)
                for _, data in numbered(name, news, None, upto):
                    client.put(data)
                commit = upto
                channel = self._channels.setdefault(run, _Channel())
                if not channel.run:  # nobody polls yet: the first turn goes on from here
                    channel.run, channel.commit = name, upto
                if channel.run != name or channel.commit <= upto:
                    return

    async def _poll(self, run: str | None, channel: _Channel) -> None:
        """Look what is new, and have ticks made beside that: figures take long, and no alert waits for them."""
        loop = asyncio.get_running_loop()
        while not self.closing:
            start = loop.time()
            with contextlib.suppress(ProblemError, TenfoldError, OSError):  # the tick says what is the matter
                await self._look(run, channel)
            if start - channel.ticked >= _TICK_S and (channel.ticking is None or channel.ticking.done()):
                channel.ticked = start
                channel.ticking = asyncio.create_task(self._tick(run, channel))
            await asyncio.sleep(max(_LEAST_PAUSE_S, self._settings.poll_s - (loop.time() - start)))

    async def _tick(self, run: str | None, channel: _Channel) -> None:
        """Send the figures of now."""
        try:
            facts = await run_in_threadpool(self._runs.choose, run)
            document = await run_in_threadpool(self._statistics.of, facts)
        except (ProblemError, TenfoldError, OSError) as error:
            self._tick_to_all(channel, event("tick", no_run(str(error))))
            return
        channel.last_tick = (facts.id, event("tick", document))
        self._tick_to_all(channel, channel.newest_tick())

    async def _look(self, run: str | None, channel: _Channel) -> None:
        """Send what was written since the last look. A look at a store in which nothing was costs next to nothing."""
        name = self._runs.name_of(run) or (await run_in_threadpool(self._runs.choose, run)).id
        state = self._runs.state_of(name) if self._runs.has_store(name) else None
        if channel.run != name:
            channel.run, channel.commit = name, state.commit if state else 0
            channel.sent.clear()
            channel.held.clear()
        elif state and state != channel.state:
            news, channel.commit = await run_in_threadpool(self._news, name, channel.commit)
            self._send_alerts(channel, news)
        elif channel.held:
            self._send_alerts(channel, [])
        channel.state = state

    def _send_alerts(self, channel: _Channel, news: list[News]) -> None:
        """New alerts at once; one that lasts is revised all the time, so it is sent again every two seconds only."""
        now = asyncio.get_running_loop().time()
        channel.held.update({one.name: one for one in news})
        again = now - channel.revised >= _TOGETHER_S
        due = [
            name
            for name in channel.held
            if name not in channel.sent or (again and now - channel.sent[name] >= _REVISION_S)
        ]
        if again and due:
            channel.revised = now
        sending = [channel.held.pop(name) for name in due]
        waiting = min((one.commit for one in channel.held.values()), default=None)
        numbers = numbered(channel.run, sending, waiting, channel.commit)
        for name in due:
            channel.sent[name] = now
        if numbers:
            self._to_all(channel, b"".join(data for _, data in numbers), len(numbers))
            gaps = sum(name == _GAP for name, _ in numbers)
            for name, count in (("gap", gaps), ("alert", len(numbers) - gaps)):
                self._metrics.events.labels(name).inc(count * len(channel.clients))

    def _news(self, run: str, commit: int) -> tuple[list[News], int]:
        """Alerts that changed after a commit, the oldest first, encoded, and up to which commit that is all."""
        reader = self._runs.reader(run)
        # Read before the alerts: whatever comes in between is seen again next time rather than never.
        upto = reader.last_commit()
        if upto == commit:
            return [], commit
        page = reader.alerts(limit=self._settings.client_queue - 1, changed_after=commit)
        fragments = self._alerts.items(run, page.alerts)
        news = [
            News(str(document["alert_id"]), number, event("alert", fragment))
            for document, fragment, number in zip(page.alerts, fragments, page.commits, strict=True)
        ][::-1]
        if page.cursor is not None:
            detail = "More alerts changed at once than a stream carries; /v1/alerts has them."
            news.insert(0, News(_GAP, commit + 1, event("gap", {"dropped": 1, "detail": detail})))
        return news, upto

    def _to_all(self, channel: _Channel, data: bytes, events: int) -> None:
        for client in channel.clients:
            if lost := client.put(data, events):
                self._metrics.gaps.inc(lost)

    def _tick_to_all(self, channel: _Channel, data: bytes) -> None:
        for client in channel.clients:
            client.put_tick(data)
        self._metrics.events.labels("tick").inc(len(channel.clients))
