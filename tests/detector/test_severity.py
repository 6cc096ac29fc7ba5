"""Severity and its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detector.severity import severity
from tests.detector.incident_facts import FACTS


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({}, "low"),
        ({"ports_total": 900}, "medium"),
        ({"family": "ssh_bruteforce", "flows": 9}, "medium"),
        ({"family": "ssh_bruteforce"}, "high"),
        ({"family": "web_attack"}, "high"),
        ({"family": "c2_beacon"}, "high"),
        ({"family": "exfiltration"}, "high"),
        ({"family": "exfiltration", "bytes_": (60_000_000, 0)}, "critical"),
        ({"family": "arp_spoofing"}, "high"),
        ({"family": "syn_flood", "flows": 30}, "medium"),
        ({"family": "syn_flood"}, "high"),
        ({"family": "syn_flood", "flows": 50_000}, "critical"),
    ],
)
def test_severity_has_a_reason(change: dict[str, object], level: str) -> None:
    found, reason = severity(replace(FACTS, **change), 0.9)  # type: ignore[arg-type]
    assert found == level
    assert reason


def test_little_confidence_lowers_severity() -> None:
    assert severity(replace(FACTS, family="web_attack"), 0.2)[0] == "medium"
    assert "0.20" in severity(replace(FACTS, family="web_attack"), 0.2)[1]
    assert severity(FACTS, 0.2)[0] == "low"
