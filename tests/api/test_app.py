from __future__ import annotations

import inspect
import json

from fastapi.routing import APIRoute

from api.app import create_app
from api.settings import Settings

METHODS = ("get", "post", "patch", "delete")


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS
            yield f"{method.upper()} {path}", operation


def test_the_description_is_complete(client):
    document = client.get("/openapi.json").json()
    found = dict(operations(document))
    ids = [operation["operationId"] for operation in found.values()]
    assert len(ids) == len(set(ids))
    assert len(ids) >= 20
    for name, operation in found.items():
        assert all(operation.get(key) for key in ("tags", "summary", "description")), name
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), f"{name}: {parameter['name']}"
        for status, answer in operation["responses"].items():
            if status.startswith("4"):
                assert list(answer["content"]) == ["application/problem+json"], f"{name} {status}"
                assert answer["content"]["application/problem+json"]["example"]["status"] == int(status)
            elif "application/json" in answer.get("content", {}):
                assert answer["content"]["application/json"].get("example"), f"{name} {status} has no example"


def test_every_reference_of_the_description_leads_somewhere(client):
    document = client.get("/openapi.json").json()
    references = {part.split('"')[0] for part in json.dumps(document).split('"$ref": "')[1:]}
    assert references
    for reference in references:
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_what_is_not_there_is_a_problem(client):
    for reply in (client.get("/v1/nothing"), client.put("/v1/alerts"), client.get("/v1")):
        assert reply.status_code in (404, 405)
        assert reply.headers["content-type"] == "application/problem+json"


def test_no_dependency_of_a_route_costs_a_thread(tmp_path):
    """FastAPI runs a plain function among the dependencies in a thread of its own, at each request."""
    app = create_app(Settings(runs=tmp_path))
    routers = [found.original_router for found in app.routes if hasattr(found, "original_router")]
    waiting = [route.dependant for router in routers for route in router.routes if isinstance(route, APIRoute)]
    seen = 0
    while waiting:
        dependant = waiting.pop()
        waiting += dependant.dependencies
        for found in dependant.dependencies:
            call = found.call
            seen += 1
            assert inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__), call
    assert seen > 50
