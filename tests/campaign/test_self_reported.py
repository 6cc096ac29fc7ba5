"""What a detector says that it lost, over the campaign."""

from __future__ import annotations

from campaign.alert_record import CountRow
from campaign.self_reported import losses

SPAN = (100, 200)


def test_growing_counters_count_from_what_they_were_before() -> None:
    said = ((90, 40, 1000), (150, 45, 1500), (210, 50, 2000))
    rows = [CountRow(t, {"capture.kernel_drops": d, "capture.kernel_packets": p}) for t, d, p in said]
    found = losses(rows, SPAN)
    assert found["counters"] == {"capture.kernel_drops": 10, "capture.kernel_packets": 1000}
    assert found["lost"] == {"capture.kernel_drops": 10}
    assert found["shares"] == {"capture.kernel_drops": 0.01}


def test_without_a_record_before_they_count_from_nought_and_a_restart_begins_anew() -> None:
    rows = [CountRow(t, {"capture.kernel_drops": d}) for t, d in ((110, 5), (150, 9), (160, 2))]
    assert losses(rows, SPAN)["lost"] == {"capture.kernel_drops": 11}


def test_intervals_are_added_up_within_the_campaign() -> None:
    rows = [CountRow(t, {"capture_loss.gaps": 3.0, "capture_loss.acks": 100.0}, running=False) for t in (50, 150, 210)]
    found = losses(rows, SPAN)
    assert found["lost"] == {"capture_loss.gaps": 6}
    assert found["shares"] == {"capture_loss.gaps": 0.03}
    assert losses([], SPAN) == {"records": 0, "counters": {}, "lost": {}, "shares": {}}
