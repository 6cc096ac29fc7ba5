"""A real campaign, started, watched and stopped over HTTP."""

from __future__ import annotations

import json

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
        (b'{"scenario": "smoke", "zone": "nowhere"}', 400),
        (b'{"scenario": "smoke", "mix": {"no_such": 1}}', 400),
        (b'{"scenario": "smoke", "mix": {"port_scan": "3"}}', 422),
        (b'{"scenario": "smoke", "multiplier": 1000, "duration_s": 86400}', 400),
    ],
)
def test_a_wrong_request_starts_nothing(client, body, status):
    reply = client.post("/v1/campaigns", content=body, headers=JSON)
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"


def test_start_change_stop_and_ask_again_with_the_same_key(tmp_path):
    wanted = {
        "scenario": "opening-ceremony",  # few families of ordinary traffic: making all of smoke's takes seconds
        "multiplier": 0.2,
        "duration_s": 600,
        "seed": 7,
        "mix": {"port_scan": 3, "udp_flood": 1},
    }
    key = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
    with serving(tmp_path) as client:
        reply = client.post("/v1/campaigns", json=wanted, headers=key)
        assert reply.status_code == 202, reply.text
        place = reply.headers["location"]
        assert reply.json()["state"] == "starting"
        assert "idempotency-replayed" not in reply.headers
        again = client.post("/v1/campaigns", json=wanted, headers=key)
        assert (again.status_code, again.content, again.headers["location"]) == (202, reply.content, place)
        assert again.headers["idempotency-replayed"] == "true"
        other = client.post("/v1/campaigns", json=wanted | {"seed": 8}, headers=key)
        assert (other.status_code, other.json()["type"]) == (422, "urn:tenfold:problem:idempotency-key")
        second = client.post("/v1/campaigns", json=wanted)
        assert (second.status_code, second.json()["type"]) == (409, "urn:tenfold:problem:under-way")
        assert client.patch(place, json={"multiplier": -1}).status_code == 422
        started = until(lambda: (found := client.get(place).json())["state"] != "starting" and found, 300)
        assert started["state"] == "running", started
        assert client.get("/v1/stats").json()["run"]["stoppable"]
        changed = client.patch(place, json={"multiplier": 0.4})
        assert (changed.status_code, changed.json()["changes"]) == (202, [{"at": None, "multiplier": 0.4}])
        planned = place.rpartition("/")[2]
        until(lambda: _changes(tmp_path / planned), 60)
        stopping = client.delete(place)
        assert stopping.status_code == 202
        ended = until(lambda: not (found := client.get(place).json())["stoppable"] and found, 120)
        assert ended["state"] in ("interrupted", "failed"), ended
        card = client.get(f"/v1/scorecards/{planned}").json()
        assert [change["multiplier"] for change in card["run"]["changes"]] == [0.4]
        assert client.post(f"{place}/stop").status_code == 409
        assert client.patch(place, json={"multiplier": 1}).status_code == 409
        assert client.get(f"{place.replace('campaigns', 'runs')}/report").status_code == 200
    with serving(tmp_path) as client:
        late = client.post("/v1/campaigns", json=wanted, headers=key)
        assert (late.status_code, late.content) == (202, reply.content)
        assert [item["id"] for item in client.get("/v1/campaigns").json()["items"]] == [planned]


def _changes(folder):
    try:
        return json.loads((folder / "sender.status.json").read_bytes()).get("changes")
    except (OSError, ValueError):
        return None
