"""Pages that many ask for: made once for each state of the store, and sent to whoever asks until something is written.

A route says how its page is made (``Recipe``); the same request again goes past routing and parameters, to the bytes of
before or to the recipe. Nothing old is ever sent: the store is asked for its last commit each time, which is cheap.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from api.callers import STATE
from api.problems import ProblemError
from api.runs import RunBook, State
from contract.errors import TenfoldError
from contract.version import VERSION

OFFER: Final = "tenfold.page"
_MOST_BYTES: Final = 64 << 20
_MOST_PAGES: Final = 512
_LARGE: Final = 8 << 20
_Headers = tuple[tuple[bytes, bytes], ...]
_Key = tuple[str, bytes, bytes]


@dataclass(frozen=True)
class Made:
    """One page, and the state of the store at which it was made (None: it was not kept in one)."""

    body: bytes
    media_type: str
    headers: dict[str, str]
    state: State | None


@dataclass(frozen=True)
class Recipe:
    """How a page is made: of which run (None: the one on show), and by what. ``make`` runs in a thread."""

    run: str | None
    make: Callable[[], Made]


@dataclass
class _Page:
    """A page that is kept, ready to be sent."""

    recipe: Recipe
    route: Any
    state: State
    body: bytes
    headers: _Headers
    tag: bytes
    asked: float  # its making began then, or later


@dataclass
class Offer:
    """Where a route leaves its page; put into the scope by ``PageCache``."""

    recipe: Recipe | None = None
    made: Made | None = None


@dataclass
class _Shelf:
    """The pages that are kept, the one asked for last at the end."""

    pages: OrderedDict[_Key, _Page] = field(default_factory=OrderedDict)
    size: int = 0

    def put(self, key: _Key, page: _Page) -> None:
        self.drop(key)
        if len(page.body) > _LARGE:
            return
        self.pages[key] = page
        self.size += len(page.body)
        while self.size > _MOST_BYTES or len(self.pages) > _MOST_PAGES:
            self.drop(next(iter(self.pages)))

    def drop(self, key: _Key) -> None:
        found = self.pages.pop(key, None)
        self.size -= len(found.body) if found else 0


class PageCache:
    """Wraps the application, inside of ``Guard``: who asks has been looked at already. ``scope`` is what it needs."""

    def __init__(self, app: ASGIApp, runs: RunBook, paths: frozenset[str], scope: str) -> None:
        self.app, self._runs, self._paths, self._scope = app, runs, paths, scope
        self._shelf = _Shelf()
        self._making: dict[_Key, asyncio.Future[None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or have the route answer and keep that."""
        if scope["type"] != "http" or scope["path"] not in self._paths or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        key = (scope["path"], scope["query_string"], headers.get(b"accept", b""))
        caller = scope.get(STATE)
        page = None
        if caller is not None and self._scope in caller.scopes:
            page = await self._fresh(key)
        if page is None:
            offer = scope[OFFER] = Offer()
            asked = time.monotonic()
            await self.app(scope, receive, send)
            self._keep(key, offer, scope.get("route"), asked)
            return
        self._shelf.pages.move_to_end(key)
        scope["route"] = page.route
        await _send(page, headers.get(b"if-none-match", b""), send)

    async def _fresh(self, key: _Key) -> _Page | None:
        """The page as it is now; None where the route has to answer."""
        arrived = time.monotonic()
        while (page := self._shelf.pages.get(key)) is not None:
            try:
                state = await self._state(page.recipe.run)
            except (ProblemError, TenfoldError):
                break
            if page.state == state or page.asked >= arrived:
                return page
            if key in self._making:
                await asyncio.wait([self._making[key]])
            elif not await self._again(key, page):
                break
        self._shelf.drop(key)
        return None

    async def _state(self, run: str | None) -> State:
        name = self._runs.name_of(run) or (await run_in_threadpool(self._runs.choose, run)).id
        return self._runs.state_of(name)

    async def _again(self, key: _Key, page: _Page) -> bool:
        """Make a page again; whoever comes meanwhile waits for it."""
        done = self._making[key] = asyncio.get_running_loop().create_future()
        asked = time.monotonic()
        try:
            made = await run_in_threadpool(page.recipe.make)
        except (ProblemError, TenfoldError):
            return False
        finally:
            del self._making[key]
            done.set_result(None)
        self._keep(key, Offer(page.recipe, made), page.route, asked)
        return key in self._shelf.pages

    def _keep(self, key: _Key, offer: Offer, route: Any, asked: float) -> None:  # noqa: ANN401 - a starlette route
        if offer.recipe is None or offer.made is None or offer.made.state is None:
            return
        made, state = offer.made, offer.made.state
        kind = f"{made.media_type}; charset=utf-8" if made.media_type.startswith("text/") else made.media_type
        rows = {**made.headers, "content-type": kind, "content-length": str(len(made.body))}
        headers = tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in rows.items())
        tag = made.headers.get("ETag", "").encode("latin-1")
        self._shelf.put(key, _Page(offer.recipe, route, state, made.body, headers, tag, asked))


def tag_of(state: State, asked: str) -> str:
    """The weak ETag of a page: what was asked for, of which state. Equal ones hold the same, made at other times."""
    text = f"{VERSION} {state.run} {state.inode} {state.commit} {asked}"
    return f'W/"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"'


def is_known(tag: str, if_none_match: str) -> bool:
    """Whether a client has what the tag stands for (RFC 9110, 13.1.2: compared weakly)."""
    bare = tag.removeprefix("W/")
    return any(part.strip().removeprefix("W/") in (bare, "*") for part in if_none_match.split(",") if part.strip())


async def _send(page: _Page, if_none_match: bytes, send: Send) -> None:
    known = if_none_match and is_known(page.tag.decode("latin-1"), if_none_match.decode("latin-1"))
    headers = page.headers
    if known:
        headers = tuple(row for row in headers if row[0] not in (b"content-type", b"content-length"))
    await send({"type": "http.response.start", "status": 304 if known else 200, "headers": list(headers)})
    await send({"type": "http.response.body", "body": b"" if known else page.body})
