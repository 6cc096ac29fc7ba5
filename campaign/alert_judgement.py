"""A foreign detector judged: its alerts against the true flows, as the same scorecard that the built-in one gets.

A flow of an attack counts as detected when an alert names it, or covers it by its scope (``campaign.alert_scopes``). An
alert is true when it does either for some attack. It is false when what it names is ordinary, and unmatched when it
names nothing that the campaign sent: unmatched alerts count as false alarms, and are listed. Informational ones are no
alarms, and are counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from campaign import scorecard
from campaign.alert_files import Read
from campaign.alert_matching import FLOW, HOST, Matches, match
from campaign.alert_scopes import Cover, cover
from campaign.alert_table import I64, Alerts
from campaign.alert_truth import same_family, same_group
from campaign.attempts import Attempts
from campaign.family_map import UNMAPPED, FamilyMap, Meaning
from campaign.flow_words import NEVER
from campaign.labels import Mask
from campaign.true_flows import TrueFlows
from contract.families import BENIGN, UNKNOWN, group_of

Json = dict[str, Any]
TRUE, FALSE, UNMATCHED, UNJUDGED, REMARK = range(5)
WORDS: Final = ("true", "false", "unmatched", "unjudged", "informational")


@dataclass(frozen=True)
class Terms:
    """How alerts are held against the truth. ``offset_ns`` is taken off every stamp (a clock that is ahead)."""

    tolerance_ns: int = 1_000_000_000
    offset_ns: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Judged:
    """What became of a detector's alerts; ``what`` has one of ``WORDS`` (by number) for each alert."""

    alerts: Alerts
    meanings: tuple[Meaning, ...]
    matches: Matches
    cover: Cover
    what: npt.NDArray[np.int8]
    flagged: Mask
    named: Mask
    word: npt.NDArray[np.object_]
    right_group: Mask
    right_family: Mask
    written: I64
    readable: I64
    attempts: Attempts
    notes: list[str] = field(default_factory=list)

    @property
    def live(self) -> bool:
        """Whether it is known when alerts could be read."""
        return bool((self.readable < NEVER).any())


def judge_alerts(read: Read, truth: TrueFlows, families: FamilyMap, terms: Terms) -> Judged:
    """Hold alerts against the truth."""
    alerts = _shifted(read.alerts, terms.offset_ns)
    meanings = tuple(families.of(kind) for kind in alerts.kinds)
    found = match(alerts, truth, terms.tolerance_ns, terms.seed)
    wide = cover(alerts, truth, found, meanings, terms.tolerance_ns)
    claims = _of_kind(alerts, [m.claims for m in meanings])
    hits = _hits(alerts, truth, found, meanings, claims)
    what = _verdicts(alerts, truth, found, wide, hits, claims)
    own_alert, own_row = found.alert[hits], found.row[hits]
    # A flow that was named keeps the word that named it: so it is written last.
    alert, row = np.concatenate((wide.alert, own_alert)), np.concatenate((wide.row, own_row))
    flagged, named = (np.zeros(len(truth), np.bool_) for _ in range(2))
    flagged[row] = True
    named[own_row] = True
    word = np.full(len(truth), BENIGN, object)
    said: npt.NDArray[np.object_] = np.array([*(m.family or UNKNOWN for m in meanings), ""], object)[alerts.kind[alert]]
    word[row] = said
    group, family = _right(truth, row, said)
    written = _earliest(alerts.time[alert], row, truth, terms.tolerance_ns)
    readable = _earliest(np.where(alerts.read >= 0, alerts.read, NEVER)[alert], row, truth, terms.tolerance_ns)
    since = readable if (readable < NEVER).any() else written
    return Judged(
        alerts, meanings, found, wide, what, flagged, named, word, group, family, written, readable,
        truth.attempts(flagged, since),
    )  # fmt: skip


def _shifted(alerts: Alerts, offset_ns: int) -> Alerts:
    return Alerts(**(vars(alerts) | {"time": alerts.time - offset_ns})) if offset_ns else alerts


def _of_kind(alerts: Alerts, values: list[bool]) -> Mask:
    found: Mask = np.array([*values, False], np.bool_)[alerts.kind]
    return found


def _hits(alerts: Alerts, truth: TrueFlows, found: Matches, meanings: tuple[Meaning, ...], claims: Mask) -> Mask:
    """Which matches mean that a flow was named: of wider ones only those on attacks of the alert's own group."""
    level = found.level[found.alert]
    close = level == FLOW
    names, code = truth.coded
    same = np.zeros((len(meanings) + 1, len(names) + 1), np.bool_)
    for n, meaning in enumerate(meanings):
        same[n, : len(names)] = [bool(meaning.group) and meaning.group == group_of(name) for name in names]
    fits = same[alerts.kind[found.alert], code[found.row]]
    mapped = _of_kind(alerts, [m.family != UNMAPPED for m in meanings])[found.alert]
    wide = truth.attack[found.row] & (fits | (~mapped & (level != HOST)))
    hits: Mask = claims[found.alert] & (close | wide)
    return hits


