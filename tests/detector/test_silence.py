"""Allowed and muted: what is under a rule is kept and counted apart, and nobody is told; all else is as before."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.addresses import to_bytes
from contract.alert import ALLOWED_FROM, MUTED_FROM, Alert
from contract.errors import InputError
from detector.config import Config
from detector.pipeline import Detector
from detector.policy import Policy
from detector.silence import MOST_RULES, Places, Rule, Silencer, mac_of
from tests.detector.streams import SECOND, START, Frame, always, arp, batch, tcp

SCANNER, OTHER, VICTIM = "198.18.0.9", "198.18.0.10", "198.18.1.1"
MINUTE = START // (60 * SECOND) % 1440


def scan(source: str, ports: int = 60, shift: int = 0) -> list[Frame]:
    return [(n * 2_000_000 + shift, tcp(source, VICTIM, 40000, 1 + n)) for n in range(ports)]


def run(
    frames: list[Frame], *rules: Rule, family: str = "port_scan", score: float = 0.99
) -> tuple[Detector, list[Alert], list[tuple[str, int]]]:
    detector = Detector(Config(capacity=4096, policy=Policy(rules=rules)), always(family, score))
    detector.feed(batch(sorted(frames)))
    detector.finish()
    out = detector.outputs()
    said = list(
        zip(out.verdicts.column("family").to_pylist(), out.verdicts.column("alert_id").to_pylist(), strict=True)
        if out.verdicts
        else ()
    )
    last = {alert.alert_id: alert for alert in out.alerts}
    return detector, list(last.values()), said


def allowed(*sources: str, **more: object) -> Rule:
    return Rule("allowed", "the weekly scan", tuple(sources), **more)  # type: ignore[arg-type] - tests vary them


def test_an_allowed_scanner_is_kept_marked_and_raises_nothing() -> None:
    detector, alerts, said = run(scan(SCANNER), allowed("198.18.0.8/30"))
    assert [(a.alert_id, a.allowed, a.muted, a.silenced) for a in alerts] == [
        (ALLOWED_FROM + 1, "the weekly scan", "", True)
    ]
    assert alerts[0].flows == 60
    assert set(said[-60:]) == {("port_scan", ALLOWED_FROM + 1)}
    status = detector.status()
    assert (status["alerts"], status["open_alerts"], status["allowed_alerts"]) == (0, 0, 1)
    stage = detector.settle().stages["alert"]
    assert (stage.offered, stage.delivered, dict(stage.dropped)) == (1, 0, {"allowed": 1})
    assert detector.settle().balanced


def test_another_attacker_of_the_same_victim_is_told_all_the_same() -> None:
    flood = [(n * 1_000_000, tcp(f"198.18.{2 + n % 2}.{1 + n // 2}", VICTIM, 1024, 80)) for n in range(200)]
    detector, alerts, _ = run(flood, allowed("198.18.2.0/24"), family="syn_flood")
    told, kept = sorted(alerts, key=lambda alert: alert.silenced)
    assert (told.alert_id, kept.alert_id) == (1, ALLOWED_FROM + 1)
    assert all(host.startswith("198.18.3.") for host in told.attackers)
    assert all(host.startswith("198.18.2.") for host in kept.attackers)
    assert (told.flows, kept.flows) == (100, 100)
    assert detector.status()["alerts"] == 1


def test_what_is_beyond_doubt_is_not_said_of_an_allowed_flow_before_its_incident() -> None:
    assert {word for word, _ in run(scan(SCANNER, 1), score=0.999)[2]} == {"port_scan"}
    assert {word for word, _ in run(scan(SCANNER, 1), allowed(SCANNER), score=0.999)[2]} == {"benign"}


@pytest.mark.parametrize(
    ("rule", "silenced"),
    [
        (Rule("muted", "x", families=frozenset({"port_scan"})), True),
        (Rule("muted", "x", families=frozenset({"syn_flood"})), False),
        (Rule("muted", "x", destinations=(VICTIM,)), True),
        (Rule("muted", "x", destinations=(SCANNER,)), False),
        (Rule("muted", "x", (SCANNER,), (VICTIM,), frozenset({"port_scan"})), True),
        (Rule("muted", "x", (SCANNER,), (OTHER,)), False),
        (Rule("muted", "x", hours=((MINUTE, MINUTE + 5),)), True),
        (Rule("muted", "x", hours=((MINUTE + 5, MINUTE + 9),)), False),
        (Rule("muted", "x", hours=((1400, MINUTE + 5),)), True),
        (Rule("muted", "x", hours=((MINUTE + 5, 3),)), False),
        (Rule("muted", "x", until=START + 3600 * SECOND), True),
        (Rule("muted", "x", until=START), False),
    ],
)
def test_a_rule_holds_for_what_it_names(rule: Rule, silenced: bool) -> None:
    detector, alerts, _ = run(scan(SCANNER), rule)
    assert [alert.silenced for alert in alerts] == [silenced]
    assert detector.status()["muted_alerts"] == silenced
    assert (alerts[0].muted == "x") == silenced


def test_a_mac_may_be_allowed() -> None:
    frames = [(n * SECOND, arp(0x0200000000AB, "198.18.0.1", f"198.18.0.{2 + n % 3}")) for n in range(12)]
    _, alerts, _ = run(frames, allowed("02:00:00:00:00:ab"), family="arp_spoofing")
    assert [alert.allowed for alert in alerts] == ["the weekly scan"]
    _, alerts, _ = run(frames, allowed("02:00:00:00:00:ac"), family="arp_spoofing")
    assert [alert.allowed for alert in alerts] == [""]


def test_what_is_allowed_comes_before_what_is_muted_and_each_has_its_numbers() -> None:
    muted = Rule("muted", "noise", families=frozenset({"port_scan"}))
    detector, alerts, _ = run(scan(SCANNER) + scan(OTHER, shift=1000), muted, allowed(SCANNER))
    assert sorted(alert.alert_id for alert in alerts) == [ALLOWED_FROM + 1, MUTED_FROM + 1]
    stage = detector.settle().stages["alert"]
    assert dict(stage.dropped) == {"allowed": 1, "muted": 1}


def test_rules_may_change_while_it_runs() -> None:
    detector = Detector(Config(capacity=4096), always("port_scan"))
    detector.feed(batch(scan(SCANNER, 10)))
    detector.alerts.change(Policy(rules=(allowed(SCANNER),)))
    detector.feed(batch(scan(OTHER, 60, 10**9) + scan(SCANNER, 60, 3 * 10**9)))
    detector.finish()
    last = {alert.alert_id: alert for alert in detector.outputs().alerts}
    assert sorted((a.attackers[0], a.allowed) for a in last.values()) == [
        (OTHER, ""),
        (SCANNER, "the weekly scan"),
    ]


def test_a_rule_keeps_its_number_and_numbers_are_not_endless() -> None:
    first, second = allowed(SCANNER), allowed(OTHER)
    silencer = Silencer(("benign", "port_scan"), (first,))
    silencer.change((second,))
    assert (silencer.rule(0), silencer.rule(1), silencer.rule(2)) == (None, first, second)
    silencer.change((first, second))
    assert silencer.rule(3 - 1) is second
    silencer.change(())
    assert not silencer.active
    with pytest.raises(InputError, match="start the detector anew"):
        silencer.change([Rule("muted", str(n), hours=((0, 1),)) for n in range(MOST_RULES)])


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        ("02:00:00:00:00:ab", 0x0200000000AB),
        ("02-00-00-00-00-AB", 0x0200000000AB),
        ("198.18.0.1", None),
        ("2001:2::1", None),
        ("02:00:00:00:00", None),
        ("02:00:00:00:00:zz", None),
    ],
)
def test_mac_addresses(text: str, mac: int | None) -> None:
    assert mac_of(text) == mac


@given(st.lists(st.ip_addresses(v=4), max_size=5), st.lists(st.integers(0, 3), max_size=3), st.lists(st.integers(0, 5)))
def test_places_against_sets(asked: Sequence[ipaddress.IPv4Address], known_macs: list[int], macs: list[int]) -> None:
    macs = (macs * len(asked) + [9] * len(asked))[: len(asked)]
    known = [str(address) for address in asked[:2]]
    places = Places([*known, *(f"02:00:00:00:00:{mac:02x}" for mac in known_macs)])
    rows = np.frombuffer(b"".join(to_bytes(str(a)) for a in asked), np.uint8).reshape(-1, 16)
    found = places.has(rows, np.array([0x020000000000 + mac for mac in macs], np.uint64))
    assert found.tolist() == [str(a) in known or m in known_macs for a, m in zip(asked, macs, strict=True)]
