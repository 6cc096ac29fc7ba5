"""What a tick brought, added up apart and put together: the same entries, bit for bit, however rows are dealt out."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest

from detector.partials import BITS, ENTRY, LOGS, WORDS, Gatherer, Partials
from detector.partials_packed import Sums, packed
from detector.windows import fold
from detector.windows_events import BYTES_FWD, COUNTS, DNS_ENTROPY, LOGINS_REFUSED, PACKETS_FWD, STARTS
from detector.windows_state import KINDS, REGISTERS, SRC, keys_of, mix, new_windows
from tests.detector.flows_by_hand import SECOND, START, empty, put

SEED = new_windows(7, (8,) * KINDS).seed
CLOSED_STATE = 1 | 2 | 4 | 8


def tick(rows: int = 300, hosts: int = 12):
    """A table in which every row is of a tick: opened and closed connections, refused logins, names asked for, ARP."""
    rng = np.random.default_rng(5)
    table = empty(512)
    for slot in range(rows):
        source, target = (int(value) for value in rng.integers(1, hosts, 2))
        last = START + int(rng.integers(0, SECOND // 20))
        sent, got = (int(value) for value in rng.integers(1, 1 << 20, 2))
        facts = {"last": last, "bytes": (sent + 60, got), "packets": (3, 2)}
        if slot % 3 == 0:
            facts |= {"payload": (sent, got), "tcp_state": CLOSED_STATE, "turns": 2, "payload_kept": (0, 0)}
        if slot % 4 == 0:
            facts |= {"logins_refused": 1 + slot % 3}
        if slot % 5 == 0:
            facts |= {"dns_queries": 2, "dns_entropy_sum": float(rng.random() * 8), "asked_hash": sent}
        if slot % 7 == 0:
            mac = 0x020000000000 + int(rng.integers(1, 4))
            facts |= {"protocol": 0x0806, "port": (0, 0), "arp_mac": (mac, 0)}
        put(table, slot, source, target, **({"port": int(rng.integers(1, 500))} | facts))
        if slot % 8 == 0:  # it was refused before, too
            table.before[slot]["logins_refused"] = 1
    return table


def slots_of(values) -> np.ndarray:
    return np.ascontiguousarray(values, np.int32)


def copied(partials: Partials) -> Partials:
    return Partials(partials.entries.copy(), partials.claims.copy())


@pytest.mark.parametrize("shards", [2, 5])
def test_parts_put_together_are_the_whole(shards):
    table, rng = tick(), np.random.default_rng(shards)
    at = np.arange(300, dtype=np.int64) * 2
    whole = copied(Gatherer(SEED).reduce(table, slots_of(range(300)), at))
    owner = rng.integers(0, shards, 300)
    parts, claims = [], []
    for shard in rng.permutation(shards):  # in any order
        own = np.flatnonzero(owner == shard)
        part = Gatherer(SEED).reduce(table, slots_of(own), at[own])
        parts.append(packed(part.entries))
        claims.append(part.claims.copy())
    entries = Sums(parts, Gatherer(SEED)).tick(np.array([len(part.masks) for part in parts]))
    ordered = np.concatenate(claims)
    merged = Partials(entries, ordered[np.argsort(ordered["at"])])
    assert sum(len(part.masks) for part in parts) > len(whole.entries)  # some span shards
    assert merged.entries.tobytes() == whole.entries.tobytes()
    assert merged.claims.tobytes() == whole.claims.tobytes()
    assert len(whole.claims) > 10
    states = []
    for found in (whole, merged):
        windows = new_windows(7, (8, 8, 8, 8, 8, 8))  # far too small: who gives way is decided alike, too
        fold(windows, found, START + SECOND // 20)
        states.append(windows)
    for one, other in zip(*states, strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_entry_is_the_plain_sum_over_the_rows_of_its_entity():
    """Oracle: dictionaries of Python's whole numbers."""
    table = tick()
    found = Gatherer(SEED).reduce(table, slots_of(range(300)), np.arange(300, dtype=np.int64))
    expected: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    keys = np.zeros(KINDS, np.uint64)
    for slot in range(300):
        flow = table.flows[slot]
        keys_of(flow, SEED[0], keys)
        sums = expected[int(keys[SRC])]
        sums["starts"] += 1
        sums["packets"] += int(flow["packets"][0])
        sums["refused"] += int(flow["logins_refused"]) - int(table.before[slot]["logins_refused"])
        sums["bytes"] += int(np.float32(flow["bytes"][0]))
        sums["entropy"] += int(np.float32(flow["dns_entropy_sum"]) * BITS)
        closed = flow["protocol"] != 6 or flow["tcp_state"] & 8  # of others the first reply closes
        sums["closed"] += int(bool(closed))
        sums["sent"] += int(math.log1p(flow["payload"][0]) * LOGS + 0.5) if closed else 0
        sums["until"] = max(sums["until"], int(flow["last"]))
        target = mix(flow["address"][1, 0] ^ mix(flow["address"][1, 1] ^ SEED[1])) & np.uint64(REGISTERS - 1)
        sums["peers"] |= 1 << int(target)
    entries = {int(entry["key"]): entry for entry in found.entries if entry["kind"] == SRC}
    assert entries.keys() == expected.keys()
    for key, sums in expected.items():
        entry = entries[key]
        told = entry["gains"][[STARTS, PACKETS_FWD, LOGINS_REFUSED]].tolist()
        assert told == [sums["starts"], sums["packets"], sums["refused"]]
        assert (entry["gains"][BYTES_FWD], entry["bytes"][0]) == (0, sums["bytes"])
        assert abs(entry["gains"][DNS_ENTROPY] - sums["entropy"]) <= sums["starts"]
        assert (entry["closed"], entry["until"], entry["peers"]) == (sums["closed"], sums["until"], sums["peers"])
        assert abs(int(entry["sent"]) - sums["sent"]) <= sums["closed"]


def test_room_grows_and_is_empty_again():
    table, gatherer = tick(), Gatherer(SEED)
    few = copied(gatherer.reduce(table, slots_of(range(5)), np.arange(5, dtype=np.int64)))
    gatherer.reduce(table, slots_of(range(300)), np.arange(300, dtype=np.int64))
    again = gatherer.reduce(table, slots_of(range(5)), np.arange(5, dtype=np.int64))
    assert again.entries.tobytes() == few.entries.tobytes()
    assert not len(gatherer.reduce(table, slots_of([]), np.zeros(0, np.int64)).entries)


def test_an_entry_is_whole_words_that_one_mask_tells_of():
    assert ENTRY.itemsize == WORDS * 8
    assert WORDS <= 32
    assert ENTRY["gains"].shape[0] >= COUNTS
