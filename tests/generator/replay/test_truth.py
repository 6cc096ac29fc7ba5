"""Truth in the replay's addresses and times, as readers of truth files read it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from contract.addresses import MAPPED_PREFIX, array_to_column
from contract.schemas import NAME, TIME, TRUTH
from contract.truth import Entry, Truth, parse_truth
from generator.replay.octets import I64
from generator.replay.truth import document, entries_of, merged, rows_of, starts_of, times
from tests.generator.replay.helpers import START, batch, partner, people_of
from tests.generator.replay.packets import ONE, A, B, made

PEOPLE = people_of(batch([made(kind, lambda name: name, b"") for kind in ("tcp", "arp", "udp over ipv6")]))
NAMED = partner(PEOPLE)
ENTRY = Entry(
    "port_scan", "", START, START + 5_000_000_001, (A,), (B,), (80, 443), 6, (22,), ("10.9.9.9",), (),
    (int(ONE.replace(":", ""), 16),), 2,
)  # fmt: skip


def later(ts: I64) -> I64:
    return ts * 2 - START


def test_an_entry_is_told_in_the_new_addresses_and_times() -> None:
    truth = parse_truth(document(entries_of(Truth("x", (ENTRY,)), PEOPLE, later), "y", "benign"), "here")
    (entry,) = truth.entries
    assert entry.attackers == (NAMED(A),)
    assert entry.victims == (NAMED(B),)
    assert entry.not_attackers == ("198.18.0.1",)
    assert (entry.ports, entry.not_ports, entry.protocol, entry.arp_operation) == ((80, 443), (22,), 6, 2)
    assert entry.attacker_macs == (int(NAMED(ONE).replace(":", ""), 16),)
    assert entry.start == START
    assert entry.end is not None
    assert 0 <= entry.end - (START + 10_000_000_002) < 1000
    assert entry.technique == "T1046"


def test_who_is_mixed_with_others_names_its_own_hosts() -> None:
    nobody = Truth("x", (Entry("syn_flood"),))
    assert entries_of(nobody, PEOPLE, later)[0]["attackers"] == []
    assert entries_of(nobody, PEOPLE, later, alone=False)[0]["attackers"] == PEOPLE.everybody()


def test_rounds_without_times_are_one_entry() -> None:
    timed = {"family": "syn_flood", "start": "2026-01-01T00:00:00Z", "end": None, "attackers": ["198.18.1.1"]}
    free = timed | {"start": None}
    other = free | {"attackers": ["198.18.2.2", "198.18.1.1"]}
    assert merged([[free, timed], [other, timed]]) == [
        free | {"attackers": ["198.18.1.1", "198.18.2.2"]},
        timed,
        timed,
    ]
    assert merged([[free]]) == [free]


def table(families: list[str], attempts: list[int], seconds: list[int]) -> pa.Table:
    n = len(families)
    hosts = np.zeros((n, 16), np.uint8)
    hosts[:, :12] = np.frombuffer(MAPPED_PREFIX, np.uint8)
    hosts[:, 12:] = (10, 1, 2, 3)
    when = pa.array([START + s * 1_000_000_000 for s in seconds]).cast(TIME)
    names = sorted(set(families))
    columns = {
        "attempt": pa.array(attempts),
        "family": pa.DictionaryArray.from_arrays(
            pa.array([names.index(f) for f in families], pa.int16()), pa.array(names)
        ).cast(NAME),
        "intended": when, "first": when, "last": when,
        "src": array_to_column(hosts), "dst": array_to_column(hosts),
        "src_port": pa.array([1] * n, pa.uint16()), "dst_port": pa.array([80] * n, pa.uint16()),
        "protocol": pa.array([6] * n, pa.uint16()), "frames": pa.array([1] * n, pa.uint32()),
    }  # fmt: skip
    return pa.table([columns[f.name] for f in TRUTH], schema=TRUTH)


def test_rows_are_told_likewise_and_end_with_the_replay() -> None:
    rows = table(["syn_flood", "web_browsing", "syn_flood"], [0, 1, 2], [0, 3, 9])
    made_rows = rows_of(rows, PEOPLE, later, 100, START + 7_000_000_000)
    assert made_rows.schema == TRUTH
    assert made_rows.column("attempt").to_pylist() == [100, 101]
    assert times(pa.table(made_rows), "first").tolist() == [START, START + 6_000_000_000]
    expected = bytes(map(int, NAMED(A).split(".")))
    assert {value[12:] for value in made_rows.column("src").to_pylist()} == {expected}
    assert len(rows_of(rows, PEOPLE, later, 0, START)) == 0


def test_attempts_of_attacks_begin_once() -> None:
    rows = table(["syn_flood", "web_browsing", "syn_flood", "port_scan"], [4, 5, 4, 6], [8, 1, 7, 2])
    assert ((starts_of(rows) - START) // 1_000_000_000).tolist() == [2, 7]
    assert not len(starts_of(rows.slice(0, 0)))
