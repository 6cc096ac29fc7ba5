from __future__ import annotations

from api import documents
from api.rows import alert_item, detection_items, flow_items
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
    assert {200, 404, 409, 421, 422, 503} == set(found)
