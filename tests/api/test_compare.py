from __future__ import annotations

from api.compare import compare, summary

FIRST = {
    "families": {"syn_flood": {"attempts": 10, "attempts_detected": 9}, "old": {"flows": 4, "detected": 1}},
    "latency_ms": {"p50": 10.0, "p99": 20.0},
    "false_alarms": {"rate": 0.01},
    "run": {"passed": True, "sent_attempts": 10},
}
SECOND = {
    "families": {"syn_flood": {"attempts": 10, "attempts_detected": 8}},
    "attempts": {"recall": 0.8},
    "latency_ms": {"p50": 12.0, "p99": None},
    "run": {"passed": False, "sent_attempts": 10},
}


def test_change_is_second_minus_first_and_none_where_one_is_unknown():
    found = compare(FIRST, SECOND)
    assert found["latency_ms"]["p50"] == {"first": 10.0, "second": 12.0, "change": 2.0}
    assert found["latency_ms"]["p99"]["change"] is None
    assert found["false_alarm_rate"] == {"first": 0.01, "second": None, "change": None}
    assert found["passed"] == {"first": True, "second": False}
    rows = {row["family"]: row for row in found["families"]}
    assert rows["old"] == {"family": "old", "first": 0.25, "second": None, "change": None}
    assert rows["syn_flood"]["second"] == 0.8


def test_a_summary_of_an_empty_card_has_no_figures():
    found = summary({})
    assert found.pop("reasons") == []
    assert set(found.values()) == {None}


def test_recall_is_of_all_attempts_where_the_card_does_not_say_it():
    assert summary(FIRST)["recall"] == 10 / 14
