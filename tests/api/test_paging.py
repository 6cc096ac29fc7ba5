from __future__ import annotations

import io

import orjson
import pyarrow as pa
import pyarrow.csv
import pytest

from tests.api.conftest import RUN
from tests.store.formats.helpers import check
from tests.store.formats.schemas import EVE_ALERT, EVE_FLOW, OCSF_FINDING, OCSF_FLOW


@pytest.mark.parametrize("kind", ["alerts", "detections", "flows"])
def test_pages_of_any_size_are_the_list(client, kind):
    whole = client.get(f"/v1/{kind}", params={"limit": 1000}).json()
    assert whole["next"] is None
    parts, cursor = [], None
    while cursor is not None or not parts:
        params = {"limit": 111} | ({"cursor": cursor} if cursor else {})
        reply = client.get(f"/v1/{kind}", params=params).json()
        parts += reply["items"]
        cursor = reply["next"]
    assert parts == whole["items"]


def test_a_cursor_of_one_list_is_none_of_another(client):
    cursor = client.get("/v1/detections", params={"limit": 1}).json()["next"]
    assert client.get("/v1/flows", params={"limit": 1, "cursor": cursor}).status_code == 400


NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"


def whole(client, kind, **params):
    """Every item of a list as JSON objects."""
    return client.get(f"/v1/{kind}", params={"limit": 1000} | params).json()["items"]


def lines(reply):
    """Lines of JSON; flow ids of the test data have 60 bits, which no sensor's have."""
    assert reply.headers["content-type"] == NDJSON
    found = [orjson.loads(line) for line in reply.content.splitlines()]
    return [row | ({"flow_id": 1} if "flow_id" in row else {}) for row in found]


@pytest.mark.parametrize(
    ("kind", "eve", "ocsf"),
    [
        ("alerts", EVE_ALERT, OCSF_FINDING),
        ("detections", EVE_ALERT, OCSF_FINDING),
        ("flows", EVE_FLOW, OCSF_FLOW),
    ],
)
def test_lines_are_eve_by_accept_and_ocsf_by_name(client, kind, eve, ocsf):
    items = whole(client, kind)
    found = lines(client.get(f"/v1/{kind}", params={"limit": 5000}, headers={"Accept": NDJSON}))
    assert len(found) == len(items)
    check(found[:5], eve)
    check(lines(client.get(f"/v1/{kind}", params={"limit": 5, "format": "ocsf"})), ocsf)
    if kind != "alerts":
        assert [row["community_id"] for row in found] == [item["community_id"] for item in items]
        assert [row["src_ip"] for row in found] == [item["src"] for item in items]


@pytest.mark.parametrize("kind", ["alerts", "detections", "flows"])
def test_columns_are_an_arrow_stream_and_csv_with_the_same_rows(client, kind):
    items = whole(client, kind)
    reply = client.get(f"/v1/{kind}", params={"limit": 5000}, headers={"Accept": f"{ARROW}, application/json;q=0.5"})
    assert reply.headers["content-type"] == ARROW
    assert reply.headers["vary"] == "Accept"
    assert reply.headers["tenfold-run"] == RUN
    table = pa.ipc.open_stream(reply.content).read_all()
    table.validate(full=True)
    key = "alert_id" if kind == "alerts" else "flow_id"
    assert [str(value) for value in table.column(key).to_pylist()] == [item[key] for item in items]
    rows = pa.csv.read_csv(io.BytesIO(client.get(f"/v1/{kind}", params={"format": "csv", "limit": 5000}).content))
    assert rows.num_rows == table.num_rows


def test_pages_of_lines_go_on_by_the_link(client):
    path, found = "/v1/detections?limit=100&family=syn_flood", []
    while path:
        reply = client.get(path, headers={"Accept": NDJSON})
        found += lines(reply)
        path = reply.headers.get("link", "").partition(">")[0].lstrip("<")
    assert len(found) == 120


def test_a_page_of_json_has_a_thousand_items_at_most_and_says_how_to_go_on(client):
    reply = client.get("/v1/detections", params={"limit": 50_000, "traffic": "all"}).json()
    assert len(reply["items"]) == 600
    assert client.get("/v1/detections", params={"limit": 50_001}).status_code == 422


def test_what_cannot_be_made_is_406(client):
    reply = client.get("/v1/alerts", headers={"Accept": "image/png"})
    assert (reply.status_code, reply.json()["type"]) == (406, "urn:tenfold:problem:not-acceptable")


def test_a_campaign_is_a_run(client):
    assert client.get("/v1/alerts", params={"campaign": RUN}).json()["run"] == RUN
    reply = client.get("/v1/alerts", params={"campaign": RUN, "run": "damaged"})
    assert (reply.status_code, reply.json()["type"]) == (400, "urn:tenfold:problem:filter")
