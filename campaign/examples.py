"""Examples of what went wrong, for people who want to look: attempts that were missed and why, and false alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaign.attempts import Attempts
from campaign.flow_words import FlowWords, rows_of
from campaign.labels import I64, Mask, Pairs, is_attack, numbers, times, words
from contract.addresses import Bytes2D, column_to_array, texts
from contract.alert import ALLOWED_FROM
from contract.families import BENIGN, UNKNOWN

Json = dict[str, Any]
Names = npt.NDArray[np.object_]
F64 = npt.NDArray[np.float64]
EXAMPLES: Final = 4  # of each family
NOT_SEEN: Final = "not seen"  # no flow carries it: its frames were lost, or never came
ALLOWED: Final = "allowed"  # the configuration told the detector to say nothing
SUSPECTED: Final = "suspected"  # the classifier thought it an attack, and the incident did not reach its bar
ORDINARY: Final = "taken for ordinary"
UNJUDGED: Final = "no verdict"
REASONS: Final = (NOT_SEEN, ALLOWED, SUSPECTED, ORDINARY, UNJUDGED)
_DOUBT: Final = 0.5  # a verdict "benign" of less is that of a flow which the classifier called an attack


@dataclass(frozen=True)
class LastWords:
    """The last verdict row of each flow: its row in the table (-1 where there is none) and score, one element a flow.

    ``allowed`` says which flows some verdict put into an incident that the configuration allows or mutes.
    """

    row: I64
    score: F64
    allowed: Mask


def last_words(flows: pa.Table, verdicts: pa.Table) -> LastWords:
    """Fold verdict rows, in the order in which they were written, onto flows."""
    row = np.full(flows.num_rows, -1, np.int64)
    score = np.full(flows.num_rows, np.nan)
    allowed = np.zeros(flows.num_rows, np.bool_)
    if verdicts.num_rows:
        at = rows_of(numbers(flows, "flow_id").astype(np.uint64), numbers(verdicts, "flow_id").astype(np.uint64))
        known = np.flatnonzero(at >= 0)
        row[at[known]] = known
        has = row >= 0
        score[has] = numbers(verdicts, "score").astype(np.float64)[row[has]]
        silenced = numbers(verdicts, "alert_id").astype(np.uint64)[known] >= ALLOWED_FROM
        allowed[at[known[silenced]]] = True
    return LastWords(row, score, allowed)


def missed(
    truth: pa.Table, pairs: Pairs, attempts: Attempts, flows: pa.Table, verdicts: pa.Table, last: LastWords
) -> Json:
    """``{"total", "why": {family: {reason: attempts}}, "examples": [...]}`` of attempts that nothing detected.

    An example has the attempt's addresses, ports, times and frames (sent, and metered in the flow that carries it), the
    reason (one of ``REASONS``), what was said of that flow, and the nearest verdict of an attack on one of its hosts.
    """
    lost = ~attempts.found
    row_of, flow_of = _rows(truth, pairs, attempts, last)
    reason = _reasons(flow_of, last)
    nearest = _Nearest(verdicts)
    why: Json = {}
    examples: list[Json] = []
    for name in sorted(set(attempts.family[lost])):
        mine = np.flatnonzero(lost & (attempts.family == name))
        kinds, counts = np.unique(reason[mine].astype(str), return_counts=True)
        why[str(name)] = {str(kind): int(count) for kind, count in zip(kinds, counts, strict=True)}
        for index in _chosen(mine, reason, flow_of):
            example = _attempt(truth, int(row_of[index])) | {"why": str(reason[index])}
            flow = int(flow_of[index])
            example["flow"] = _flow(flows, flow, last) if flow >= 0 else None
            example["nearest"] = nearest.to(truth, int(row_of[index]))
            examples.append(example)
    return {"total": int(lost.sum()), "why": why, "examples": examples}


def _rows(truth: pa.Table, pairs: Pairs, attempts: Attempts, last: LastWords) -> tuple[I64, I64]:
    """For each attempt one row of truth that stands for it, and a flow that carries it (-1 where none does).

    Of several flows, the one of which the detector was least sure that it is ordinary.
    """
    attempt = numbers(truth, "attempt").astype(np.int64)
    attack = np.flatnonzero(is_attack(words(truth, "family")) & np.isin(attempt, attempts.ids))
    index = np.searchsorted(attempts.ids, attempt[attack])
    row_of = np.zeros(len(attempts.ids), np.int64)
    row_of[index[::-1]] = attack[::-1]  # the first row of each
    flow_of = np.full(len(attempts.ids), -1, np.int64)
    joined = np.isin(pairs.truth, attack)
    truth_rows, flow_rows = pairs.truth[joined], pairs.flow[joined]
    score = np.nan_to_num(last.score[flow_rows], nan=2.0)
    order = np.argsort(-score, kind="stable")
    at = np.searchsorted(attempts.ids, attempt[truth_rows[order]])
    flow_of[at] = flow_rows[order]
    row_of[at] = truth_rows[order]
    return row_of, flow_of


def _reasons(flow_of: I64, last: LastWords) -> Names:
    reason = np.full(len(flow_of), NOT_SEEN, object)
    seen = np.flatnonzero(flow_of >= 0)
    flow = flow_of[seen]
    found = np.where(last.row[flow] < 0, UNJUDGED, np.where(last.score[flow] < _DOUBT, SUSPECTED, ORDINARY))
    reason[seen] = np.where(last.allowed[flow], ALLOWED, found)
    return reason


def _chosen(mine: I64, reason: Names, flow_of: I64) -> list[int]:
    """A few attempts of a family, one of each reason before a second one of any, no two of one flow."""
    _, firsts = np.unique(np.where(flow_of[mine] >= 0, flow_of[mine], -1 - mine), return_index=True)
    mine = mine[np.sort(firsts)]
    by_reason = [mine[reason[mine] == kind] for kind in REASONS]
    chosen: list[int] = []
    for turn in range(EXAMPLES):
        chosen += [int(rows[turn * len(rows) // EXAMPLES]) for rows in by_reason if len(rows) > turn]
    return list(dict.fromkeys(chosen))[:EXAMPLES]


def _attempt(truth: pa.Table, row: int) -> Json:
    one = truth.slice(row, 1)
    return _ends(one) | {
        "family": str(words(one, "family")[0]),
        "attempt": int(numbers(one, "attempt")[0]),
        "intended_ns": int(times(one, "intended")[0]),
        "last_ns": int(times(one, "last")[0]),
        "frames": int(numbers(one, "frames")[0]),
    }


def _flow(flows: pa.Table, row: int, last: LastWords) -> Json:
    one = flows.slice(row, 1)
    packets = int(numbers(one, "packets_fwd")[0]) + int(numbers(one, "packets_bwd")[0])
    score = float(last.score[row])
    return {
        "flow_id": int(numbers(one, "flow_id")[0]),
        "frames": packets,
        "benign_score": None if np.isnan(score) else round(score, 4),
    }


def _ends(one: pa.Table) -> Json:
    return {
        "src": texts(column_to_array(one.column("src")))[0],
        "dst": texts(column_to_array(one.column("dst")))[0],
        "src_port": int(numbers(one, "src_port")[0]),
        "dst_port": int(numbers(one, "dst_port")[0]),
        "protocol": int(numbers(one, "protocol")[0]),
    }


class _Nearest:
    """Verdicts of attacks by host, to find the one nearest in time to an attempt."""

    def __init__(self, verdicts: pa.Table) -> None:
        family = words(verdicts, "family") if verdicts.num_rows else np.zeros(0, object)
        rows = np.flatnonzero(family != BENIGN)
        self._verdicts, self._family = verdicts, family
        hosts = [_hash(column_to_array(verdicts.column(side)))[rows] for side in ("src", "dst")]
        both, twice = np.concatenate(hosts), np.concatenate((rows, rows))
        order = np.argsort(both, kind="stable")
        self._hosts, self._rows = both[order], twice[order]
        self._first = times(verdicts, "first")

    def to(self, truth: pa.Table, row: int) -> Json | None:
        """The verdict of an attack on a flow of the attacker, or else of the victim, that began nearest in time."""
        one = truth.slice(row, 1)
        when = int(times(one, "first")[0])
        for side, other in (("src", "the same source"), ("dst", "the same target")):
            host = _hash(column_to_array(one.column(side)))[0]
            low, high = np.searchsorted(self._hosts, host), np.searchsorted(self._hosts, host, side="right")
            if high > low:
                mine = self._rows[low:high]
                best = int(mine[np.argmin(np.abs(self._first[mine] - when))])
                found = self._verdicts.slice(best, 1)
                return _ends(found) | {
                    "shares": other,
                    "family": str(self._family[best]),
                    "score": round(float(numbers(found, "score")[0]), 4),
                    "flow_id": int(numbers(found, "flow_id")[0]),
                    "after_s": round((int(self._first[best]) - when) / 1e9, 3),
                }
        return None


def _hash(addresses: Bytes2D) -> npt.NDArray[np.uint64]:
    halves = np.ascontiguousarray(addresses).view(np.uint64).reshape(-1, 2)
    mixed: npt.NDArray[np.uint64] = halves[:, 0] * np.uint64(0x9E3779B97F4A7C15) ^ halves[:, 1]
    return mixed


def false_alarms(truth: pa.Table, pairs: Pairs, flows: pa.Table, said: FlowWords, wrong: Mask, score: F64) -> Json:
    """Ordinary flows that were called an attack: by true family and word, with the largest of each as examples.

    ``wrong`` says which flows; ``score`` is the detector's last score of each. Rows of ``by_family`` count all ordinary
    flows of a family and those called an attack.
    """
    name = np.full(flows.num_rows, UNKNOWN, object)
    if len(pairs.truth):
        name[pairs.flow[::-1]] = words(truth, "family")[pairs.truth[::-1]]
    ordinary = (name != UNKNOWN) & ~is_attack(name)
    by_family: Json = {}
    for family in sorted(set(name[ordinary])):
        mine = ordinary & (name == family)
        by_family[str(family)] = {"flows": int(mine.sum()), "flagged": int((mine & wrong).sum())}
    packets = numbers(flows, "packets_fwd").astype(np.int64) + numbers(flows, "packets_bwd").astype(np.int64)
    rows = np.flatnonzero(wrong & ordinary)
    keys = name[rows] + "\0" + said.word[rows] if len(rows) else np.zeros(0, object)
    examples = []
    for key in sorted(set(keys)):
        mine = rows[keys == key]
        row = int(mine[np.argmax(packets[mine])])
        one = flows.slice(row, 1)
        last = float(score[row])
        examples.append(
            _ends(one)
            | {
                "truth": str(name[row]),
                "said": str(said.word[row]),
                "flows": len(mine),
                "first_ns": int(times(one, "first")[0]),
                "packets": int(packets[row]),
                "score": None if np.isnan(last) else round(last, 4),
                "alert_id": int(said.alert_id[row]),
            }
        )
    return {"by_family": by_family, "examples": sorted(examples, key=lambda row: -row["flows"])}
