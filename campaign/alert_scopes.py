"""What an alert is about beyond the flow that it names: the attempts of its group between its addresses, from its
source or to its target, within the window before it (``campaign.family_map`` says which of these).

A true flow is covered by the first alert that comes after it began, if it comes within that alert's window: what came
after a detector's last alert is not covered by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from campaign.alert_matching import Matches
from campaign.alert_table import Alerts
from campaign.family_map import Meaning
from campaign.labels import I64, Mask, mix, search_in_groups
from campaign.true_flows import TrueFlows
from contract.addresses import Bytes2D
from contract.families import GROUPS, group_of

U64 = npt.NDArray[np.uint64]
_NS: Final = 1_000_000_000


@dataclass(frozen=True)
class Cover:
    """True flow ``row[i]`` is covered by ``alert[i]``; ``named`` says which alerts are about some attack at all."""

    alert: I64
    row: I64
    named: Mask


def cover(
    alerts: Alerts, truth: TrueFlows, matches: Matches, meanings: tuple[Meaning, ...], tolerance_ns: int
) -> Cover:
    """Join alerts to attacks by scope; ``meanings`` are those of ``alerts.kinds``."""
    src, dst = _oriented(alerts, truth, matches)
    attack = np.flatnonzero(truth.attack)
    group = _codes(truth.family[attack])
    named = np.zeros(len(alerts), np.bool_)
    parts: list[tuple[I64, I64]] = []
    wanted = {(m.scope, m.window_s) for m in meanings if m.scope != "flow" and m.group}
    for scope, window in sorted(wanted):
        kinds = [n for n, m in enumerate(meanings) if (m.scope, m.window_s) == (scope, window) and m.group]
        for kind_scope in _fallbacks(scope):
            mine = np.flatnonzero(np.isin(alerts.kind, kinds) & _usable(scope, kind_scope, src, dst))
            if not len(mine) or not len(attack):
                continue
            code = np.array([GROUPS.index(m.group) if m.group in GROUPS else 0 for m in meanings])[alerts.kind[mine]]
            asked = _key(kind_scope, code, src[mine], dst[mine])
            key = _key(kind_scope, group, truth.src[attack], truth.dst[attack])
            span = truth.first[attack] - tolerance_ns, truth.last[attack] + tolerance_ns
            stamps = alerts.time[mine]
            hit = _next(asked, stamps, key, span[0])
            good = hit >= 0
            good[good] &= stamps[hit[good]] - round(window * _NS) <= span[1][good]
            parts.append((mine[hit[good]], attack[good]))
            named[mine] |= _overlaps(asked, stamps - round(window * _NS), stamps, key, span)
    none = np.zeros(0, np.int64)
    return Cover(
        np.concatenate([none, *(part[0] for part in parts)]),
        np.concatenate([none, *(part[1] for part in parts)]),
        named,
    )


def _fallbacks(scope: str) -> tuple[str, ...]:
    return (scope,) if scope != "pair" else ("pair", "source", "target")


def _usable(wanted: str, used: str, src: Bytes2D, dst: Bytes2D) -> Mask:
    """Which alerts are joined by ``used``: a pair of which one side is missing counts by the other."""
    has_src, has_dst = (np.asarray(side.any(axis=1), np.bool_) for side in (src, dst))
    if wanted != "pair":
        return has_src if used == "source" else has_dst
    both: Mask = has_src & has_dst
    alone: Mask = (has_src if used == "source" else has_dst) & ~both
    return both if used == "pair" else alone


def _oriented(alerts: Alerts, truth: TrueFlows, matches: Matches) -> tuple[Bytes2D, Bytes2D]:
    """The ends of each alert as the flow that it names has them: it may have been raised by an answer."""
    turned = np.zeros(len(alerts), np.bool_)
    from_answer = (alerts.src[matches.alert] == truth.dst[matches.row]).all(axis=1)
    same_way = (alerts.src[matches.alert] == truth.src[matches.row]).all(axis=1)
    against = np.flatnonzero(from_answer & ~same_way & alerts.dst[matches.alert].any(axis=1))
    turned[matches.alert[against]] = True
    flip = turned[:, None]
    return np.where(flip, alerts.dst, alerts.src), np.where(flip, alerts.src, alerts.dst)


def _codes(family: npt.NDArray[np.object_]) -> I64:
    if not len(family):
        return np.zeros(0, np.int64)
    names, inverse = np.unique(family.astype(str), return_inverse=True)
    codes: I64 = np.array([GROUPS.index(group_of(str(name))) for name in names], np.int64)[inverse]
    return codes


def _key(scope: str, group: npt.NDArray[np.integer], src: Bytes2D, dst: Bytes2D) -> U64:
    key = mix(group.astype(np.uint64))
    if scope == "pair":
        low, high = _hash(src), _hash(dst)
        return mix(key ^ np.minimum(low, high) ^ mix(np.maximum(low, high)))
    return mix(key ^ _hash(src if scope == "source" else dst))


def _hash(address: Bytes2D) -> U64:
    halves = np.ascontiguousarray(address).view(np.uint64).reshape(-1, 2)
    return mix(halves[:, 0] ^ mix(halves[:, 1]))


def _ranked(asked: U64, key: U64) -> tuple[I64, I64]:
    """Both as ranks among all keys, so that a rank and a time can be sorted together."""
    every, inverse = np.unique(np.concatenate((asked, key)), return_inverse=True)
    del every
    return inverse[: len(asked)].astype(np.int64), inverse[len(asked) :].astype(np.int64)


def _next(asked: U64, stamps: I64, key: U64, since: I64) -> I64:
    """For each row the first alert of its key that is stamped ``since`` or later, -1 where there is none."""
    alert_rank, row_rank = _ranked(asked, key)
    order = np.lexsort((stamps, alert_rank))
    at = search_in_groups(alert_rank[order], stamps[order], row_rank, since, after=False)
    there = np.minimum(at, len(order) - 1)
    found: I64 = np.where((at < len(order)) & (alert_rank[order][there] == row_rank), order[there], -1)
    return found


def _overlaps(asked: U64, begin: I64, end: I64, key: U64, span: tuple[I64, I64]) -> Mask:
    """Which alerts' windows meet some row of their key: more rows have begun by its end than had ended before it."""
    alert_rank, row_rank = _ranked(asked, key)
    by_first, by_last = np.lexsort((span[0], row_rank)), np.lexsort((span[1], row_rank))
    begun = search_in_groups(row_rank[by_first], span[0][by_first], alert_rank, end + 1, after=False)
    over = search_in_groups(row_rank[by_last], span[1][by_last], alert_rank, begin, after=False)
    found: Mask = begun > over
    return found
