"""Targets: bodies and addresses of requests to the API, put to the whole application in this process."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from api.app import create_app
from api.settings import Settings
from tests.api.conftest import RUN, finish
from tests.api.helpers import make_run
from tests.fuzz.target import Target

UNDER_WAY = "20990101-000000-running"  # while it is, no campaign is started
BODIES = (("POST", "/v1/campaigns"), ("PATCH", f"/v1/campaigns/{UNDER_WAY}"), ("POST", "/v1/triage"))
HOST = [(b"host", b"127.0.0.1")]


@cache
def service() -> tuple[tempfile.TemporaryDirectory[str], Any, asyncio.AbstractEventLoop]:
    """The application over a small run and one that is under way."""
    folder = tempfile.TemporaryDirectory(prefix="tenfold-fuzz-")
    runs = Path(folder.name)
    finish(make_run(runs / RUN, alerts=3, seconds=1, per_second=10))
    finish(make_run(runs / UNDER_WAY, alerts=1, seconds=1, per_second=1), "running", pid=os.getpid(), ended_ns=None)
    return folder, create_app(Settings(runs=runs, port=8150)), asyncio.new_event_loop()


def answer(method: str, path: str, query: bytes, body: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body of the application's answer; the server has decoded the path as uvicorn does."""
    _, app, loop = service()
    headers = [*HOST, (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode("utf-8", "surrogateescape"), "query_string": query, "root_path": "",
        "headers": headers if body else HOST, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8150), "state": {},
    }  # fmt: skip
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    loop.run_until_complete(app(scope, receive, send))
    whole = b"".join(message.get("body", b"") for message in said[1:])
    return said[0]["status"], dict(said[0]["headers"]), whole


def checked(status: int, headers: dict[bytes, bytes], body: bytes) -> None:
    """Never the server's own fault; a refusal is a problem document that can be read."""
    assert status < 500, body
    if status >= 400:
        assert headers[b"content-type"] == b"application/problem+json"
        assert json.loads(body)["status"] == status
        assert len(body) < 20_000


def through_body(data: bytes) -> None:
    """The first byte says to which route, the rest is the body."""
    method, path = BODIES[data[0] % len(BODIES) if data else 0]
    checked(*answer(method, path, b"", data[1:]))


def through_address(data: bytes) -> None:
    """A path and a query."""
    path, _, query = data.partition(b"?")
    if path.startswith(b"/v1/stream"):
        return  # it does not end
    query = query.translate(None, bytes(range(33)) + b"\x7f")  # what no request line can hold
    checked(*answer("GET", "/" + unquote_to_bytes(path).decode("utf-8", "replace").lstrip("/"), query, b""))


def bodies() -> list[bytes]:
    campaign = {"scenario": "paris-2024", "multiplier": 10, "duration_s": 60, "seed": 7, "sites": 3, "zone": "paris",
                "mix": {"syn_flood": 1.5}, "arrivals": "poisson"}  # fmt: skip
    triage = {"alerts": ["1"], "state": "escalated", "note": "to the CERT"}
    found = (campaign, {"multiplier": 8, "at_s": 5}, triage)
    return [bytes([number]) + json.dumps(body).encode() for number, body in enumerate(found)]


def addresses() -> list[bytes]:
    run = RUN.encode()
    filters = b"min_score=0.5&severity=high&family=syn_flood&group=dos&technique=T1498.001&host=198.18.0.1"
    return [
        b"/v1/alerts?" + filters + b"&limit=5&open=true&port=443&since=2024-07-26T19:30:00Z&format=eve",
        b"/v1/detections?limit=2&traffic=attack&until=2030-01-01T00:00:00Z&community_id=1:abc",
        b"/v1/flows?host=2001:2::/48&limit=3&cursor=abc", b"/v1/alerts/1?run=" + run, b"/v1/runs/" + run,
        b"/v1/stats/timeline?run=" + run, b"/v1/runs?limit=1", b"/v1/families/syn_flood", b"/v1/audit?before=1&limit=2",
        b"/v1/scenarios/smoke/preview?multiplier=2&duration_s=5&points=20", b"/v1/triage", b"/v1/talkers?limit=3",
        b"/v1/runs/" + run + b"/compare/" + run, b"/static/page.css",
    ]  # fmt: skip


JSON = (
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"-1",
    b"1e999",
    b"NaN",
    b'"\\ud800"',
    b"9" * 30,
    b'"mix"',
    b'"zone"',
    b"[" * 50,
)
WEB = (
    b"%00",
    b"%2e%2e/",
    b"%ff",
    b"&",
    b"=",
    b"limit=",
    b"cursor=",
    b"since=",
    b"%F0%9F%A6%8A",
    b"9" * 25,
    b"-1",
    b"nan",
)
TARGETS = {
    "bodies": Target(through_body, bodies, JSON, 150),
    "addresses": Target(through_address, addresses, WEB, 150),
}
