"""Attempts of a run: how many were seen and detected, and how long after their intended time it could be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaign import scorecard
from campaign.alert_truth import same_family
from campaign.coverage import LISTED
from campaign.flow_words import NEVER, FlowWords
from campaign.labels import I64, Mask, Pairs, is_attack, numbers, times, words
from contract.alert import Alert
from contract.families import BENIGN
from contract.on_sight import ON_SIGHT


@dataclass(frozen=True)
class Attempts:
    """One element an attempt of an attack: its family, whether some flow of it was seen and detected, and when.

    ``ids`` are their numbers in TRUTH, rising.
    ``intended`` and ``since`` (when it could be read that it is an attack, ``NEVER`` where unknown) are epoch ns.
    """

    ids: I64
    family: npt.NDArray[np.object_]
    seen: Mask
    found: Mask
    intended: I64
    since: I64

    @property
    def latency_ms(self) -> npt.NDArray[np.float64]:
        """Milliseconds from the intended time to ``since``, NaN where that is unknown.

        An attempt that lies in a flow which was detected before it began (the next echo request of a flood) has no
        latency either: counting it as 0 would flatter the percentiles. ``known_before`` counts those.
        """
        measured = (self.since < NEVER) & ~self.known_before
        return np.where(measured, (self.since - self.intended) / 1e6, np.nan)

    @property
    def known_before(self) -> Mask:
        """Which attempts lie in a flow that had been detected before they began."""
        return self.since < self.intended

    def after(self, intended_ns: int) -> Attempts:
        """Those that were due at that time (epoch ns) or later."""
        late = self.intended >= intended_ns
        if late.all():
            return self
        return Attempts(
            self.ids[late], self.family[late], self.seen[late], self.found[late], self.intended[late], self.since[late]
        )


def attempts_of(truth: pa.Table, pairs: Pairs, flagged: Mask, since: I64) -> Attempts:
    """Fold flows onto attempts; ``flagged`` and ``since`` have one element a flow, ``pairs`` joins flows to TRUTH."""
    family = words(truth, "family")
    attack = is_attack(family)
    row_seen = np.zeros(truth.num_rows, np.bool_)
    row_found = np.zeros(truth.num_rows, np.bool_)
    row_since = np.full(truth.num_rows, NEVER, np.int64)
    row_seen[pairs.truth] = True
    np.logical_or.at(row_found, pairs.truth, flagged[pairs.flow])
    np.minimum.at(row_since, pairs.truth, since[pairs.flow])
    ids, inverse = np.unique(numbers(truth, "attempt").astype(np.int64)[attack], return_inverse=True)
    kind = np.full(len(ids), BENIGN, object)
    kind[inverse] = family[attack]
    seen = np.zeros(len(ids), np.bool_)
    found = np.zeros(len(ids), np.bool_)
    intended = np.full(len(ids), NEVER, np.int64)
    when = np.full(len(ids), NEVER, np.int64)
    np.logical_or.at(seen, inverse, row_seen[attack])
    np.logical_or.at(found, inverse, row_found[attack])
    np.minimum.at(intended, inverse, times(truth, "intended")[attack])
    np.minimum.at(when, inverse, row_since[attack])
    return Attempts(ids, kind, seen, found, intended, when)


def readable(said: FlowWords, flagged: Mask, committed: dict[int, list[int]]) -> I64:
    """When each flow's detection could be read: its first attack verdict, else when its alert could be read and the
    flow's own row had put it there.
    """
    since = said.since.copy()
    for row in np.flatnonzero(flagged & (since == NEVER) & (said.alert_id > 0)):
        first = min(committed.get(int(said.alert_id[row]), ()), default=NEVER)
        since[row] = NEVER if first == NEVER or said.joined[row] == NEVER else max(first, said.joined[row])
    return since


def add_attempts(card: dict[str, Any], attempts: Attempts, alerts: list[Alert]) -> None:
    """Put attempts, their latency, and one entry a family into a scorecard."""
    latency = attempts.latency_ms
    known = ~np.isnan(latency)
    for name in sorted(set(attempts.family)):
        mine = attempts.family == name
        row = card["families"].setdefault(name, scorecard.empty_row(name))
        row["attempts"] = int(mine.sum())
        row["attempts_seen"] = int((mine & attempts.seen).sum())
        row["attempts_detected"] = int((mine & attempts.found).sum())
        row["attempts_known_before"] = int((mine & attempts.known_before).sum())
        row["latency_ms"] = scorecard.latency(latency[mine & known])
        begin, first = int(attempts.intended[mine].min()), int(attempts.since[mine].min())
        card["entries"].append(
            {
                "family": name,
                "detected": bool(row["detected"]),
                "right_group": bool(row["right_group"]),
                "right_family": bool(row["right_family"]),
                "time_to_detect_s": None if first == NEVER else max(0.0, (first - begin) / 1e9),
                "attempts": row["attempts"],
                "attempts_detected": row["attempts_detected"],
                "alerts": [a.alert_id for a in alerts if same_family(a.family, name)][:LISTED],
            }
        )
    card["families"] = dict(sorted(card["families"].items()))
    card["latency_ms"] = scorecard.latency(latency[known])
    sight = np.isin(attempts.family.astype(str), sorted(ON_SIGHT))
    card["on_sight"] = {
        "families": sorted(set(attempts.family[sight])),
        "attempts": int(sight.sum()),
        "detected": int((sight & attempts.found).sum()),
        "latency_ms": scorecard.latency(latency[sight & known]),
    }
    total, found = len(attempts.family), int(attempts.found.sum())
    card["attempts"] = {
        "total": total,
        "seen": int(attempts.seen.sum()),
        "detected": found,
        "known_before": int(attempts.known_before.sum()),
        "recall": scorecard.share(found, total),
    }
