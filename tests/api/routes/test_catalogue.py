from __future__ import annotations

from campaign.scenario import names
from contract.families import catalogue


def test_every_family_is_listed(client):
    found = client.get("/v1/families").json()
    assert {item["id"] for item in found["items"]} == set(catalogue())
    assert found["attack_version"]
    assert found["items"][0]["attack"]


def test_every_scenario_is_listed_and_none_is_broken(client):
    items = client.get("/v1/scenarios").json()["items"]
    assert [item["name"] for item in items] == names()
    assert all(item["title"] and item["summary"] and not item.get("broken") for item in items)
