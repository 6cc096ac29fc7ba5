"""A real campaign, started, watched and stopped over HTTP."""

from __future__ import annotations

import pytest

from tests.api.helpers import serving, until

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b'{"scenario": "../x"}', 422),
        (b'{"scenario": "smoke", "path": "/etc"}', 422),
        (b'{"scenario": "smoke", "multiplier": "8"}', 422),
        (b'{"scenario": "smoke", "multiplier": NaN}', 422),
        (b'{"scenario": "no-such"}', 400),
    ],
)
def test_a_wrong_request_starts_nothing(client, body, status):
    reply = client.post("/v1/campaigns", content=body, headers=JSON)
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"


def test_start_watch_and_stop(tmp_path):
    with serving(tmp_path) as client:
        wanted = {"scenario": "smoke", "multiplier": 0.2, "duration_s": 600, "seed": 7}
        reply = client.post("/v1/campaigns", json=wanted)
        assert reply.status_code == 202, reply.text
        place = reply.headers["location"]
        assert reply.json()["state"] == "starting"
        again = client.post("/v1/campaigns", json=wanted)
        assert (again.status_code, again.json()["type"]) == (409, "urn:tenfold:problem:under-way")
        started = until(lambda: (found := client.get(place).json())["state"] != "starting" and found, 300)
        assert started["state"] == "running", started
        assert client.get("/v1/stats").json()["run"]["stoppable"]
        stopping = client.delete(place)
        assert stopping.status_code == 202
        ended = until(lambda: not (found := client.get(place).json())["stoppable"] and found, 120)
        assert ended["state"] in ("interrupted", "failed"), ended
        assert ended["has_scorecard"]
        assert client.post(f"{place}/stop").status_code == 409
        assert client.get(f"{place.replace('campaigns', 'runs')}/report").status_code == 200
