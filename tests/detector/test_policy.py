"""Bars: every attack family has one, and a configuration may replace it."""

from __future__ import annotations

from dataclasses import replace

from contract.families import catalogue
from detector.policy import FAMILY_BARS, Policy


def test_every_attack_family_has_a_bar_that_can_be_reached() -> None:
    for family in catalogue().values():
        if family.attack:
            bar = Policy().bar(family.id)
            assert bar.evidence > 0
            assert bar.flows >= 1
            assert bar.per_flow * max(bar.flows, 2) >= bar.evidence or bar.flows > 1
            assert bar.quiet_s >= bar.half_life_s / 2


def test_bars_become_a_table_by_code_and_can_be_replaced() -> None:
    own = replace(FAMILY_BARS["udp_flood"], evidence=99.0)
    table = Policy(bars={"udp_flood": own}).tables(("benign", "udp_flood", "port_scan")).table
    assert table["evidence"].tolist() == [0.0, 99.0, Policy().bar("port_scan").evidence]
    assert table["half_life"][1] == 10e9
