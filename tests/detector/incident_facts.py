"""The figures of one incident, for tests of what is said about it."""

from __future__ import annotations

from detector.facts import Facts

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
