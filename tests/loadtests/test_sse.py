from __future__ import annotations

from loadtests.sse import events_of


def test_events_have_a_name_and_a_document():
    lines = b'retry: 1000\n\nid: 7\nevent: alert\ndata: {"alert_id": "7"}\n\n: alive\n\ndata: {"x": 1}\n\n'
    assert list(events_of(lines.splitlines(keepends=True))) == [("alert", {"alert_id": "7"}), ("message", {"x": 1})]


def test_an_event_that_is_cut_off_is_none():
    assert list(events_of([b"event: alert\n", b"data: {\n"])) == []
