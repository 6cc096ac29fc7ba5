"""Snort 3's alert_json, as its documentation shows it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from campaign.adapters import adapter
from campaign.alert_record import AlertRow, BadLineError, ReadSettings, address
from campaign.alert_times import Stamps
from tests.campaign import recorded
from tests.campaign.recorded import Flow

NS = 10**9
AT = int(datetime(2026, 7, 14, 10, tzinfo=UTC).timestamp()) * NS + 123_456_000
FLOW = Flow("web_attack", AT, AT + NS, "198.18.0.9", "198.18.1.2", 40_000, 80, 6, "")
NEAR = ReadSettings(Stamps(near=(AT - NS, AT + 60 * NS)))


def take(record: dict[str, object]) -> AlertRow:
    (row,) = adapter("snort-json").reader(NEAR).take(json.dumps(record).encode())
    assert isinstance(row, AlertRow)
    return row


def test_an_alert() -> None:
    row = take(recorded.snort_json(FLOW))
    assert row.time == AT
    assert (row.src, row.dst, row.src_port, row.dst_port) == (address("198.18.0.9"), address("198.18.1.2"), 40_000, 80)
    assert row.kind.signature_id == "1:2006446"
    assert row.kind.category == "Web Application Attack"


def test_other_choices_of_fields() -> None:
    ends = {"src_addr": "2001:2::1", "src_port": 5, "dst_addr": "2001:2::2", "dst_port": 53}
    row = take({"seconds": AT // NS, "gid": 1, "sid": 5, "proto": "UDP", **ends, "msg": "a", "priority": 2})
    assert (row.time, row.kind.signature_id, row.dst_port, row.kind.severity) == (AT // NS * NS, "1:5", 53, "2")
    row = take(recorded.snort_json(FLOW) | {"src_ap": "2001:2::1:40000", "dst_ap": "2001:2::2:80"})
    assert (row.src, row.src_port, row.dst_port) == (address("2001:2::1"), 40_000, 80)
    icmp = recorded.snort_json(FLOW) | {"proto": "ICMP", "icmp_type": 8, "icmp_code": 0, "src_ap": "198.18.0.9:0"}
    assert take(icmp).src_port == 8


def test_seconds_settle_year_and_zone_of_a_timestamp() -> None:
    """With both, the epoch says which second it was, wherever the sensor's clock is set to; the text its fraction."""
    local = "07/14-12:00:00.123456"  # of Paris in summer
    assert take(recorded.snort_json(FLOW) | {"seconds": AT // NS, "timestamp": local}).time == AT
    with pytest.raises(BadLineError, match="no time like"):
        take(recorded.snort_json(FLOW) | {"seconds": AT // NS, "timestamp": "07/14-12:00:00.1x"})


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"timestamp": "07/14-10:00:00.0"}, "no Snort alert"),
        ({"rule": "1:2:3"}, "no Snort alert"),
        ({"timestamp": "14.07.", "rule": "1:2:3"}, "no ISO 8601 time"),
        ({"timestamp": "13/45-10:00:00.0", "rule": "1:2:3"}, "is no date"),
        ({"seconds": None, "rule": "1:2:3"}, "time"),
        ({"timestamp": "07/14-10:00:00.0", "rule": "1:2:3", "src_ap": "[::1"}, "no address and port"),
    ],
)
def test_what_is_no_alert_is_told(record: dict[str, object], why: str) -> None:
    with pytest.raises(BadLineError, match=why):
        take(record)


def test_a_record_cut_off_anywhere_is_told() -> None:
    line = json.dumps(recorded.snort_json(FLOW)).encode()
    for at in range(1, len(line)):
        with pytest.raises(BadLineError):
            adapter("snort-json").reader(NEAR).take(line[:at])
