from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/alerts?famly=syn_flood", "is family meant?"),
        ("/v1/flows?family=syn_flood", "/v1/detections and /v1/alerts know it"),
        ("/v1/flows?technique=T1498", "/v1/detections and /v1/alerts know it"),
        ("/v1/flows?min_score=0.5", "has no score"),
        ("/v1/detections?severity=high", "only alerts have a severity"),
        ("/v1/detections?open=true", "only alerts are open"),
        ("/v1/alerts?traffic=all", "only /v1/detections"),
        ("/healthz?x=1", "it has none"),
        ("/v1/scenarios/smoke/preview?nonsense=1", "duration_s, multiplier, points"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_with_a_word(client, path, words):
    reply = client.get(path)
    assert (reply.status_code, reply.json()["type"]) == (400, "urn:tenfold:problem:parameter")
    assert words in reply.json()["detail"]


def test_pages_take_what_a_link_carries(client):
    assert client.get("/?run=x#live").status_code == 200
    assert client.get("/static/main.js?v=2").status_code == 200
