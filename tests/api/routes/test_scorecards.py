from __future__ import annotations

from tests.api.conftest import CARD, RUN


def test_judged_runs_are_listed_with_a_few_figures(client):
    (item,) = client.get("/v1/scorecards").json()["items"]
    assert item["run"] == RUN
    assert item["recall"] == 119 / 150
    assert item["latency_p99_ms"] == 140.0
    assert item["balanced"]


def test_a_scorecard_is_the_same_at_both_places(client):
    reply = client.get(f"/v1/scorecards/{RUN}")
    assert reply.json() == CARD
    tag = reply.headers["etag"]
    assert tag == client.get(f"/v1/runs/{RUN}/scorecard").headers["etag"]
    assert client.get(f"/v1/scorecards/{RUN}", headers={"If-None-Match": tag}).status_code == 304
    assert client.get("/v1/scorecards/damaged").status_code == 404
