from __future__ import annotations

from tests.api.conftest import CARD, RUN


def test_runs_list_only_what_is_a_run(client):
    names = {item["id"]: item for item in client.get("/v1/runs").json()["items"]}
    assert set(names) == {RUN, "damaged"}
    assert names[RUN]["state"] == "finished"
    assert names[RUN]["has_report"]
    assert names[RUN]["title"] == "Paris 2024"
    assert client.get(f"/v1/runs/{RUN}").json()["id"] == RUN


def test_the_scorecard_is_the_file_and_has_an_etag(client):
    reply = client.get(f"/v1/runs/{RUN}/scorecard")
    assert reply.json() == CARD
    again = client.get(f"/v1/runs/{RUN}/scorecard", headers={"If-None-Match": reply.headers["etag"]})
    assert again.status_code == 304
    assert not again.content


def test_the_report_may_ask_for_nothing(client):
    reply = client.get(f"/v1/runs/{RUN}/report")
    assert reply.headers["content-type"].startswith("text/html")
    policy = reply.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy
    assert "connect-src" not in policy
    assert "default-src 'none'" in policy


def test_what_a_run_has_not_yet_is_404(client):
    reply = client.get("/v1/runs/damaged/report")
    assert reply.status_code == 404
    assert "at its end" in reply.json()["detail"]


def test_two_runs_are_compared(client):
    found = client.get(f"/v1/runs/{RUN}/compare/{RUN}").json()
    assert found["recall"] == {"first": 119 / 150, "second": 119 / 150, "change": 0.0}
    assert {row["family"]: row["first"] for row in found["families"]} == {"syn_flood": 0.99, "port_scan": 0.4}
    assert client.get(f"/v1/runs/{RUN}/compare/damaged").json()["type"] == "urn:tenfold:problem:not-yet"
    assert client.get(f"/v1/runs/{RUN}/compare/nothing").status_code == 404
