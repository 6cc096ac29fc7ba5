"""OCSF findings and network activity."""

from __future__ import annotations

import json
from typing import Any

import pytest

from campaign.adapters import adapter
from campaign.alert_record import NOBODY, AlertRow, BadLineError, ReadSettings, SeenRow, address

AT_MS = 1_784_023_200_123
EVIDENCE = {
    "src_endpoint": {"ip": "198.18.0.9", "port": 40_000},
    "dst_endpoint": {"ip": "198.18.1.2", "port": 22},
    "connection_info": {"protocol_num": 6, "community_uid": "1:x=", "direction_id": 1},
}
FINDING: dict[str, Any] = {
    "class_uid": 2004,
    "category_uid": 2,
    "type_uid": 200401,
    "activity_id": 1,
    "time": AT_MS,
    "severity_id": 4,
    "metadata": {"version": "1.8.0", "product": {"name": "X"}},
    "finding_info": {
        "uid": "7",
        "title": "SSH guessing",
        "attacks": [{"technique": {"uid": "T1110"}, "sub_technique": {"uid": "T1110.001"}}],
    },
    "evidences": [EVIDENCE],
}


def take(event: dict[str, Any]) -> tuple[object, ...]:
    return adapter("ocsf").reader(ReadSettings()).take(json.dumps(event).encode())


def test_a_detection_finding() -> None:
    (row,) = take(FINDING)
    assert isinstance(row, AlertRow)
    assert (row.time, row.src, row.dst_port, row.protocol) == (AT_MS * 10**6, address("198.18.0.9"), 22, 6)
    assert row.community_id == "1:x="
    assert row.kind.technique == "T1110.001"
    assert row.kind.signature == "SSH guessing"


def test_each_evidence_is_a_row() -> None:
    assert len(take(FINDING | {"evidences": [EVIDENCE] * 3})) == 3
    (row,) = take(FINDING | {"evidences": []})
    assert row.src == NOBODY
    (row,) = take(FINDING | {"class_uid": 2001, "evidences": "none", **EVIDENCE})
    assert row.src == address("198.18.0.9")


def test_network_activity_is_what_it_saw() -> None:
    event = {"class_uid": 4001, "time": AT_MS, "start_time": AT_MS - 5, **EVIDENCE}
    (row,) = take(event)
    assert isinstance(row, SeenRow)
    assert (row.first, row.last) == ((AT_MS - 5) * 10**6, AT_MS * 10**6)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({}, "no OCSF event"),
        (FINDING | {"time": None}, "is no time"),
        (FINDING | {"evidences": [{"src_endpoint": {"ip": "x"}}]}, "IP address"),
        (FINDING | {"evidences": [{"src_endpoint": {"ip": 5}}]}, "no address"),
    ],
)
def test_what_is_no_event_is_told(event: dict[str, Any], why: str) -> None:
    with pytest.raises(BadLineError, match=why):
        take(event)


def test_other_classes_are_passed_over() -> None:
    assert take({"class_uid": 3002, "time": 1}) == ()


def test_an_event_cut_off_anywhere_is_told() -> None:
    line = json.dumps(FINDING).encode()
    for at in range(1, len(line)):
        with pytest.raises(BadLineError):
            adapter("ocsf").reader(ReadSettings()).take(line[:at])
