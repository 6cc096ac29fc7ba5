from __future__ import annotations

import ipaddress
import itertools
import random
import sqlite3
from pathlib import Path

import pytest

from contract.alert import Alert
from contract.families import catalogue
from store.alert_filters import packed
from store.filters import Filters
from store.reader import StoreReader
from store.writer import StoreWriter

SECOND = 1_000_000_000
FAMILIES = ("syn_flood", "reflection_amplification", "port_scan", "ssh_bruteforce")
SEVERITIES = ("low", "medium", "high", "critical")
HOSTS = ("198.18.0.1", "198.18.0.255", "198.18.1.0", "198.19.255.255", "2001:2::1", "2001:2:0:1::")


def alerts() -> list[Alert]:
    chance = random.Random(5)
    return [
        Alert(
            alert_id=number,
            family=chance.choice(FAMILIES),
            severity=chance.choice(SEVERITIES),
            severity_reason="",
            confidence=chance.choice((0.5, 0.9)),
            first_seen=number * SECOND,
            last_seen=(number + 3) * SECOND,
            attackers=chance.sample(HOSTS, 2),
            victims=[chance.choice(HOSTS)],
            ports=chance.sample((0, 22, 53, 443), 2),
            open=chance.random() < 0.5,
        )
        for number in range(1, 61)
    ]


def before_indexes(folder: Path) -> None:
    """Make the store one of before: hosts as text, no ports."""
    with sqlite3.connect(folder / "store.sqlite") as database:
        database.execute("CREATE TABLE alert_hosts(host TEXT, alert_id INTEGER, PRIMARY KEY(host, alert_id))")
        for alert in alerts():
            rows = [(host, alert.alert_id) for host in {*alert.attackers, *alert.victims}]
            database.executemany("INSERT INTO alert_hosts VALUES(?,?)", rows)
        database.execute("DROP TABLE alert_addresses")
        database.execute("DROP TABLE alert_ports")
    database.close()


@pytest.fixture(scope="module", params=["indexed", "before"])
def folder(request, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    with StoreWriter(folder, compact_after=0) as writer:
        writer.commit(alerts=alerts())
    if request.param == "before":
        before_indexes(folder)
    return folder


def holds(alert: Alert, filters: Filters) -> bool:
    """The same, said slowly."""
    family = catalogue()[alert.family]
    network = ipaddress.ip_network(filters.host, strict=False) if filters.host else None
    hosts = [ipaddress.ip_address(host) for host in (*alert.attackers, *alert.victims)]
    return all((
        filters.family in (None, alert.family),
        filters.group in (None, family.group),
        filters.technique is None or f"{family.technique}.".startswith(f"{filters.technique}."),
        filters.since is None or alert.last_seen >= filters.since,
        filters.until is None or alert.first_seen <= filters.until,
        filters.min_score is None or alert.confidence >= filters.min_score,
        filters.severity in (None, alert.severity),
        filters.open in (None, alert.open),
        filters.port is None or filters.port in alert.ports,
        network is None or any(host in network for host in hosts if host.version == network.version),
    ))  # fmt: skip


CHOICES = {
    "family": ["syn_flood"],
    "group": ["dos", "recon"],
    "technique": ["T1498", "T1498.001", "T1110"],
    "since": [30 * SECOND],
    "until": [40 * SECOND],
    "min_score": [0.8],
    "severity": ["high"],
    "open": [True, False],
    "port": [0, 443],
    "host": ["198.18.0.1", "198.18.0.0/24", "198.18.0.0/15", "2001:2::/48", "2001:2::1", "0.0.0.0/0", "::/0"],
}


def combinations():
    for many in (1, 2):
        for names in itertools.combinations(CHOICES, many):
            yield from (
                dict(zip(names, values, strict=True)) for values in itertools.product(*(CHOICES[n] for n in names))
            )


def test_every_combination_finds_what_a_slow_look_finds(folder):
    known, found_some = alerts(), 0
    with StoreReader(folder) as reader:
        for wanted in combinations():
            filters = Filters(**wanted)
            found = [row["alert_id"] for row in reader.alerts(filters, 1000).alerts]
            assert found == [one.alert_id for one in reversed(known) if holds(one, filters)], wanted
            found_some += bool(found)
    assert found_some > 50


def test_a_writer_makes_the_indexes_of_a_store_of_before(tmp_path):
    with StoreWriter(tmp_path, compact_after=0) as writer:
        writer.commit(alerts=alerts())
    before_indexes(tmp_path)
    with StoreReader(tmp_path) as reader:
        old = [row["alert_id"] for row in reader.alerts(Filters(host="198.18.0.0/24", port=443), 1000).alerts]
        with StoreWriter(tmp_path, compact_after=0) as writer:
            fresh = alerts()[0]
            fresh.alert_id, fresh.attackers, fresh.ports = 99, ["198.18.0.77"], [443]
            writer.commit(alerts=[fresh])
            new = [row["alert_id"] for row in reader.alerts(Filters(host="198.18.0.0/24", port=443), 1000).alerts]
    assert new == [99, *old]


def test_what_is_no_address_is_not_packed():
    assert packed("198.18.0.1") == bytes(10) + b"\xff\xff\xc6\x12\x00\x01"
    assert packed("02:00:00:00:00:01") is None
