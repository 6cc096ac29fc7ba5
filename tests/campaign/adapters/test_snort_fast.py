"""Fast alerts of Snort 2, Snort 3 and Suricata."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from campaign.adapters import adapter
from campaign.alert_record import NONE, AlertRow, BadLineError, ReadSettings, address
from campaign.alert_times import Stamps
from tests.campaign import recorded
from tests.campaign.recorded import Flow

NS = 10**9
AT = int(datetime(2026, 7, 14, 10, tzinfo=UTC).timestamp()) * NS + 123_456_000
FLOW = Flow("ssh_bruteforce", AT, AT + NS, "198.18.0.9", "198.18.1.2", 40_000, 22, 6, "")
NEAR = ReadSettings(Stamps(near=(AT - NS, AT + 60 * NS)))


def take(line: str) -> AlertRow:
    (row,) = adapter("snort-fast").reader(NEAR).take(line.encode())
    assert isinstance(row, AlertRow)
    return row


def test_snort_3() -> None:
    row = take(recorded.snort_fast(FLOW))
    assert (row.time, row.src, row.src_port, row.dst_port, row.protocol) == (AT, address("198.18.0.9"), 40_000, 22, 6)
    assert row.kind == (
        "ET SCAN Potential SSH Scan",
        "1:2001219",
        "Attempted Information Leak",
        "2",
        "",
    )


def test_suricata_says_the_year() -> None:
    row = take(
        "07/14/2026-10:00:00.123456  [**] [1:2210045:2] SURICATA STREAM Packet with invalid ack [**] [Classification: "
        "Generic Protocol Command Decode] [Priority: 3] {TCP} 2001:0002:0000::0001:40000 -> 2001:2::2:443"
    )
    assert (row.time, row.src, row.src_port) == (AT, address("2001:2::1"), 40_000)


def test_what_may_be_missing_or_more() -> None:
    row = take("07/14-10:00:00.123456 [**] [116:408:1] (ipv4) odd [**] [Priority: 3] {ICMP} 198.18.0.9 -> 198.18.1.2")
    assert (row.src_port, row.protocol, row.kind.category) == (NONE, 1, "")
    row = take(
        '07/14-10:00:00.1 [**] [1:5:1] "a" [**] [Classification: x] [Priority: 1] [AppID: HTTP] '
        "{UDP} 198.18.0.9:5 -> 198.18.1.2:53"
    )
    assert (row.src_port, row.dst_port, row.protocol) == (5, 53, 17)
    row = take(
        "07/14/2026-10:00:00.1  [Drop] [**] [1:5:1] b [**] [Classification: (null)] [Priority: 3] "
        "{TCP} 198.18.0.9:5 -> 198.18.1.2:53"
    )
    assert row.kind.signature == "b"
    assert adapter("snort-fast").reader(NEAR).take(b"  ") == ()


@pytest.mark.parametrize("line", [b"hello", b"\xff\xfe", b"07/14-10:00:00.1 [**] [1:5:1] a [**] {TCP} nobody -> x"])
def test_what_is_no_alert_is_told(line: bytes) -> None:
    with pytest.raises(BadLineError):
        adapter("snort-fast").reader(NEAR).take(line)


def test_a_line_cut_off_is_told_until_only_the_last_address_lacks_something() -> None:
    line = recorded.snort_fast(FLOW).encode()
    for at in range(1, line.index(b"-> ") + 6):
        with pytest.raises(BadLineError):
            adapter("snort-fast").reader(NEAR).take(line[:at])
