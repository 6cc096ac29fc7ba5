"""The figures of a run in one document, from what the campaign writes beside the store and from the store itself."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from api.facts import RunFacts, read_json
from api.latency import SeenLatency
from api.latency_counts import LatencyCounts
from api.outlook import drift, targets
from api.progress import Progress, by_second, read_lines, read_progress
from api.runs import RunBook
from contract.alert import SEVERITIES
from contract.clock import calendar, iso
from contract.families import BENIGN, catalogue
from store.reader import StoreReader

_WINDOW_S: Final = 3
_MAX_SECONDS: Final = 7200
_FRESH_S: Final = 0.25
_MOST_RUNS: Final = 16
Json = dict[str, Any]


def no_run(detail: str) -> Json:
    """What the page gets while there is nothing to show."""
    return {"as_of": iso(calendar().now_ns()), "run": None, "reason": "no-run", "detail": detail}


class Statistics:
    """Makes statistics documents. May be shared by threads; keeps the documents of runs that have ended."""

    def __init__(self, runs: RunBook, describe: Callable[[RunFacts], Json]) -> None:
        self._runs, self._describe = runs, describe
        self._turn = threading.Lock()
        self._latency: dict[str, SeenLatency] = {}
        self._made: OrderedDict[str, _Made] = OrderedDict()

    def of(self, facts: RunFacts) -> Json:
        """The figures of a run as they are now, or were a quarter of a second ago. Not to be changed by the caller.

        Many ask at once: whoever comes while one is at it waits for that answer.
        """
        with self._turn:
            made = self._made.setdefault(facts.id, _Made())
            self._made.move_to_end(facts.id)
            while len(self._made) > _MOST_RUNS:
                self._made.popitem(last=False)
        with made.turn:
            if made.state != facts.state or time.monotonic() - made.at >= _FRESH_S:
                made.document, made.state, made.at = self._make(facts), facts.state, time.monotonic()
            return made.document

    def _make(self, facts: RunFacts) -> Json:
        reader = self._runs.reader(facts.id) if facts.has_store else None
        card = None if facts.active else read_json(facts.folder / "scorecard.json")
        progress = read_progress(facts)
        counts = reader.counts() if reader else _no_counts()
        recent = reader.recent(_WINDOW_S + 1) if reader else {}
        attacks = sum(row["attacks"] for family, row in counts["families"].items() if family != BENIGN)
        judged = _judged(card)
        return {
            "as_of": iso(calendar().now_ns()),
            "run": self._describe(facts),
            "judged": card is not None,
            "rates": self._rates(facts, progress, recent, attacks),
            "counts": {
                "attempts_planned": progress.planned_total,
                "attempts_sent": judged.get("attempts", _whole(progress.number("attempts"))),
                "attempts_detected": judged.get("attempts_detected"),
                "flows_flagged": attacks,
                "frames": _whole(progress.number("frames")),
                "flows": counts["rows"]["flows"],
                "verdicts": counts["rows"]["verdicts"],
                "alerts": counts["alerts"]["total"],
                "alerts_open": counts["alerts"]["open"],
                "alerts_silenced": counts["silenced"],
                "alerts_by_severity": _by_severity(counts["alerts"]["severities"]) if reader else {},
            },
            "latency_ms": (card or {}).get("latency_ms") or progress.latency_ms or self._seen_latency(facts, reader),
            "within_1ms": progress.number("within_1ms"),
            "backlog_frames": _whole(progress.number("backlog")) if facts.active else 0,
            "families": _families(counts["families"], card),
            "ledger": _ledger(facts, card, progress),
            "drift": drift(facts, card),
            "targets": targets(facts),
        }

    def latencies(self, facts: RunFacts) -> LatencyCounts:
        """How long the flows of a run took, as the store tells it."""
        reader = self._runs.reader(facts.id) if facts.has_store else None
        return self._latency_of(facts, reader).counts()

    def timeline(self, facts: RunFacts) -> Json:
        """The same by second since the start."""
        reader = self._runs.reader(facts.id) if facts.has_store else None
        rollups = [row for row in (reader.timeline() if reader else []) if row.family != BENIGN]
        progress = read_progress(facts)
        start = (
            facts.started_ns // 1_000_000_000 if facts.started_ns else min((row.second for row in rollups), default=0)
        )
        last = max((row.second for row in rollups), default=start) - start
        last = max(last, int(facts.elapsed_s or 0)) if facts.active and facts.started_ns else last
        lines = read_lines(facts)
        last = max([last, 0, *(int(line["t"]) for line in lines[-1:])])
        low = max(0, last - _MAX_SECONDS)
        seconds = list(range(low, last + 1))
        total: dict[int, int] = defaultdict(int)
        families: dict[str, list[int]] = {}
        for row in rollups:
            at = row.second - start - low
            if 0 <= at < len(seconds):
                total[at] += row.attacks
                families.setdefault(row.family, [0] * len(seconds))[at] += row.attacks
        told = by_second(lines, seconds)
        p50, p99 = told["p50_ms"], told["p99_ms"]
        if not any(value is not None for value in p50):
            p50, p99 = self._latency_of(facts, reader).by_second(start + low, len(seconds))
        return {
            "run": facts.id,
            "started_ms": start * 1000.0,
            "t": seconds,
            "planned": progress.planned(seconds, facts.duration_s),
            "sent": told["sent_per_s"],
            "detected": _counted(total, len(seconds), ongoing=facts.active),
            "latency_p50_ms": p50,
            "latency_p99_ms": p99,
            "backlog": told["backlog"],
            "ahead": progress.ahead(last + 1, facts.duration_s if facts.active else None),
            "families": families,
        }

    def _rates(self, facts: RunFacts, progress: Progress, by_second: dict[int, int], attacks: int) -> Json:
        newest = max(by_second, default=0)
        # The newest second is still filling up; what counts is the whole ones before it.
        whole = [
            by_second.get(newest - back, 0)
            for back in range(1, _WINDOW_S + 1)
            if newest - back >= min(by_second, default=0)
        ]
        seen_now = bool(by_second) and facts.now_ns / 1e9 - newest < 2 * _WINDOW_S
        detected = (sum(whole) / len(whole) if whole else None) if seen_now else (0.0 if by_second else None)
        spans = facts.duration_s or facts.elapsed_s
        return {
            "planned": progress.number("planned_per_s"),
            "sent": progress.number("sent_per_s"),
            "detected": progress.number("detected_per_s") if progress.figures else detected,
            "frames": progress.number("frames_per_s"),
            "average": {
                "planned": _over(progress.planned_total, spans),
                "sent": _over(progress.number("attempts"), spans),
                "detected": _over(attacks or None, spans),
                "frames": _over(progress.number("frames"), spans),
            },
        }

    def _latency_of(self, facts: RunFacts, reader: StoreReader | None) -> SeenLatency:
        with self._turn:
            found = self._latency.setdefault(facts.id, SeenLatency())
        if reader is not None:
            found.update(reader)
        return found

    def _seen_latency(self, facts: RunFacts, reader: StoreReader | None) -> Json | None:
        return self._latency_of(facts, reader).summary() if reader else None


@dataclass
class _Made:
    """The last document of a run."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    document: Json = field(default_factory=dict)
    state: str = ""
    at: float = 0.0


