"""Which scope each route needs, written down once more by hand: a route without a row fails, so does a row too many."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from starlette.testclient import TestClient

from api import key_file, rights
from api.app import create_app
from api.rights import OPEN, OPERATE, READ, declared, open_paths
from api.settings import Settings

PUBLIC = None
MATRIX = {
    "read": {
        "GET /v1/detections", "GET /v1/alerts", "GET /v1/alerts/{alert_id}", "GET /v1/flows", "GET /v1/stream",
        "GET /v1/campaigns", "GET /v1/campaigns/{run_id}", "GET /v1/runs", "GET /v1/runs/{run_id}",
        "GET /v1/runs/{run_id}/scorecard", "GET /v1/runs/{run_id}/report", "GET /v1/stats", "GET /v1/stats/timeline",
        "GET /v1/families", "GET /v1/scenarios", "GET /metrics",
        "GET /v1/families/{family}", "GET /v1/scenarios/{name}", "GET /v1/scenarios/{name}/preview",
        "GET /v1/scorecards", "GET /v1/scorecards/{run_id}", "GET /v1/runs/{run_id}/compare/{other}",
        "GET /v1/stats/confusion", "GET /v1/model", "GET /v1/configuration",
        "GET /v1/triage", "GET /v1/talkers", "GET /v1/attack", "GET /v1/attack/layer",
    },
    "operate": {
        "POST /v1/campaigns", "PATCH /v1/campaigns/{run_id}",
        "DELETE /v1/campaigns/{run_id}", "POST /v1/campaigns/{run_id}/stop",
        "POST /v1/triage",
    },
    "ingest": {"POST /v1/ingest/frames", "POST /v1/ingest/flows", "GET /v1/ingest/flows/schema"},
    "admin": {"GET /v1/audit"},
    "": {"POST /v1/session"},  # any key
    PUBLIC: {
        "GET /", "GET /docs", "GET /favicon.ico", "GET /static/{name:path}", "GET /openapi.json", "HEAD /openapi.json",
        "GET /healthz", "GET /readyz", "GET /v1/session", "DELETE /v1/session",
    },
}  # fmt: skip
ROWS = [(scope, row) for scope, rows in MATRIX.items() for row in sorted(rows)]


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The application with one key for each scope; a function that asks it."""
    folder = tmp_path_factory.mktemp("rights")
    path = folder / "keys.json"
    made = {scope: key_file.new_key(scope, [scope]) for scope in key_file.SCOPES}
    key_file.change(path, lambda _: [key for key, _ in made.values()])
    app = create_app(Settings(runs=folder / "runs", keys=path, port=8150))
    client = TestClient(app, base_url="http://127.0.0.1:8150", raise_server_exceptions=False)

    def ask(row: str, scope: str | None):
        method, _, place = row.partition(" ")
        place = place.replace("{run_id}", "nothing").replace("{alert_id}", "1").replace("{name:path}", "main.js")
        place = place.partition("{")[0] + "1" if "{" in place else place
        headers = {} if scope is None else {"Authorization": f"Bearer {made[scope][1]}"}
        return client.request(method, place.replace("/v1/stream", "/v1/stream?run=nothing"), headers=headers)

    ask.app = app
    return ask


def test_each_route_has_a_row_and_each_row_a_route(asked):
    found = {(f"{method} {path}", scopes) for method, path, scopes in declared(asked.app)}
    wanted = {
        (row, None if scope is None else frozenset(filter(None, [scope])))
        for scope, rows in MATRIX.items()
        for row in rows
    }
    assert found == wanted


@pytest.mark.parametrize(("needed", "row"), ROWS, ids=[row for _, row in ROWS])
def test_each_scope_opens_its_routes_and_no_other(asked, needed, row):
    without = asked(row, None)
    assert (without.status_code == 401) == (needed is not PUBLIC)
    if needed is not PUBLIC:
        assert without.headers["www-authenticate"].startswith("Bearer")
        assert without.headers["content-type"] == "application/problem+json"
    for scope in key_file.SCOPES:
        reply = asked(row, scope)
        may = needed in (PUBLIC, "", scope)
        assert (reply.status_code in (401, 403)) == (not may), (row, scope, reply.text)


def test_what_is_no_route_needs_a_key_too(asked):
    for row in ("GET /v1/nothing", "GET /v1", "GET /etc/passwd", "PUT /v1/alerts", "GET /static", "GET /docs/x"):
        assert asked(row, None).status_code == 401, row
        assert asked(row, "read").status_code in (404, 405), row


def test_openapi_says_the_scope_of_each_operation(asked):
    document = asked("GET /openapi.json", None).json()
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    said = {
        (f"{method.upper()} {path}", tuple(operation.get("security", [{"key": None}])[0]["key"] or ("",)))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation.get("security")
    }
    plain = {row.replace(":path}", "}") for _, row in ROWS}
    assert {row for row, _ in said} <= plain
    for scope in (*key_file.SCOPES, ""):
        assert {row for row, scopes in said if scopes == (scope,)} == MATRIX[scope]


def test_a_route_that_does_not_say_stops_the_start():
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    router = APIRouter()

    @router.get("/silent")
    async def silent() -> None: ...

    app.include_router(router)
    with pytest.raises(RuntimeError, match="/silent"):
        open_paths(app)


def test_scopes_of_a_router_and_a_route_add_up():
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    router = APIRouter(dependencies=[READ])

    @router.get("/both", dependencies=[OPERATE])
    async def both() -> None: ...

    @app.get("/open/{name}", dependencies=[OPEN])
    async def free(name: str) -> None: ...

    app.include_router(router)
    assert set(declared(app)) == {
        ("GET", "/both", frozenset({"read", "operate"})),
        ("GET", "/open/{name}", None),
    }
    assert open_paths(app) == (frozenset(), ("/open/",))


def test_no_beginning_opens_everything(tmp_path: Path):
    _, beginnings = open_paths(create_app(Settings(runs=tmp_path)))
    assert all(len(text) > 2 for text in beginnings)
    assert not any("/v1/alerts".startswith(text) for text in beginnings)


def test_the_words_for_scopes_are_those_of_keys():
    named = list(
        itertools.chain.from_iterable(mark.scopes for mark in (rights.READ, OPERATE, rights.INGEST, rights.ADMIN))
    )
    assert tuple(named) == key_file.SCOPES
