from __future__ import annotations

import jsonschema

from api import documents
from api.rows import alert_item, detection_items, flow_items
from tests.api.conftest import RUN
from tests.api.helpers import START, alert, flows, verdicts
from tests.api.test_rows import with_commit


def test_the_shapes_name_every_key_of_an_answer():
    shown = {
        "Detection": detection_items(with_commit(verdicts(1, START)))[0],
        "Flow": flow_items(with_commit(flows(1, START)))[0],
        "Alert": alert_item(alert(1).as_dict() | {"committed_ns": START, "raised_ns": START}),
    }
    for name, item in shown.items():
        assert set(item) == set(documents.SCHEMAS[name]["properties"]), name


def test_every_route_declares_its_problems():
    found = documents.one("Run", 409)
    assert {200, 400, 401, 403, 404, 409, 421, 422, 429, 503} == set(found)


PLACES = {"run_id": RUN, "other": RUN, "alert_id": "1", "name": "smoke", "family": "syn_flood"}


def test_what_is_answered_has_the_shape_that_is_told(client):
    document = client.get("/openapi.json").json()
    components = {"components": document["components"]}
    checked = 0
    for path, methods in document["paths"].items():
        content = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        if "application/json" not in content:
            continue
        reply = client.get(path.format(**PLACES))
        assert reply.status_code == 200, (path, reply.text)
        schema = components | content["application/json"]["schema"]
        jsonschema.Draft202012Validator(schema).validate(reply.json())
        checked += 1
    assert checked >= 25
