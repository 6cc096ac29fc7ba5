"""What an alert means, by rules that ship and rules of the user's."""

from __future__ import annotations

import time

import pytest

from campaign.alert_record import Kind
from campaign.family_map import INFORMATIONAL, SCOPES, UNMAPPED, family_map
from contract.errors import InputError
from contract.families import catalogue

SHIPPED = family_map()


@pytest.mark.parametrize(
    ("kind", "family", "scope"),
    [
        (Kind("ET SCAN Potential SSH Scan", "1:2001219", "Attempted Information Leak"), "ssh_bruteforce", "pair"),
        (Kind("ET SCAN Suspicious inbound to MSSQL port 1433"), "port_scan", "source"),
        (
            Kind("ET DOS Possible NTP DDoS Inbound Frequent Un-Authed MON_LIST Requests"),
            "reflection_amplification",
            "target",
        ),
        (Kind("ET WEB_SERVER Possible SQL Injection Attempt"), "web_attack", "flow"),
        (Kind("ET MALWARE Win32/Emotet CnC Activity"), "c2_beacon", "flow"),
        (Kind("ET POLICY curl User-Agent Outbound"), INFORMATIONAL, "flow"),
        (Kind("SURICATA STREAM bad window update"), INFORMATIONAL, "flow"),
        (Kind("Scan::Port_Scan", category="notice"), "port_scan", "source"),
        (Kind("SSH::Password_Guessing", category="notice"), "ssh_bruteforce", "source"),
        (Kind("Weird::bad_TCP_checksum", category="weird"), INFORMATIONAL, "flow"),
        (Kind("local rule", category="Attempted Denial of Service"), "other_dos", "target"),
        (Kind("local rule", category="attempted-dos"), "other_dos", "target"),
        (Kind("local rule", category="Misc activity"), INFORMATIONAL, "flow"),
        (Kind("local rule", technique="T1498.002"), "reflection_amplification", "target"),
        (Kind("Tenfold syn_flood"), "syn_flood", "target"),
        (Kind("udp_flood"), "udp_flood", "target"),
        (Kind("something of our own"), UNMAPPED, "flow"),
    ],
)
def test_rules_that_ship(kind: Kind, family: str, scope: str) -> None:
    found = SHIPPED.of(kind)
    assert (found.family, found.scope) == (family, scope)
    assert found.claims == (family != INFORMATIONAL)
    assert found.group == (catalogue()[family].group if family in catalogue() else "")


def test_the_users_rules_come_first() -> None:
    mine = [
        {"signature_id": "2001219", "family": "port_scan", "scope": "flow"},
        {"signature": "*[weird]*", "category": "Notice", "family": "exfiltration", "window": 5},
    ]
    found = family_map(mine, window_s=7)
    assert found.of(Kind("ET SCAN Potential SSH Scan", "1:2001219")).scope == "flow"
    assert found.of(Kind("a [WEIRD] b", category="notice")).window_s == 5
    assert found.of(Kind("a w b", category="notice")).family == UNMAPPED
    assert found.of(Kind("ET SCAN x")).window_s == 7


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"signature": "x", "family": "evil"}, "'evil' is no attack"),
        ({"signature": "x", "family": "web_browsing"}, "is no attack"),
        ({"signature": "x"}, "family None"),
        ({"family": "port_scan"}, "must name a signature"),
        ({"signature": "x", "family": "port_scan", "scope": "world"}, f"none of {', '.join(SCOPES)}"),
        ({"signature": "x", "family": "port_scan", "window": -1}, "window"),
        ({"signature": 5, "family": "port_scan"}, "a text or a list of texts"),
        ({"signature": "x", "famly": "port_scan"}, "no key is called 'famly'"),
        ("text", "must be a table"),
    ],
)
def test_a_rule_that_cannot_do_is_named(rule: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=f"mine: rule 2: .*{why}"):
        family_map([{"signature": "a", "family": "port_scan"}, rule], "mine")


def test_a_pattern_of_many_stars_costs_no_more_than_its_length() -> None:
    found = family_map([{"signature": "*a" * 100 + "b", "family": "port_scan"}])
    began = time.process_time()
    assert found.of(Kind("a" * 512)).family == UNMAPPED
    assert time.process_time() - began < 5  # exponential would outlive the suite
