from __future__ import annotations

import pytest

from tests.api.helpers import make_run, serving


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("triage")
    make_run(folder / "one")
    with serving(folder) as client:
        yield client


def test_a_decision_is_kept_by_the_service(own):
    assert own.get("/v1/triage").json()["items"] == []
    reply = own.post("/v1/triage", json={"alerts": ["3", "5"], "state": "escalated", "note": "to the CERT"})
    assert reply.status_code == 200, reply.text
    assert reply.json()["counts"] == {"escalated": 2, "archived": 0}
    own.post("/v1/triage", json={"alerts": ["5"], "state": "archived"})
    found = own.get("/v1/triage", params={"run": "one"})
    assert {row["alert_id"]: (row["state"], row["note"], row["by"]) for row in found.json()["items"]} == {
        "3": ("escalated", "to the CERT", "anybody"),
        "5": ("archived", "to the CERT", "anybody"),
    }
    assert own.get("/v1/triage", headers={"If-None-Match": found.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"alerts": ["999"], "state": "archived"}, 404),
        ({"alerts": ["99999999999999999999"], "state": "archived"}, 404),
        ({"alerts": [], "state": "archived"}, 422),
        ({"alerts": ["../x"], "state": "archived"}, 422),
        ({"alerts": ["3"], "state": "done"}, 422),
        ({"alerts": ["3"], "state": "new", "note": "x" * 501}, 422),
    ],
)
def test_nonsense_changes_nothing(own, body, status):
    before = own.get("/v1/triage").json()
    assert own.post("/v1/triage", json=body).status_code == status
    assert own.get("/v1/triage").json() == before


def test_another_site_may_not_decide(own):
    reply = own.post("/v1/triage", json={"alerts": ["3"], "state": "new"}, headers={"Origin": "https://evil.example"})
    assert reply.status_code == 403
