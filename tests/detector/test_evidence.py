"""Evidence in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detector.evidence import count, duration, sentences, size
from tests.detector.incident_facts import FACTS


def test_a_scan_in_words() -> None:
    assert sentences(FACTS)[0] == "412 ports of one host in 3.1 s, 97 % unanswered"
    assert len(sentences(FACTS)) == 3
    sweep = replace(FACTS, family="host_sweep", victims_total=254, ports_total=1)
    assert sentences(sweep)[0] == "254 hosts asked in 3.1 s on 1 port, 97 % unanswered"


@pytest.mark.parametrize(
    ("family", "words"),
    [
        ("syn_flood", "412 flows at 198.18.1.1 in 3.1 s from 198.18.0.9"),
        ("slowloris", "0 connections opened and held"),
        ("reflection_amplification", "24.7 kB of answers against 720 bytes of requests"),
        ("web_scan", "412 web request flows to 1 host"),
        ("ssh_bruteforce", "412 login sessions at 198.18.1.1"),
        ("web_attack", "412 web conversations with 198.18.1.1"),
        ("c2_beacon", "one contact every 7.5 ms, deviation 10 %"),
        ("dns_tunnel", "24.7 kB asked and 720 bytes answered in 3.1 s"),
        ("iot_botnet", "412 ports of one host"),
        ("exfiltration", "24.7 kB went out to 198.18.1.1 against 720 bytes in"),
        ("arp_spoofing", "198.18.0.9 claims 1 address towards 1 host"),
        ("other_dos", "412 flows at"),
    ],
)
def test_every_group_has_words_with_figures(family: str, words: str) -> None:
    lines = sentences(replace(FACTS, family=family))
    assert 1 <= len(lines) <= 3
    assert any(words in line for line in lines), lines


def test_an_incident_without_figures_still_has_words() -> None:
    empty = replace(
        FACTS, flows=0, attackers=[], victims=[], ports=[], packets=(0, 0), bytes_=(0, 0), gaps=0, last=0, ports_total=0
    )
    for family in (
        "syn_flood",
        "port_scan",
        "ssh_bruteforce",
        "c2_beacon",
        "dns_tunnel",
        "exfiltration",
        "arp_spoofing",
    ):
        assert sentences(replace(empty, family=family))


def test_numbers_in_words() -> None:
    assert count(1, "port") == "1 port"
    assert count(12_000, "address", "addresses") == "12,000 addresses"
    assert [duration(s) for s in (0.0, 0.02, 3.14, 130, 8000)] == ["0.1 ms", "20.0 ms", "3.1 s", "2.2 min", "2.2 h"]
    assert [size(n) for n in (12, 1_500, 2_000_000, 3e9)] == ["12 bytes", "1.5 kB", "2.0 MB", "3.0 GB"]