def _verdicts(
    alerts: Alerts, truth: TrueFlows, found: Matches, wide: Cover, hits: Mask, claims: Mask
) -> npt.NDArray[np.int8]:
    what = np.full(len(alerts), UNMATCHED, np.int8)
    what[found.alert] = FALSE
    what[found.alert[truth.family[found.row] == UNKNOWN]] = UNJUDGED
    what[wide.named] = TRUE
    what[found.alert[hits & truth.attack[found.row]]] = TRUE
    what[~claims] = REMARK
    return what


def _right(truth: TrueFlows, row: I64, said: npt.NDArray[np.object_]) -> tuple[Mask, Mask]:
    """Whether some alert on each flow said the right group, the right family."""
    group, family = (np.zeros(len(truth), np.bool_) for _ in range(2))
    true = truth.family[row]
    for one in sorted(set(said)):
        mine = said == one
        for name in sorted(set(true[mine])):
            rows = row[mine & (true == name)]
            if name not in (BENIGN, UNKNOWN) and one != UNKNOWN:
                group[rows] |= same_group(one, name)
                family[rows] |= same_family(one, name)
    return group, family


def _earliest(stamps: I64, row: I64, truth: TrueFlows, tolerance_ns: int) -> I64:
    """When each flow was first flagged. What is early by no more than the tolerance is the clocks' doing: no time."""
    since = np.full(len(truth), NEVER, np.int64)
    np.minimum.at(since, row, stamps)
    early = (since < truth.first) & (since >= truth.first - tolerance_ns)
    since[early] = truth.first[early]
    return since


def card_of(judged: Judged, truth: TrueFlows) -> Json:
    """The scorecard (``docs/scorecard``), without what only a run knows."""
    families: Json = {}
    for name in sorted(set(truth.family[truth.attack])):
        mine = truth.family == name
        found = int((mine & judged.flagged).sum())
        families[name] = scorecard.empty_row(name) | {
            "flows": int(mine.sum()),
            "detected": found,
            "named": int((mine & judged.named).sum()),
            "right_group": int((mine & judged.right_group).sum()),
            "right_family": int((mine & judged.right_family).sum()),
            "recall": scorecard.share(found, int(mine.sum())),
        }
    benign = truth.family == BENIGN
    wrong = int((judged.flagged & benign).sum())
    counts = {word: int((judged.what == n).sum()) for n, word in enumerate(WORDS)}
    false = counts["false"] + counts["unmatched"]
    frames = np.asarray(truth.table.column("frames")).astype(np.int64).sum()
    first, last = truth.span
    return {
        "capture": {"frames": int(frames), "flows": len(truth), "seconds": round((last - first) / 1e9, 6)},
        "families": families,
        "entries": [],
        "false_alarms": {
            "benign_flows": int(benign.sum()),
            "flagged": wrong,
            "rate": scorecard.share(wrong, int(benign.sum())) or 0.0,
            "alerts": false,
        },
        "alerts": {"total": int(judged.what.size) - counts["informational"], **counts, "false": false}
        | _right_alerts(judged, truth),
        "latency_ms": scorecard.latency(np.zeros(0)),
        "unknown_flows": int((truth.family == UNKNOWN).sum()),
        "words": scorecard.word_rows(truth.family, np.where(judged.word == UNKNOWN, BENIGN, judged.word)),
        "confusion": scorecard.confusion(truth.family, judged.word) if len(truth) else {},
        "notes": list(judged.notes),
    }


def _right_alerts(judged: Judged, truth: TrueFlows) -> Json:
    """How many alerts said the right group, the right family."""
    alert = np.concatenate((judged.cover.alert, judged.matches.alert))
    row = np.concatenate((judged.cover.row, judged.matches.row))
    said = np.array([*(m.family for m in judged.meanings), ""], object)[judged.alerts.kind[alert]]
    group, family = (np.zeros(len(judged.alerts), np.bool_) for _ in range(2))
    true = truth.family[row]
    keep = truth.attack[row] & (judged.what[alert] == TRUE)
    for one in sorted(set(said[keep])):
        if one == UNMAPPED:
            continue
        for name in sorted(set(true[keep & (said == one)])):
            mine = alert[keep & (said == one) & (true == name)]
            group[mine] |= same_group(one, name)
            family[mine] |= same_family(one, name)
    return {"right_group": int(group.sum()), "right_family": int(family.sum())}
