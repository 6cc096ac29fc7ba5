from __future__ import annotations

from tests.api.conftest import CARD, RUN


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


def test_confusion_is_the_scorecards(client):
    found = client.get("/v1/stats/confusion").json()
    assert {row["family"]: row["said"] for row in found["rows"]} == CARD["confusion"]
    assert found["rows"][0] == {"family": "benign", "flows": 40, "said": {"benign": 39, "port_scan": 1}}
    assert found["words"] == ["benign", "port_scan", "syn_flood"]
    reply = client.get("/v1/stats/confusion", params={"run": "damaged"})
    assert (reply.status_code, reply.json()["type"]) == (404, "urn:tenfold:problem:not-yet")
