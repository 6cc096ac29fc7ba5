"""What is known of one's own network words an alert: severity, its reason, direction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from detector.facts import Facts
from detector.site import Asset, Site
from tests.detector.incident_facts import FACTS


def facts(family: str, **changes: Any) -> Facts:
    return replace(FACTS, family=family, **changes)


JEWELS = Site(assets=(Asset("payroll", ("198.18.1.0/24",), 2), Asset("the office", ("198.18.0.0/16",), 1)))


@pytest.mark.parametrize(
    ("level", "expected", "words"),
    [
        ("low", "high", "two steps higher"),
        ("high", "critical", "one step higher"),
        ("critical", "critical", "so"),
    ],
)
def test_crown_jewels_raise_severity_up_to_the_highest(level: str, expected: str, words: str) -> None:
    got, reason = JEWELS.severity(facts("port_scan", victims=["02:00:00:00:00:01", "198.18.1.7"]), level, "so")
    assert got == expected
    assert words in reason
    assert ("198.18.1.7 is of payroll" in reason) == (level != "critical")


def test_other_victims_change_nothing() -> None:
    assert JEWELS.severity(facts("port_scan", victims=["198.19.0.1"]), "low", "so") == ("low", "so")
    assert JEWELS.severity(facts("port_scan", victims=[]), "low", "so") == ("low", "so")


def test_a_family_may_have_its_severity() -> None:
    site = Site(severities={"port_scan": "high"})
    assert site.severity(facts("port_scan"), "low", "harmless") == ("high", "high by configuration; harmless")
    assert site.severity(facts("syn_flood"), "low", "small")[0] == "low"


@pytest.mark.parametrize(
    ("attacker", "victim", "direction"),
    [
        ("198.18.0.1", "198.18.0.2", "internal"),
        ("198.18.0.1", "198.19.0.2", "outbound"),
        ("198.19.0.1", "198.18.0.2", "inbound"),
        ("198.19.0.1", "2001:2::1", "external"),
        ("02:00:00:00:00:01", "198.18.0.2", "inbound"),
    ],
)
def test_directions(attacker: str, victim: str, direction: str) -> None:
    incident = facts("port_scan", attackers=[attacker], victims=[victim])
    assert Site(home=("198.18.0.0/16",)).direction(incident) == direction
    assert Site().direction(incident) == ""
