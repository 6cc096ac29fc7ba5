from __future__ import annotations

import pytest

from campaign.scenario import load, names


def test_every_scenario_is_listed_and_none_is_broken(client):
    items = client.get("/v1/scenarios").json()["items"]
    assert [item["name"] for item in items] == names()
    assert all(item["title"] and item["summary"] and not item.get("broken") for item in items)


def test_one_scenario_is_its_line_of_the_list(client):
    listed = {item["name"]: item for item in client.get("/v1/scenarios").json()["items"]}
    assert client.get("/v1/scenarios/smoke").json() == listed["smoke"]
    assert client.get("/v1/scenarios/nothing").json()["type"] == "urn:tenfold:problem:no-scenario"


def test_a_preview_is_what_would_be_planned(client):
    found = client.get("/v1/scenarios/paris-2024/preview", params={"duration_s": 60, "points": 61}).json()
    assert len(found["t"]) == len(found["attempts_per_s"]) == 61
    assert found["t"][-1] == 60.0
    assert found["peak_multiplier"] == max(rate for _, rate in load("paris-2024").multiplier)
    area = sum((a + b) / 2 for a, b in zip(found["attempts_per_s"], found["attempts_per_s"][1:], strict=False))
    assert found["attempts"] == pytest.approx(area, rel=0.02)
    held = client.get("/v1/scenarios/paris-2024/preview", params={"duration_s": 60, "multiplier": 2}).json()
    assert held["attempts"] == 2 * 815 * 60
    assert set(held["multiplier"]) == {2.0}


@pytest.mark.parametrize("params", [{"multiplier": 0}, {"duration_s": 0.1}, {"points": 1}])
def test_a_preview_takes_what_a_campaign_takes(client, params):
    assert client.get("/v1/scenarios/smoke/preview", params=params).status_code == 422


def test_a_campaign_that_is_too_large_is_refused_with_a_word(client):
    reply = client.get("/v1/scenarios/smoke/preview", params={"multiplier": 1000, "duration_s": 86400})
    assert reply.status_code == 400
    assert "scenario smoke" in reply.json()["detail"]
