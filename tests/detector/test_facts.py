"""Figures, words and severity of an incident."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detector.evidence import count, duration, sentences, size
from detector.facts import Facts, estimate, mac_text
from detector.incidents import REGISTERS, _sketch
from detector.severity import severity

SECOND = 1_000_000_000
FACTS = Facts(
    family="port_scan",
    first=0,
    last=3_100_000_000,
    flows=412,
    attackers=["198.18.0.9"],
    victims=["198.18.1.1"],
    ports=list(range(50)),
    attackers_total=1,
    victims_total=1,
    ports_total=412,
    protocol=6,
    unanswered=400,
    refused=0,
    opened=0,
    packets=(412, 12),
    bytes_=(24_720, 720),
    names=0,
    name_bytes=0,
    gaps=411,
    gap_mean=0.0075,
    gap_deviation=0.00075,
    mac="",
)


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
    assert mac_text(0x0200000000AB) == "02:00:00:00:00:ab"
    assert mac_text(0) == ""


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


@pytest.mark.parametrize("distinct", [0, 10, 400, 3000, 60_000])
def test_the_sketch_counts_within_a_tenth(distinct: int) -> None:
    registers = np.zeros(REGISTERS, np.uint8)
    for value in np.random.default_rng(1).integers(0, 1 << 63, distinct):
        _sketch(registers, np.uint64(value))
        _sketch(registers, np.uint64(value))
    assert abs(estimate(registers) - distinct) <= 0.1 * distinct


def test_the_sketch_does_as_its_plain_form() -> None:
    compiled, plain = np.zeros(REGISTERS, np.uint8), np.zeros(REGISTERS, np.uint8)
    with np.errstate(over="ignore"):
        for value in range(300):
            _sketch(compiled, np.uint64(value))
            _sketch.py_func(plain, np.uint64(value))  # type: ignore[attr-defined]
    assert (compiled == plain).all()
