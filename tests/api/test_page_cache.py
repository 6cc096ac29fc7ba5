from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable
from typing import Any

import pytest

from api.callers import STATE, Caller
from api.page_cache import OFFER, Made, PageCache, Recipe, is_known, tag_of
from api.problems import not_found
from api.runs import RunBook, State
from store.writer import StoreWriter
from tests.api.conftest import RUN, finish
from tests.api.helpers import alert, make_run, serving

READER = Caller("key", frozenset({"read"}))


class Route:
    """A route over a real store that counts how often it was asked, and how often its page was made."""

    def __init__(self, runs: RunBook, gate: Callable[[], None] = lambda: None) -> None:
        self.runs, self.gate, self.asked, self.made = runs, gate, 0, 0

    def make(self) -> Made:
        self.gate()
        run, state = self.runs.current(None)
        assert state is not None
        self.made += 1
        body = f"{run} {self.runs.reader(run).counts()['alerts']['total']} {self.made}".encode()
        return Made(body, "text/plain", {"ETag": tag_of(state, "x")}, state)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        made = await asyncio.to_thread(self.make)
        scope[OFFER].recipe, scope[OFFER].made = Recipe(None, self.make), made
        scope["route"] = self
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": made.body})


async def ask(cache: PageCache, query: bytes = b"", caller: Caller | None = READER, **headers: str):
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    rows = [(name.encode().replace(b"_", b"-"), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/list", "query_string": query, "headers": rows, STATE: caller}
    await cache(scope, lambda: None, send)
    return (
        sent[0]["status"],
        b"".join(message.get("body", b"") for message in sent[1:]),
        dict(sent[0]["headers"]),
        scope,
    )


@pytest.fixture
def kept(tmp_path):
    finish(make_run(tmp_path / "one", alerts=3, seconds=1, per_second=5))
    book = RunBook(tmp_path)
    route = Route(book)
    yield tmp_path, route, PageCache(route, book, frozenset({"/list"}), "read")
    book.close()


def test_a_page_is_made_once_until_something_is_written(kept):
    folder, route, cache = kept
    first = asyncio.run(ask(cache))
    again = asyncio.run(ask(cache))
    assert first[1] == again[1] == b"one 3 1"
    assert again[2][b"content-type"] == b"text/plain; charset=utf-8"
    assert again[3]["route"] is route  # what metrics and traces name it by
    with StoreWriter(folder / "one", compact_after=0) as writer:
        writer.commit(alerts=[alert(77)])
        assert asyncio.run(ask(cache))[1] == b"one 4 2"
        assert asyncio.run(ask(cache))[1] == b"one 4 2"
    assert route.asked == 1


def test_other_words_make_another_page(kept):
    _, route, cache = kept
    asyncio.run(ask(cache))
    asyncio.run(ask(cache, b"limit=3"))
    asyncio.run(ask(cache, accept="text/csv"))
    asyncio.run(ask(cache, accept="text/csv"))
    assert (route.asked, route.made) == (3, 3)


def test_who_may_not_read_gets_nothing_that_is_kept(kept):
    _, route, cache = kept
    asyncio.run(ask(cache))
    for caller in (None, Caller("sensor", frozenset({"ingest"}))):
        before = route.asked
        asyncio.run(ask(cache, caller=caller))
        assert route.asked == before + 1  # which refuses: the route says what it needs


def test_another_run_on_show_and_another_store_of_that_name_are_seen(kept):
    folder, _, cache = kept
    assert asyncio.run(ask(cache))[1].startswith(b"one 3 ")
    finish(make_run(folder / "two", alerts=5, seconds=1, per_second=5), started_ns=1 << 62)
    assert asyncio.run(ask(cache))[1].startswith(b"two 5 ")
    shutil.rmtree(folder / "two")
    finish(make_run(folder / "two", alerts=6, seconds=1, per_second=5), started_ns=1 << 62)
    assert asyncio.run(ask(cache))[1].startswith(b"two 6 ")


def test_many_who_ask_at_once_wait_for_one_making(kept):
    folder, route, cache = kept
    asyncio.run(ask(cache))
    with StoreWriter(folder / "one", compact_after=0) as writer:
        writer.commit(alerts=[alert(77)])
    go = threading.Event()
    route.gate = lambda: go.wait(30) and None

    async def many() -> list[Any]:
        asking = [asyncio.create_task(ask(cache)) for _ in range(40)]
        await asyncio.sleep(0)
        go.set()
        return await asyncio.gather(*asking)

    assert {found[1] for found in asyncio.run(many())} == {b"one 4 2"}
    assert (route.asked, route.made) == (1, 2)


def test_a_page_that_can_not_be_made_again_is_asked_of_the_route(kept):
    folder, route, cache = kept
    asyncio.run(ask(cache))
    with StoreWriter(folder / "one", compact_after=0) as writer:
        writer.commit(alerts=[alert(77)])

    def fail() -> None:
        route.gate = lambda: None
        raise not_found("x", "gone")

    route.gate = fail
    assert asyncio.run(ask(cache))[1].startswith(b"one 4 ")
    assert route.asked == 2


def test_what_is_kept_is_bounded(kept, monkeypatch):
    _, _, cache = kept
    monkeypatch.setattr("api.page_cache._MOST_PAGES", 3)
    for number in range(9):
        asyncio.run(ask(cache, b"%d" % number))
    assert len(cache._shelf.pages) == 3
    monkeypatch.setattr("api.page_cache._MOST_BYTES", 20)
    asyncio.run(ask(cache, b"x"))
    assert cache._shelf.size == sum(len(page.body) for page in cache._shelf.pages.values()) <= 20
    monkeypatch.setattr("api.page_cache._LARGE", 2)
    asyncio.run(ask(cache, b"large"))
    assert b"large" not in {key[1] for key in cache._shelf.pages}


def test_tags_are_compared_weakly():
    tag = tag_of(State("one", 1, 2, 3), "/v1/alerts")
    assert tag == tag_of(State("one", 1, 2, 99), "/v1/alerts")  # of another process
    assert tag != tag_of(State("one", 1, 3, 3), "/v1/alerts")
    assert is_known(tag, f'"a", {tag}')
    assert is_known(tag, tag.removeprefix("W/"))
    assert is_known(tag, "*")
    assert not is_known(tag, 'W/"a", ,')


@pytest.mark.parametrize("path", ["/v1/alerts?limit=10", "/v1/detections?format=csv", "/v1/flows?limit=7"])
def test_a_client_that_has_the_page_gets_304(client, path):
    first = client.get(path)
    assert first.headers["cache-control"] == "private, no-cache"
    tag = first.headers["etag"]
    for _ in range(2):
        again = client.get(path)
        assert (again.content, again.headers["etag"], again.headers["vary"]) == (first.content, tag, "Accept")
        assert again.headers["tenfold-run"] == RUN
        assert again.headers.get("link") == first.headers.get("link")
        assert again.headers["content-type"] == first.headers["content-type"]
        known = client.get(path, headers={"If-None-Match": tag})
        assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
    assert client.get(path, headers={"If-None-Match": 'W/"another"'}).status_code == 200


def test_a_new_alert_is_on_the_page_at_once_and_wrong_words_stay_wrong(tmp_path):
    finish(make_run(tmp_path / "one", alerts=3, seconds=1, per_second=5))
    with serving(tmp_path) as client, StoreWriter(tmp_path / "one", compact_after=0) as writer:
        tag = client.get("/v1/alerts").headers["etag"]
        for number in range(70, 80):
            writer.commit(alerts=[alert(number)])
            reply = client.get("/v1/alerts", headers={"If-None-Match": tag})
            assert reply.json()["items"][0]["alert_id"] == str(number)
            tag = reply.headers["etag"]
            assert client.get("/v1/alerts", headers={"If-None-Match": tag}).status_code == 304
        for _ in range(2):
            assert client.get("/v1/alerts?limit=0").status_code == 422
            assert client.get("/v1/alerts?run=none").status_code == 404
            assert client.head("/v1/alerts").status_code == 405
        metrics = client.get("/metrics").text
        assert 'tenfold_http_requests_total{method="GET",route="/v1/alerts",status="304"}' in metrics
