"""JSON of any tool, by a mapping of paths."""

from __future__ import annotations

import json

import pytest

from campaign.adapters import adapter
from campaign.alert_record import BadLineError, ReadSettings, address

FIELDS = {
    "time": "@timestamp",
    "src": "source.ip",
    "dst": "destination.ip",
    "signature": "rule.name",
    "category": "tags",
}


def take(event: object) -> tuple[object, ...]:
    return adapter("ndjson").reader(ReadSettings(fields=FIELDS)).take(json.dumps(event).encode())


def test_paths_reach_into_objects_and_dotted_names() -> None:
    event = {"@timestamp": "2026-07-14T10:00:00Z", "source": {"ip": "198.18.0.9"}, "destination.ip": "198.18.1.2"}
    (row,) = take(event | {"rule": [{"name": "a"}], "tags": ["x"]})
    assert (row.src, row.dst, row.kind.signature) == (address("198.18.0.9"), address("198.18.1.2"), "a")


def test_what_is_not_there_is_nobody() -> None:
    (row,) = take({"@timestamp": 1_784_023_200, "rule": []})
    assert not any(row.src)


@pytest.mark.parametrize("event", [{}, {"@timestamp": True}, {"@timestamp": 1, "source": {"ip": 7}}, [1]])
def test_what_is_no_alert_is_told(event: object) -> None:
    with pytest.raises(BadLineError):
        take(event)
    assert adapter("ndjson").reader(ReadSettings(fields=FIELDS)).take(b" ") == ()
