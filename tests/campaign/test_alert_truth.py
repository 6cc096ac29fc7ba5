"""Which alerts are true."""

from __future__ import annotations

import numpy as np
import pytest

from campaign.alert_truth import against_attempts, against_entries, same_family
from campaign.labels import label_flows
from contract.schemas import ARP
from contract.truth import Entry, Truth
from tests.campaign.tables import SECOND, alert, flows_table, truth_table


def named(truth: Truth, *alerts: object, flows: object = None) -> list[list[int]]:
    table = flows if flows is not None else flows_table({})
    return against_entries(list(alerts), truth, table, label_flows(table, truth)).named  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "true"),
    [
        ({}, True),
        ({"victims": ["198.18.9.9"]}, True),  # the attacker is right
        ({"attackers": ["198.18.9.9"]}, True),  # the victim is right
        ({"attackers": ["198.18.9.9"], "victims": ["198.18.9.8"]}, False),
        ({"attackers": [], "victims": []}, False),
        ({"first_seen": 21 * SECOND, "last_seen": 22 * SECOND}, False),
        ({"first_seen": 20 * SECOND, "last_seen": 22 * SECOND}, True),
    ],
)
def test_an_alert_is_true_if_it_names_a_side_while_the_entry_lasts(given: dict[str, object], true: bool) -> None:
    truth = Truth(
        "x", (Entry("port_scan", start=0, end=20 * SECOND, attackers=("198.18.0.0/24",), victims=("198.18.1.1",)),)
    )
    assert named(truth, alert(**given)) == [[0] if true else []]


def test_ordinary_entries_make_no_alert_true() -> None:
    assert named(Truth("x", (Entry("web_browsing", attackers=("198.18.0.1",)),)), alert()) == [[]]


def test_an_entry_by_mac_stands_for_the_addresses_of_its_flows_and_for_the_mac() -> None:
    mac = 0x0200000000AB
    flows = flows_table({"protocol": ARP, "src": "198.18.5.5", "dst": "198.18.5.6", "src_mac": mac, "arp_operation": 2})
    truth = Truth("x", (Entry("arp_spoofing", attacker_macs=(mac,), protocol=ARP),))
    by_address = alert(attackers=["198.18.5.5"], victims=[])
    by_mac = alert(attackers=["02:00:00:00:00:ab"], victims=[])
    other = alert(attackers=["02:00:00:00:00:ac", "198.18.7.7"], victims=["198.18.7.8"])
    assert named(truth, by_address, by_mac, other, flows=flows) == [[0], [0], []]


def test_right_group_and_family() -> None:
    truth = Truth("x", (Entry("udp_flood", victims=("198.18.1.1",)),))
    found = against_entries(
        [alert(), alert(family="udp_flood"), alert(family="port_scan")], truth, flows_table({}), np.zeros(1, np.int64)
    )
    one = alert()
    assert found.right_group(one, 0)
    assert not found.right_family(one, 0)
    assert found.right_family(alert(family="udp_flood"), 1)
    assert not found.right_group(alert(family="port_scan"), 2)


def test_wide_words_take_any_family_of_their_group() -> None:
    assert same_family("http_flood", "other_dos")
    assert not same_family("http_flood", "udp_flood")
    assert not same_family("port_scan", "other_dos")


def test_attempts_make_an_alert_true_while_their_family_lasts_at_that_address() -> None:
    truth = truth_table(
        {"family": "syn_flood", "first": 0, "last": SECOND},
        {"family": "port_scan", "src": "198.18.0.9", "dst": "198.18.1.1", "first": 30 * SECOND, "last": 31 * SECOND},
        {"family": "web_browsing", "src": "198.18.3.3", "dst": "198.18.4.4"},
    )
    alerts = [
        alert(attackers=["198.18.0.1"], victims=[]),
        alert(attackers=["198.18.0.9"], victims=[]),  # its scan comes later
        alert(attackers=["198.18.3.3"], victims=["198.18.4.4"]),  # ordinary
        alert(attackers=["198.18.0.9"], victims=[], last_seen=40 * SECOND, family="port_scan"),
    ]
    found = against_attempts(alerts, truth)
    assert [bool(n) for n in found.named] == [True, False, False, True]
    assert found.right_family(alerts[0], 0)
    assert found.right_family(alerts[3], 3)
    assert against_attempts([alert()], truth_table()).named == [[]]
