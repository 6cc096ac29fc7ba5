from __future__ import annotations

from contract.families import ATTACK_VERSION


def test_talkers_of_a_run(client):
    found = client.get("/v1/talkers", params={"limit": 5}).json()
    assert found["flows"] == 480
    assert len(found["attackers"]) == len(found["victims"]) == 5
    assert found["ports"][0]["port"] == 443
    assert found["attackers"][0]["host"].startswith("198.18.")
    assert found["attackers"][0]["families"]


def test_the_grid_and_its_layer_agree(client):
    tactics = client.get("/v1/attack").json()
    assert tactics["attack_version"] == ATTACK_VERSION
    counted = {cell["id"]: cell["alerts"] for tactic in tactics["tactics"] for cell in tactic["techniques"]}
    assert sum(counted.values()) == 30
    reply = client.get("/v1/attack/layer")
    assert reply.headers["content-disposition"].endswith('-navigator.json"')
    assert {row["techniqueID"]: row["score"] for row in reply.json()["techniques"]} == counted


def test_a_run_that_is_not_there_is_404(client):
    for path in ("/v1/talkers", "/v1/attack", "/v1/attack/layer"):
        assert client.get(path, params={"run": "nothing"}).status_code == 404
    assert client.get("/v1/talkers", params={"limit": 0}).status_code == 422
