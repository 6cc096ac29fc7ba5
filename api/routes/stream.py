"""Server-sent events: what happens, as it happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Receive, Scope, Send

from api import documents
from api.broadcast import Broadcasts, TooManyClientsError
from api.connections import LINK, BoundedProtocol
from api.events import HEARTBEAT, Client
from api.names import RunQuery
from api.problems import ProblemError
from api.rights import READ
from api.service import Shared
from api.settings import Settings

router = APIRouter(prefix="/v1", tags=["live"], dependencies=[READ])


class Taking:
    """Whether a client still takes what it is sent. The system would keep megabytes for one that does not."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._acknowledged, self._since, self._looked = -1, 0.0, 0.0

    def look(self, taken: Callable[[], tuple[int, int]]) -> None:
        """Look, a few times in its patience. Raises ``TimeoutError`` where nothing of what waits went for so long."""
        now = time.monotonic()
        if now - self._looked < self._patience_s / 8:
            return
        self._looked = now
        acknowledged, waiting = taken()
        if not waiting or acknowledged != self._acknowledged:
            self._acknowledged, self._since = acknowledged, now
        elif now - self._since >= self._patience_s:
            raise TimeoutError


class EventStream(Response):
    """Sends what waits for one client until it leaves; a client that takes nothing for long is cut off."""

    media_type = "text/event-stream"

    def __init__(self, broadcasts: Broadcasts, run: str | None, client: Client, settings: Settings) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._broadcasts, self._run, self._client, self._settings = broadcasts, run, client, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until either side ends."""
        leaving = asyncio.create_task(self._watch(receive))
        link: BoundedProtocol | None = scope.get(LINK)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._pump(send, link)
        except OSError as error:  # the client is gone or takes nothing: nothing more to say to it
            if isinstance(error, TimeoutError) and link is not None:
                link.cut("slow reader", forget=True)
        finally:
            leaving.cancel()
            self._broadcasts.leave(self._run, self._client)

    async def _pump(self, send: Send, link: BoundedProtocol | None) -> None:
        client, settings = self._client, self._settings
        taking = Taking(settings.patience_s)
        await _send(send, b"retry: 1000\n\n", settings.patience_s)
        while not client.closed:
            try:
                async with asyncio.timeout(settings.heartbeat_s):
                    await client.wake.wait()
            except TimeoutError:
                await _send(send, HEARTBEAT, settings.patience_s)
            else:
                await _send(send, client.take(), settings.patience_s)
                client.sent()
            if link is not None:
                taking.look(link.taken)
        await _send(send, b"", settings.patience_s, more=False)

    async def _watch(self, receive: Receive) -> None:
        while True:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                self._client.closed = True
                self._client.wake.set()
                return


async def _send(send: Send, body: bytes, patience_s: float, *, more: bool = True) -> None:
    async with asyncio.timeout(patience_s):  # unlike wait_for it makes no task, and this is done for each client
        await send({"type": "http.response.body", "body": body, "more_body": more})


@router.get(
    "/stream",
    operation_id="stream",
    summary="Live events",
    response_class=Response,
    responses=documents.text("text/event-stream", 404, 429),
)
async def stream(
    shared: Shared,
    run: RunQuery = None,
    last_event_id: Annotated[
        str | None, Header(max_length=160, description="The last `id` that was read; alerts since then come first.")
    ] = None,
) -> Response:
    """`alert` (new or revised), `tick` (the statistics, twice a second), `gap` (events were dropped for a slow client).

    Without `run` the stream follows whichever campaign is under way.
    """
    if run is not None:
        await run_in_threadpool(shared.runs.choose, run)
    try:
        client = await shared.broadcasts.join(run, last_event_id)
    except TooManyClientsError:
        limit = shared.settings.max_clients
        detail = f"{limit} streams are open, which is the limit; close one"
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "streams", detail, headers={"Retry-After": "5"}) from None
    return EventStream(shared.broadcasts, run, client, shared.settings)
