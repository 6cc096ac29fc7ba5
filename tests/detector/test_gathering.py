"""Gathering, against a plain-Python oracle that keeps dictionaries."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.flowtable import FLOW
from detector.gathering import gather, log_odds
from detector.incidents import LISTED, Incidents, new_incidents, new_marks, reindex
from detector.policy import Cause, Policy

FAMILIES = ("benign", "syn_flood", "port_scan", "ssh_bruteforce", "http_flood")
BARS = Policy().tables(FAMILIES).table
SLOTS = 12

steps = st.lists(
    st.tuples(st.integers(0, SLOTS - 1), st.integers(0, len(FAMILIES) - 1), st.sampled_from([0.6, 0.9, 0.999])),
    min_size=1,
    max_size=60,
)


def flows() -> np.ndarray:
    table = np.zeros(SLOTS, FLOW)
    for slot in range(SLOTS):
        table[slot]["flow_id"] = slot + 1
        table[slot]["address"] = [[0, 100 + slot % 3], [0, 200 + slot % 2]]
        table[slot]["port"] = [40000 + slot, 22 + slot % 4]
        table[slot]["protocol"] = 6
        table[slot]["first"] = table[slot]["last"] = 1000 + slot
        table[slot]["packets"] = [slot + 1, slot % 2]
        table[slot]["bytes"] = [100 * (slot + 1), 50 * (slot % 2)]
    return table


def key_of(flow: Any, code: int) -> tuple[int, ...]:
    bar = BARS[code]
    source, target, port = int(flow["address"][0, 1]), int(flow["address"][1, 1]), int(flow["port"][1])
    cause, tag = int(bar["cause"]), int(bar["tag"])
    if cause == Cause.VICTIM:
        return tag, target
    if cause == Cause.VICTIM_SERVICE:
        return tag, target, port
    if cause == Cause.ATTACKER:
        return tag, source
    return tag, source, target, port


@given(steps)
def test_flows_join_move_and_leave_as_in_the_oracle(sequence: list[tuple[int, int, float]]) -> None:
    table, marks, state = flows(), new_marks(SLOTS), new_incidents(64, len(FAMILIES))
    members: dict[tuple[int, ...], set[int]] = defaultdict(set)
    where: dict[int, tuple[int, ...]] = {}
    for slot, code, score in sequence:
        one = np.array([slot], np.int32)
        gather(state, BARS, table, marks, one, np.array([code], np.int16), np.array([score], np.float32), 5000)
        if slot in where:
            members[where.pop(slot)].discard(slot)
        if code:
            where[slot] = key_of(table[slot], code)
            members[where[slot]].add(slot)
    by_row = {tuple(state.rows[r]["key"].tolist()): r for r in np.flatnonzero(state.rows["used"])}
    assert len(by_row) == len(members)
    for mine in members.values():
        rows = {int(marks[slot]["incident"]) for slot in mine}
        assert len(rows) <= 1
        for row in rows:
            record = state.rows[row]
            assert record["flows"] == len(mine)
            assert record["unanswered"] == sum(table[s]["packets"][1] == 0 for s in mine)
            assert record["evidence"] >= 0
            assert np.isclose(record["evidence"], sum(float(marks[s]["weight"]) for s in mine), rtol=1e-3, atol=1e-3)
            assert np.isclose(state.weights[row].sum(), record["evidence"], rtol=1e-3, atol=1e-3)
    for slot in set(range(SLOTS)) - set(where):
        assert marks[slot]["incident"] == -1


def everything(state: Incidents) -> list[np.ndarray]:
    return [state.rows, state.weights, state.hosts, state.host_counts, state.ports, state.sketches, state.places]


def test_the_kernel_does_as_its_plain_form() -> None:
    results = []
    for run in (gather, gather.py_func):  # type: ignore[attr-defined]
        table, marks, state = flows(), new_marks(SLOTS), new_incidents(16, len(FAMILIES))
        state.seed[:] = 5  # of the index: drawn by chance
        slots = np.arange(SLOTS, dtype=np.int32)
        with np.errstate(over="ignore"):
            for code in (2, 1, 0, 3):
                codes, scores = np.full(SLOTS, code, np.int16), np.full(SLOTS, 0.9, np.float32)
                run(state, BARS, table, marks, slots, codes, scores, 9000 + code)
        results.append([*everything(state), marks])
    for compiled, plain in zip(*results, strict=True):
        assert (compiled == plain).all()


def test_a_full_list_keeps_the_most_active() -> None:
    table = np.zeros(200, FLOW)
    table["protocol"] = 6
    table["flow_id"] = np.arange(200) + 1
    table["address"][:, 1, 1] = 7
    table["address"][:, 0, 1] = np.where(np.arange(200) % 2, 5, 1000 + np.arange(200))  # every other one from host 5
    table["packets"][:, 0] = 1
    marks, state = new_marks(200), new_incidents(4, len(FAMILIES))
    slots = np.arange(200, dtype=np.int32)
    gather(state, BARS, table, marks, slots, np.ones(200, np.int16), np.full(200, 0.9, np.float32), 10)
    assert state.rows[0]["listed"][0] == LISTED
    assert state.rows[0]["distinct_full"][0]
    top = state.hosts[0, 0, state.host_counts[0, 0].argmax(), 1]
    assert top == 5
    reindex(state)
    gather(state, BARS, table, marks, slots[:1], np.ones(1, np.int16), np.full(1, 0.9, np.float32), 10)
    assert state.rows["used"].sum() == 1


def test_log_odds_are_bounded() -> None:
    assert log_odds(0.5) == 0.25
    assert log_odds(1.0) == 5.0
    assert abs(log_odds(0.9) - np.log(9)) < 1e-9