def _by_severity(counted: dict[str, int]) -> Json:
    return dict.fromkeys(reversed(SEVERITIES), 0) | counted


def _counted(total: dict[int, int], seconds: int, *, ongoing: bool) -> list[int | None]:
    """Detections by second. Behind the newest nothing is known while it goes on: the detector may lag."""
    newest = max(total, default=-1) if ongoing or not total else seconds
    return [total.get(at, 0) if at <= newest else None for at in range(seconds)]


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _over(total: float | None, seconds: float | None) -> float | None:
    return total / seconds if total is not None and seconds else None


def _no_counts() -> Json:
    return {
        "rows": {"flows": 0, "verdicts": 0},
        "alerts": {"total": 0, "open": 0, "families": {}, "severities": {}},
        "silenced": {"allowed": 0, "muted": 0},
        "families": {},
        "last_commit": 0,
    }


def _judged(card: Json | None) -> Json:
    """Attempts of a judged run: how many, how many detected."""
    rows = [row for row in (card or {}).get("families", {}).values() if row.get("attempts") is not None]
    if not rows:
        return {}
    return {
        "attempts": sum(row["attempts"] for row in rows),
        "attempts_detected": sum(row.get("attempts_detected", 0) for row in rows),
    }


def _families(seen: Json, card: Json | None) -> list[Json]:
    """One row a family: judged with recall, else how many flows were called that so far."""
    known = catalogue()
    judged = (card or {}).get("families") or {}
    rows = []
    for name in sorted({*seen, *judged} - {BENIGN}):
        family, row = known.get(name), judged.get(name)
        flagged = seen.get(name, {}).get("attacks", 0)
        if family is not None and not family.attack:
            continue
        if row is None and (card is not None or not flagged):
            continue
        item: Json = {
            "family": name,
            "title": family.title if family else name,
            "group": family.group if family else "",
            "technique": family.technique if family else "",
            "flagged": flagged,
            "detected": flagged,
        }
        if row is not None:
            sent = row.get("attempts", row.get("flows"))
            found = row.get("attempts_detected", row.get("detected"))
            item |= {"sent": sent, "detected": found, "recall": found / sent if sent else None}
        rows.append(item)
    return sorted(rows, key=lambda item: (-(item.get("sent") or item["detected"]), item["family"]))


def _ledger(facts: RunFacts, card: Json | None, progress: Progress) -> Json | None:
    final = (card or {}).get("ledger") or (None if facts.active else read_json(facts.folder / "ledger.json"))
    if final:
        return {**final, "settled": True}
    if progress.ledger:
        return {**progress.ledger, "settled": False}
    return None
