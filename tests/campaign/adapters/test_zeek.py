"""Zeek's logs, TSV and JSON, as its log reference shows them."""

from __future__ import annotations

import json

import pytest

from campaign.adapters import adapter
from campaign.alert_record import NOBODY, NONE, AlertRow, BadLineError, CountRow, ReadSettings, SeenRow, address
from tests.campaign import recorded
from tests.campaign.recorded import Flow

NS = 10**9
AT = 1_784_023_200 * NS + 123_456_000
FLOW = Flow("port_scan", AT, AT + 2 * NS, "198.18.0.9", "198.18.1.2", 40_000, 22, 6, "1:abc=")


def rows(text: str | bytes, name: str = "notice.log") -> list[object]:
    reader = adapter("zeek").reader(ReadSettings(file_name=name))
    data = text.encode() if isinstance(text, str) else text
    return [row for line in data.splitlines() for row in reader.take(line)]


def test_a_conn_log_is_what_it_saw() -> None:
    (seen,) = rows(recorded.zeek_conn([FLOW]), "conn.log")
    assert isinstance(seen, SeenRow)
    assert (seen.first, seen.last, seen.src_port, seen.dst_port, seen.protocol) == (AT, AT + 2 * NS, 40_000, 22, 6)


def test_icmp_of_ipv6_is_told_by_its_addresses() -> None:
    flow = Flow("host_sweep", AT, AT, "2001:2::1", "2001:2::2", 128, 129, 58, "")
    (seen,) = rows(recorded.zeek_conn([flow]), "conn.log")
    assert seen.protocol == 58


def test_notices_with_and_without_a_connection() -> None:
    text = recorded.zeek_notices(
        [(AT, "Scan::Port_Scan", "198.18.0.9", None, None), (AT, "X::Y", "198.18.0.9", "198.18.1.2", 22)]
    )
    one, two = rows(text)
    assert isinstance(one, AlertRow)
    assert (one.src, one.dst, one.dst_port) == (address("198.18.0.9"), NOBODY, NONE)
    assert one.kind.signature == "Scan::Port_Scan"
    assert (two.dst, two.dst_port, two.src_port) == (address("198.18.1.2"), 22, NONE)
    line = {"ts": AT / NS, "note": "SSH::Login", "id.orig_h": "198.18.0.9", "id.orig_p": 1, "id.resp_h": "198.18.1.2",
            "id.resp_p": 22, "proto": "tcp", "community_id": "1:x="}  # fmt: skip
    (three,) = rows(json.dumps(line))
    assert (three.time, three.src_port, three.protocol, three.community_id) == (AT, 1, 6, "1:x=")


