"""How bad is it: a severity and the reason for it, from an incident's own figures."""

from __future__ import annotations

from typing import Final

from contract.alert import SEVERITIES
from contract.families import group_of
from detector.evidence import count, size
from detector.facts import Facts

_UNSURE: Final = 0.4


def severity(facts: Facts, confidence: float) -> tuple[str, str]:
    """One of ``contract.alert.SEVERITIES`` and why, in one sentence. Little confidence lowers it by one step."""
    level, reason = _by_group(facts)
    if confidence < _UNSURE and level > 0:
        return SEVERITIES[level - 1], f"{reason}; one step lower, as confidence is only {confidence:.2f}"
    return SEVERITIES[level], reason


def _by_group(facts: Facts) -> tuple[int, str]:
    group = group_of(facts.family)
    if group == "dos":
        return _flood(facts)
    if group == "recon":
        if facts.victims_total >= 50 or facts.ports_total >= 500:
            wide = max(facts.victims_total, facts.ports_total)
            return 1, f"wide reconnaissance: {count(wide, 'host or port', 'hosts or ports')} tried"
        return 0, "reconnaissance harms nothing by itself"
    if group == "credential":
        if facts.flows >= 100 or facts.rate >= 5:
            return 2, f"{count(facts.flows, 'try', 'tries')}, {facts.rate:.1f} a second: a password may fall soon"
        return 1, f"{count(facts.flows, 'try', 'tries')} at a login"
    if group == "exploit":
        return 2, f"requests shaped like an exploit reached {count(facts.victims_total, 'host')}"
    if group == "command_and_control":
        return 2, "a host inside seems to be under somebody's control"
    if group == "exfiltration":
        sent = facts.bytes_[0]
        return (3 if sent >= 50_000_000 else 2), f"{size(sent)} left the network"
    return 2, "traffic of the local network can be read or diverted"


def _flood(facts: Facts) -> tuple[int, str]:
    span = max(facts.seconds, 1.0)
    packets = sum(facts.packets) / span
    megabits = 8e-6 * sum(facts.bytes_) / span
    figures = f"{facts.rate:,.0f} flows/s, {packets:,.0f} packets/s, {megabits:.1f} Mbit/s"
    if facts.rate >= 1000 or packets >= 20_000 or megabits >= 500:
        return 3, f"a flood that takes down a site: {figures}"
    if facts.rate >= 50 or packets >= 500 or megabits >= 10 or facts.opened >= 100:
        return 2, f"a flood that a site feels: {figures}"
    return 1, f"a small flood: {figures}"
