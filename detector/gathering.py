"""The kernel that folds a tick's verdicts into incidents: flows join, change sides, leave."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.jit import kernel
from detector.flowtable import BWD, ESTABLISHED, FWD, RST_BWD
from detector.incidents import (
    ATTACKER,
    DIRTY,
    OPENED,
    REFUSED,
    SAMPLES,
    UNANSWERED,
    VICTIM,
    Incidents,
    find_or_make,
    key_of,
    list_host,
    list_port,
)
from detector.policy import LOG_ODDS_MOST

_TCP, _UDP, _SCTP = 6, 17, 132
_LEAST_LOG_ODDS: Final = 0.25


@kernel
def log_odds(score: float) -> float:
    """``ln(p / (1 - p))`` of a verdict's score, between 0.25 and ``LOG_ODDS_MOST``."""
    p = min(max(score, 1e-6), 1.0 - 1e-6)
    return float(min(max(np.log(p / (1.0 - p)), _LEAST_LOG_ODDS), LOG_ODDS_MOST))


@kernel
def gather(
    state: Incidents,
    bars: npt.NDArray[Any],
    flows: npt.NDArray[Any],
    marks: npt.NDArray[Any],
    slots: npt.NDArray[np.int32],
    codes: npt.NDArray[np.int16],
    scores: npt.NDArray[np.float32],
    now: int,
) -> None:
    """Fold verdicts on flows into incidents: ``codes`` and ``scores`` for ``slots``, decided at ``now`` (ns).

    ``bars`` is ``Bars.table``. A benign verdict takes the flow's evidence back.
    """
    key = np.zeros(5, np.uint64)
    for i in range(slots.shape[0]):
        slot = slots[i]
        flow, mark = flows[slot], marks[slot]
        code = codes[i]
        if code == 0:
            _leave(state, mark)
            continue
        cause = int(bars[code]["cause"])
        attacker = key_of(flow, cause, int(bars[code]["tag"]), key)
        row = find_or_make(state, key)
        if row < 0 or row != mark["incident"] or mark["generation"] != state.rows[row]["generation"]:
            _leave(state, mark)
            if row < 0:
                continue
            _join(state, row, cause, code, flow, mark, attacker, now)
        _fade(state, row, bars[code]["half_life"], now)
        _weigh(state, row, mark, code, scores[i], flow, bars[code])
        _count(state.rows[row], flow, mark)
        if not state.rows[row]["dirty"]:
            state.rows[row]["dirty"] = 1
            state.dirty[state.counters[DIRTY]] = row
            state.counters[DIRTY] += 1


@kernel
def members(
    state: Incidents, marks: npt.NDArray[Any], wanted: npt.NDArray[np.uint8], slots: npt.NDArray[np.int32]
) -> int:
    """Write the slots below ``len(slots)`` whose flows are in an incident that is ``wanted``; how many, in order.

    ``wanted`` has one element a row of incidents.
    """
    count = 0
    for slot in range(slots.shape[0]):
        row = marks[slot]["incident"]
        if row >= 0 and wanted[row] and marks[slot]["generation"] == state.rows[row]["generation"]:
            slots[count] = slot
            count += 1
    return count


@kernel
def _fade(state: Incidents, row: int, half_life: float, now: int) -> None:
    record = state.rows[row]
    passed = np.float64(now - record["touched"])
    if passed > 0.0:
        factor = np.exp2(-passed / half_life)
        record["evidence"] *= factor
        for c in range(state.weights.shape[1]):
            state.weights[row, c] *= factor
    record["touched"] = max(record["touched"], now)


@kernel
def _leave(state: Incidents, mark: Any) -> None:  # noqa: ANN401 - a numba record
    row = mark["incident"]
    if row >= 0 and state.rows[row]["generation"] == mark["generation"]:
        record = state.rows[row]
        weight = np.float64(mark["weight"])
        record["evidence"] = max(record["evidence"] - weight, 0.0)
        state.weights[row, mark["family"]] = max(state.weights[row, mark["family"]] - weight, 0.0)
        record["flows"] -= 1
        record["unanswered"] -= np.int64((mark["facts"] & UNANSWERED) != 0)
        record["refused"] -= np.int64((mark["facts"] & REFUSED) != 0)
        record["opened"] -= np.int64((mark["facts"] & OPENED) != 0)
    mark["incident"] = -1
    mark["weight"] = np.float32(0.0)
    mark["facts"] = 0
    for side in range(2):
        mark["packets"][side] = 0
        mark["bytes"][side] = 0
    mark["names"] = 0
    mark["name_bytes"] = 0


