from __future__ import annotations

import os

import pytest

from contract.families import ATTACK_VERSION
from tests.api.conftest import finish
from tests.api.helpers import serving

RUN_ALERTS = 30


def test_alerts_come_newest_first_and_page_to_the_end(client):
    seen, cursor, pages = [], None, 0
    while True:
        params = {"limit": 7} | ({"cursor": cursor} if cursor else {})
        reply = client.get("/v1/alerts", params=params)
        assert reply.status_code == 200, reply.text
        page = reply.json()
        seen += [int(item["alert_id"]) for item in page["items"]]
        pages += 1
        cursor = page["next"]
        if cursor is None:
            assert "link" not in reply.headers
            break
        assert reply.headers["link"] == f'</v1/alerts?limit=7&cursor={cursor}>; rel="next"'
    assert seen == list(range(RUN_ALERTS, 0, -1))
    assert pages == 5


def test_an_alert_says_all_that_a_person_needs(client):
    item = client.get("/v1/alerts", params={"limit": 1}).json()["items"][0]
    assert item["technique"]["name"]
    assert item["attack_version"] == ATTACK_VERSION
    assert item["severity"] in ("low", "medium", "high", "critical")
    assert item["evidence"]
    assert item["first_seen_text"].endswith("Z")
    assert item["raised_text"].endswith("Z")
    assert isinstance(item["sample_flows"][0]["flow_id"], str)
    assert client.get(f"/v1/alerts/{item['alert_id']}").json() == item


def test_an_alert_is_told_as_other_tools_take_it(client):
    eve = client.get("/v1/alerts/3", params={"format": "eve"})
    assert (eve.headers["content-type"], eve.json()["event_type"]) == ("application/x-ndjson", "alert")
    assert client.get("/v1/alerts/3", params={"format": "ocsf"}).json()["class_uid"] == 2004
    assert client.get("/v1/alerts/3", params={"format": "arrow"}).status_code == 422


@pytest.mark.parametrize("number", ["999999", "18446744073709551615", "99999999999999999999"])
def test_an_alert_that_is_not_there_is_404(client, number):
    reply = client.get(f"/v1/alerts/{number}")
    assert (reply.status_code, reply.json()["type"]) == (404, "urn:tenfold:problem:no-alert")


@pytest.mark.parametrize(
    ("params", "holds"),
    [
        ({"severity": "critical"}, lambda item: item["severity"] == "critical"),
        ({"family": "port_scan"}, lambda item: item["family"] == "port_scan"),
        ({"group": "credential"}, lambda item: item["group"] == "credential"),
        ({"host": "198.19.0.6"}, lambda item: item["victims"] == ["198.19.0.6"]),
        ({"host": "198.19.0.0/29"}, lambda item: item["victims"][0].split(".")[3] in "234567"),
        ({"technique": "T1498"}, lambda item: item["technique"]["id"].startswith("T1498")),
        ({"port": 443}, lambda item: 443 in item["ports"]),
        ({"open": "true"}, lambda item: item["open"]),
        ({"since": "2024-07-26T19:30:02Z"}, lambda item: item["last_seen_text"] >= "2024-07-26T19:30:02"),
    ],
)
def test_filters_hold(client, params, holds):
    items = client.get("/v1/alerts", params=params).json()["items"]
    assert items
    assert all(holds(item) for item in items)


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/v1/alerts", {"limit": 0}, 422),
        ("/v1/alerts", {"limit": 50_001}, 422),
        ("/v1/alerts", {"port": 65_536}, 422),
        ("/v1/alerts", {"technique": "TA0040"}, 422),
        ("/v1/alerts", {"host": "198.18.0.0/33"}, 400),
        ("/v1/alerts", {"family": "no_such"}, 422),
        ("/v1/alerts", {"severity": "terrible"}, 422),
        ("/v1/alerts", {"host": "example.org"}, 400),
        ("/v1/alerts", {"since": "yesterday"}, 400),
        ("/v1/alerts", {"cursor": "AAAA"}, 400),
        ("/v1/alerts", {"run": "../../etc"}, 422),
        ("/v1/alerts", {"run": "nothing"}, 404),
        ("/v1/alerts", {"run": "damaged"}, 503),
        ("/v1/detections", {"min_score": 2}, 422),
        ("/v1/detections", {"community_id": "no"}, 422),
    ],
)
def test_what_is_wrong_is_a_problem_document(client, path, params, status):
    reply = client.get(path, params=params)
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    body = reply.json()
    assert body["status"] == status
    assert body["detail"]
    assert body["instance"] == path


def test_a_cursor_is_bound_to_its_filters(client):
    cursor = client.get("/v1/alerts", params={"limit": 2}).json()["next"]
    reply = client.get("/v1/alerts", params={"limit": 2, "severity": "high", "cursor": cursor})
    assert reply.status_code == 400
    assert "another list" in reply.json()["detail"]


def test_a_run_that_has_no_store_yet_has_seen_nothing(tmp_path):
    (tmp_path / "one").mkdir()
    finish(tmp_path / "one", "starting", started_ns=None, ended_ns=None, figures=None, pid=os.getpid())
    with serving(tmp_path) as client:
        for path in ("/v1/alerts", "/v1/detections", "/v1/flows"):
            assert client.get(path).json()["items"] == []
        assert client.get("/v1/alerts/1").status_code == 404
