"""Rows become columns."""

from __future__ import annotations

from campaign.alert_record import AlertRow, CountRow, Kind, SeenRow, address
from campaign.alert_table import UNREAD, Gathering

ONE, TWO = address("198.18.0.1"), address("198.18.0.2")


def test_alerts_are_in_the_order_of_their_stamps() -> None:
    found = Gathering()
    found.add(AlertRow(20, Kind("b"), ONE, TWO, 1, 2, 6, "1:x"), read=25, file=1, line=7)
    found.add(AlertRow(10, Kind("a")))
    found.add(AlertRow(15, Kind("b")))
    alerts = found.alerts()
    assert alerts.time.tolist() == [10, 15, 20]
    assert [alerts.kinds[n].signature for n in alerts.kind] == ["a", "b", "b"]
    assert alerts.read.tolist() == [UNREAD, UNREAD, 25]
    assert (alerts.src[2].tobytes(), alerts.dst[2].tobytes()) == (ONE, TWO)
    assert (alerts.file[2], alerts.line[2], alerts.community_id[2]) == (1, 7, "1:x")


def test_flows_seen_and_counters() -> None:
    found = Gathering()
    found.add(SeenRow(1, 2, ONE, TWO, 3, 4, 6))
    found.add(CountRow(1, {"a": 1.0}))
    assert (len(found.seen()), len(found.counts), len(found.alerts())) == (1, 1, 0)
    assert found.seen().dst_port.tolist() == [4]
