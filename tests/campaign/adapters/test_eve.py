"""Suricata's EVE records, as its documentation and JSON schema show them."""

from __future__ import annotations

import json

import pytest

from campaign.adapters import adapter
from campaign.alert_record import NOBODY, NONE, AlertRow, BadLineError, CountRow, ReadSettings, SeenRow, address
from tests.campaign import recorded
from tests.campaign.recorded import Flow

NS = 10**9
AT = 1_784_023_200 * NS + 123_456_000
FLOW = Flow("ssh_bruteforce", AT, AT + NS, "198.18.0.9", "198.18.1.2", 40_000, 22, 6, "1:abc=")


def take(record: dict[str, object]) -> tuple[object, ...]:
    return adapter("eve").reader(ReadSettings()).take(json.dumps(record).encode())


def test_an_alert() -> None:
    (row,) = take(recorded.eve_alert(FLOW))
    assert isinstance(row, AlertRow)
    assert row.time == AT
    assert (row.src, row.dst, row.src_port, row.dst_port, row.protocol) == (
        address("198.18.0.9"),
        address("198.18.1.2"),
        40_000,
        22,
        6,
    )
    assert row.community_id == "1:abc="
    assert row.kind.signature == "ET SCAN Potential SSH Scan"
    assert row.kind.signature_id == "1:2001219"
    assert row.kind.category == "Attempted Information Leak"


def test_offsets_are_honoured() -> None:
    assert take(recorded.eve_alert(FLOW, hours=-7))[0].time == AT
    assert take(recorded.eve_alert(FLOW, hours=5.5))[0].time == AT


def test_icmp_has_types_where_others_have_ports() -> None:
    flow = Flow("icmp_flood", AT, AT, "198.18.0.9", "198.18.1.2", 8, 0, 1, "")
    (row,) = take(recorded.eve_alert(flow))
    assert (row.src_port, row.dst_port, row.protocol) == (8, 0, 1)
    bare = recorded.eve_alert(flow)
    del bare["icmp_type"], bare["icmp_code"]
    assert take(bare)[0].src_port == NONE


def test_metadata_names_the_technique() -> None:
    record = recorded.eve_alert(FLOW)
    record["alert"]["metadata"] = {"mitre_technique_id": ["T1110.001"], "confidence": ["High"]}
    assert take(record)[0].kind.technique == "T1110.001"


def test_an_alert_without_addresses_is_one_of_nobody() -> None:
    """Decoder events on broken frames have none."""
    record = recorded.eve_alert(FLOW)
    for name in ("src_ip", "dest_ip", "src_port", "dest_port", "proto"):
        del record[name]
    (row,) = take(record)
    assert (row.src, row.dst, row.src_port, row.protocol) == (NOBODY, NOBODY, NONE, NONE)


def test_flows_and_counters() -> None:
    (seen,) = take(recorded.eve_flow(FLOW))
    assert isinstance(seen, SeenRow)
    assert (seen.first, seen.last) == (AT, AT + NS)
    (count,) = take(recorded.eve_stats(AT, 1000, 7))
    assert isinstance(count, CountRow)
    assert count.running
    assert count.values["capture.kernel_drops"] == 7
    assert count.values["decoder.pkts"] == 993


def test_other_events_are_passed_over() -> None:
    assert take({"timestamp": recorded.eve_time(AT), "event_type": "dns", "dns": {}}) == ()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "not JSON"),
        (b"[1]", "a JSON list"),
        (b'[{"a":1}', "a JSON list"),
        (b"7", "not a JSON object"),
        (b"{}", "no EVE record"),
        (b'{"timestamp":"2026-07-14T10:00:00.0+0000","event_type":"alert"}', "without its alert object"),
        (b'{"timestamp":"yesterday","event_type":"alert","alert":{}}', "no ISO 8601 time"),
        (b'{"timestamp":7,"event_type":"alert","alert":{}}', "no ISO 8601 time"),
        (b'{"timestamp":"2026-07-14T10:00:00.0+0000","event_type":"alert","alert":{},"src_ip":"x"}', "no.* IP address"),
        (b'{"timestamp":"2026-07-14T10:00:00.0+0000","event_type":"alert","alert":{},"src_port":99999}', "no port"),
        (b'{"timestamp":"\xff","event_type":"alert"}', "not JSON"),
        (b'{"a":' * 5000, "not JSON"),
    ],
)
def test_what_is_no_record_is_told(line: bytes, why: str) -> None:
    with pytest.raises(BadLineError, match=why):
        adapter("eve").reader(ReadSettings()).take(line)


def test_a_record_cut_off_anywhere_is_told_and_never_misread() -> None:
    line = json.dumps(recorded.eve_alert(FLOW), separators=(",", ":")).encode()
    reader = adapter("eve").reader(ReadSettings())
    for at in range(1, len(line)):
        with pytest.raises(BadLineError):
            reader.take(line[:at])
    assert len(reader.take(line)) == 1
