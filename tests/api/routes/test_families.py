from __future__ import annotations

import pytest

from contract.families import ATTACK_VERSION, catalogue
from tests.api.conftest import RUN


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


@pytest.mark.parametrize(
    "path",
    ["/v1/families", "/v1/families/syn_flood", "/v1/scenarios", "/v1/scenarios/smoke", "/v1/model", f"/v1/runs/{RUN}"],
)
def test_what_does_not_change_has_a_strong_etag(client, path):
    reply = client.get(path)
    tag = reply.headers["etag"]
    assert tag.startswith('"')
    again = client.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(path, headers={"If-None-Match": '"other"'}).content == reply.content
