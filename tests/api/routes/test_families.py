from __future__ import annotations

from contract.families import ATTACK_VERSION, catalogue


def test_every_family_is_listed(client):
    found = client.get("/v1/families").json()
    assert {item["id"] for item in found["items"]} == set(catalogue())
    assert found["attack_version"]
    assert found["items"][0]["attack"]


def test_one_family_has_its_technique_and_the_version_of_attack(client):
    found = client.get("/v1/families/syn_flood").json()
    assert found["technique"] == {"id": "T1498.001", "name": "Network Denial of Service: Direct Network Flood"}
    assert found["attack_version"] == ATTACK_VERSION
    assert client.get("/v1/families/nothing").json()["type"] == "urn:tenfold:problem:no-family"