def test_json_names_its_log_or_is_told_by_its_fields() -> None:
    ends = {"id.orig_h": "198.18.0.9", "id.orig_p": 1, "id.resp_h": "198.18.1.2", "id.resp_p": 22}
    intel = {"ts": AT / NS, "seen.indicator": "198.18.0.9", "seen.indicator_type": "Intel::ADDR", **ends}
    assert rows(json.dumps(intel), "x.json")[0].kind.signature == "Intel::ADDR"
    weird = {"ts": "2026-07-14T10:00:00.123456Z", "name": "bad_TCP_checksum", "peer": "zeek", "notice": False}
    assert rows(json.dumps(weird), "x.json")[0].kind.signature == "Weird::bad_TCP_checksum"
    assert rows(json.dumps({"_path": "notice", "ts": AT // 10**6, "note": "A::B"}), "x")[0].time == AT // 10**6 * 10**6
    with pytest.raises(BadLineError, match="of no log"):
        rows(json.dumps({"ts": 1.0, "query": "a"}), "dns.log")


def test_losses() -> None:
    capture = recorded.zeek_log(
        "capture_loss",
        {
            "ts": "time",
            "ts_delta": "interval",
            "peer": "string",
            "gaps": "count",
            "acks": "count",
            "percent_lost": "double",
        },
        [[recorded.zeek_time(AT), "900.000000", "zeek", 3, 1000, "0.3"]],
    )
    (count,) = rows(capture, "capture_loss.log")
    assert isinstance(count, CountRow)
    assert not count.running
    assert count.values == {"capture_loss.gaps": 3.0, "capture_loss.acks": 1000.0}
    stats = {"_path": "stats", "ts": AT / NS, "pkts_proc": 10, "pkts_dropped": 2, "pkts_link": 12}
    assert rows(json.dumps(stats), "x")[0].values["stats.pkts_dropped"] == 2.0


def test_a_header_may_come_again_with_other_fields() -> None:
    one = recorded.zeek_conn([FLOW])
    two = recorded.zeek_notices([(AT, "A::B", "198.18.0.9", None, None)])
    assert len(rows(one + two + one, "conn.log")) == 3


def test_another_separator() -> None:
    text = recorded.zeek_conn([FLOW]).replace("\t", "|").replace("\\x09", "\\x7c")
    assert len(rows(text, "conn.log")) == 1


def test_values_that_are_escaped_unset_or_empty() -> None:
    """A separator inside a value is written as \\x09; "-" and "(empty)" say that there is none."""
    fields = {"ts": "time", "id.orig_h": "addr", "note": "enum", "sub": "string", "actions": "set[enum]"}
    text = recorded.zeek_log("notice", fields, [[recorded.zeek_time(AT), None, "A::tab\\x09bed", "(empty)", "a,b"]])
    (row,) = rows(text)
    assert (row.kind.signature, row.src) == ("A::tab\tbed", NOBODY)


def test_json_of_the_streaming_package() -> None:
    line = {"_path": "conn", "_write_ts": "2026-07-14T10:00:09.0Z", "ts": "2026-07-14T10:00:00.123456Z", "proto": "tcp"}
    (seen,) = rows(json.dumps(line), "json_streaming_conn.log")
    assert seen.first == AT
    assert "json_streaming_conn.log*" in adapter("zeek").files


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1\t2\t3", "no #fields line"),
        ("#separator ab\n", "no single character"),
        ("#separator \\x09\n#fields\ta\tb\n#types\tx\n", "names 1 types, #fields 2"),
        ("#fields\tuid\n1", "it has no ts"),
        ("#fields\tts\tnote\nsoon\tA", "no ISO 8601 time"),
        ("#fields\tts\tnote\n1.0", "values where #fields"),
        ("#fields\tts\tsrc\n1.0\tx", "IP address"),
        ('{"ts":1.0,"note":"A","p":"x"}', "no port"),
        (b"#fields\tts\tnote\n1.0\t\xff", "not UTF-8"),
    ],
)
def test_what_is_no_line_of_a_log_is_told(text: str | bytes, why: str) -> None:
    with pytest.raises(BadLineError, match=why):
        rows(text)


def test_a_line_cut_off_anywhere_is_told_or_lacks_only_its_last_value() -> None:
    *head, line, _ = recorded.zeek_conn([FLOW]).encode().splitlines()
    reader = adapter("zeek").reader(ReadSettings(file_name="conn.log"))
    for one in head:
        reader.take(one)
    (whole,) = reader.take(line)
    last = line.rindex(b"\t")
    for at in range(1, last + 1):
        if at == last:
            continue
        with pytest.raises(BadLineError):
            reader.take(line[:at])
    for at in range(last + 1, len(line)):
        assert reader.take(line[:at]) == (whole,)


@pytest.mark.parametrize("duration", ["9" * 400, "1e30", "-5", "inf"])
def test_a_duration_that_cannot_be_is_bounded(duration: str) -> None:
    line = {"_path": "conn", "ts": AT / NS, "duration": duration, "id.orig_h": "198.18.0.9", "proto": "tcp"}
    (seen,) = rows(json.dumps(line), "x.json")
    assert 0 <= seen.last - seen.first <= 10**9 * NS
    with pytest.raises(BadLineError, match="is no number"):
        rows(json.dumps(line | {"duration": "nan"}), "x.json")
