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


def test_stats_of_a_judged_run(client):
    stats = client.get("/v1/stats").json()
    assert stats["judged"]
    assert stats["run"]["id"] == RUN
    assert stats["counts"]["attempts_sent"] == 150
    assert stats["counts"]["attempts_detected"] == 119
    assert stats["counts"]["alerts"] == 30
    assert sum(stats["counts"]["alerts_by_severity"].values()) == 30
    assert stats["latency_ms"]["p99"] == 140.0
    assert stats["ledger"]["stages"]["send"]["dropped"] == {"stopped": 2}
    recalls = {row["family"]: row["recall"] for row in stats["families"]}
    assert recalls == {"syn_flood": 0.99, "port_scan": 0.4}


def test_the_timeline_has_one_value_a_second(client):
    found = client.get("/v1/stats/timeline").json()
    assert found["t"][:3] == [0, 1, 2]
    assert all(len(found[name]) == len(found["t"]) for name in ("planned", "sent", "detected", "latency_p50_ms"))
    assert found["sent"][:3] == [200.0, 200.0, 200.0]
    assert sum(found["detected"]) == 480
    assert found["planned"][0] == 815 * 4.5
    assert found["latency_p99_ms"][1] == 90.0