@kernel
def _join(
    state: Incidents,
    row: int,
    cause: int,
    code: int,
    flow: Any,  # noqa: ANN401 - numba records
    mark: Any,  # noqa: ANN401
    attacker: int,
    now: int,
) -> None:
    record = state.rows[row]
    victim = 1 - attacker
    if record["samples"] == 0:
        record["first"] = flow["first"]
        record["last"] = flow["last"]
        record["cause"] = cause
        record["code"] = code
        record["protocol"] = flow["protocol"]
        record["touched"] = now
    elif record["protocol"] != flow["protocol"]:
        record["protocol"] = 0  # several
    starts_before = record["samples"] > 0
    record["flows"] += 1
    record["most_flows"] = max(record["most_flows"], record["flows"])
    record["first"] = min(record["first"], flow["first"])
    if starts_before and flow["first"] > record["last_start"]:
        gap = np.float64(flow["first"] - record["last_start"]) * 1e-9
        record["starts"] += 1
        distance = gap - record["gap_mean"]
        record["gap_mean"] += distance / np.float64(record["starts"])
        record["gap_m2"] += distance * (gap - record["gap_mean"])
    record["last_start"] = max(record["last_start"], flow["first"]) if starts_before else flow["first"]
    if record["mac"] == 0:
        record["mac"] = flow["arp_mac"][FWD]
    list_host(state, row, ATTACKER, flow["address"][attacker, 0], flow["address"][attacker, 1])
    list_host(state, row, VICTIM, flow["address"][victim, 0], flow["address"][victim, 1])
    if flow["protocol"] == _TCP or flow["protocol"] == _UDP or flow["protocol"] == _SCTP:
        list_port(state, row, flow["port"][1])
    known = False  # it may have left and come back
    for i in range(record["samples"]):
        known = known or state.samples[row, i]["flow_id"] == flow["flow_id"]
    if record["samples"] < SAMPLES and not known:
        sample = state.samples[row, record["samples"]]
        sample["flow_id"] = flow["flow_id"]
        sample["protocol"] = flow["protocol"]
        for side in range(2):
            sample["address"][side, 0] = flow["address"][side, 0]
            sample["address"][side, 1] = flow["address"][side, 1]
            sample["port"][side] = flow["port"][side]
        record["samples"] += 1
    mark["incident"] = row
    mark["generation"] = record["generation"]
    mark["weight"] = np.float32(0.0)


@kernel
def _weigh(
    state: Incidents,
    row: int,
    mark: Any,  # noqa: ANN401 - numba records
    code: int,
    score: np.float32,
    flow: Any,  # noqa: ANN401
    bar: Any,  # noqa: ANN401
) -> None:
    """Add a verdict's evidence; said again of a flow that went on, it adds a share."""
    record = state.rows[row]
    odds = log_odds(np.float64(score))
    old = np.float64(mark["weight"])
    before = np.float64(mark["packets"][FWD]) + np.float64(mark["packets"][BWD])
    packets = np.float64(flow["packets"][FWD]) + np.float64(flow["packets"][BWD])
    doublings = max(np.log2(max(packets, 1.0) / max(before, 1.0)), 0.0)
    gain = odds * ((1.0 if old == 0.0 else bar["again"]) + bar["mass"] * doublings)
    # What was weighed at lower odds is weighed anew: a stream that has become plain counts in full.
    risen = max(odds - np.float64(mark["odds"]), 0.0) if old > 0.0 else 0.0
    gain += risen * (1.0 + bar["mass"] * np.log2(max(before, 1.0)))
    # What has faded may be given anew.
    gain = min(gain, max(bar["per_flow"] - min(old, record["evidence"]), 0.0))
    if old > 0.0 and mark["family"] != code:  # the word changed: what was gathered counts for the new one
        moved = min(old, state.weights[row, mark["family"]])
        state.weights[row, mark["family"]] -= moved
        state.weights[row, code] += moved
    record["evidence"] += gain
    state.weights[row, code] += gain
    record["score"] = max(record["score"], score)
    mark["weight"] = np.float32(old + gain)
    mark["odds"] = np.float32(max(odds, np.float64(mark["odds"])) if old > 0.0 else odds)
    mark["family"] = code


@kernel
def _count(record: Any, flow: Any, mark: Any) -> None:  # noqa: ANN401 - numba records
    """Count what is new in a flow since it was last counted."""
    for side in range(2):
        record["packets"][side] += np.uint64(flow["packets"][side] - mark["packets"][side])
        record["bytes"][side] += flow["bytes"][side] - mark["bytes"][side]
        mark["packets"][side] = flow["packets"][side]
        mark["bytes"][side] = flow["bytes"][side]
    record["names"] += np.uint64(flow["dns_queries"] - mark["names"])
    record["name_bytes"] += np.uint64(flow["dns_name_bytes"] - mark["name_bytes"])
    mark["names"] = flow["dns_queries"]
    mark["name_bytes"] = flow["dns_name_bytes"]
    record["last"] = max(record["last"], flow["last"])
    facts = 0
    if flow["packets"][BWD] == 0:
        facts |= UNANSWERED
    if flow["protocol"] == _TCP:
        if flow["tcp_state"] & RST_BWD and flow["payload_packets"][BWD] == 0:
            facts |= REFUSED
        if flow["tcp_state"] & ESTABLISHED:
            facts |= OPENED
    elif flow["unreachable"] > 0:
        facts |= REFUSED
    record["unanswered"] += np.int64((facts & UNANSWERED) != 0) - np.int64((mark["facts"] & UNANSWERED) != 0)
    record["refused"] += np.int64((facts & REFUSED) != 0) - np.int64((mark["facts"] & REFUSED) != 0)
    record["opened"] += np.int64((facts & OPENED) != 0) - np.int64((mark["facts"] & OPENED) != 0)
    mark["facts"] = facts
