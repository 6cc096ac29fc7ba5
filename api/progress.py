"""How far a campaign is, from what its runner keeps in the run folder: ``run.json`` and ``timeline.jsonl``.

The keys of a line are those of ``campaign.watch.Figures``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeGuard

import numpy as np
import orjson

from api.facts import RunFacts, read_json
from contract.errors import InputError
from contract.ledger import Ledger

TOKYO: Final = 815.0
_MAX_BYTES: Final = 32 << 20
_BY_SECOND: Final = ("sent_per_s", "p50_ms", "p99_ms", "backlog")
_MOST_AHEAD_S: Final = 7200
_STATUSES: Final = ("sender", "detector")
Json = dict[str, Any]
Series = list[float | None]


@dataclass(frozen=True)
class Progress:
    """The newest figures of a run (``{}`` before the first), its plan, and the ledger as far as it is written."""

    figures: Json = field(default_factory=dict)
    curve: tuple[tuple[float, float], ...] = ()  # (second, times 815)
    changes: tuple[tuple[float, float], ...] = ()  # (second from which on, times 815): asked for while it ran
    planned_total: int | None = None
    ledger: Json | None = None

    def number(self, name: str) -> float | None:
        """One figure, None where it is not known."""
        value = self.figures.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    @property
    def latency_ms(self) -> Json | None:
        """Percentiles of late, None before the first detection."""
        if self.number("p50_ms") is None:
            return None
        return {"p50": self.number("p50_ms"), "p99": self.number("p99_ms"), "max": None}

    def planned(self, seconds: list[int], duration_s: float | None) -> Series:
        """The plan's attempts in each second; None outside of the plan."""
        if not self.curve:
            return [None] * len(seconds)
        at, times = zip(*self.curve, strict=True)
        middle = np.asarray(seconds, np.float64) + 0.5
        values = np.interp(middle, at, times) * TOKYO
        for begin, multiplier in self.changes:
            values[middle >= begin] = multiplier * TOKYO
        end = duration_s if duration_s is not None else at[-1]
        return [float(v) if 0 <= s < end else None for s, v in zip(seconds, values.tolist(), strict=True)]

    def ahead(self, second: int, duration_s: float | None) -> dict[str, list[Any]]:
        """The plan from a second to the end, where that is not too long for a picture: ``{t, planned}``."""
        end = int(np.ceil(duration_s)) if duration_s is not None and self.curve else 0
        seconds = list(range(second, end)) if 0 < end <= _MOST_AHEAD_S else []
        return {"t": seconds, "planned": self.planned(seconds, duration_s)}


def read_progress(facts: RunFacts) -> Progress:
    """The progress of a run, as far as its folder tells."""
    figures = facts.status.get("figures")
    sender = read_json(facts.folder / "sender.status.json") or {}
    return Progress(
        figures=figures if isinstance(figures, dict) else {},
        curve=_curve(facts.status.get("multiplier")),
        changes=_changes(sender.get("changes")),
        planned_total=_planned_total(sender),
        ledger=_ledger(facts.folder) if facts.active else None,
    )


def by_second(lines: list[Json], seconds: list[int]) -> dict[str, Series]:
    """Figures by second, as ``_BY_SECOND`` names them. The later line of a second counts."""
    names = _BY_SECOND
    columns: dict[str, Series] = {name: [None] * len(seconds) for name in names}
    first = seconds[0] if seconds else 0
    for line in lines:
        # A line looks back over the second before it.
        at = int(line.get("t", -1.0) - 0.5) - first
        if 0 <= at < len(seconds):
            for name in names:
                value = line.get(name)
                columns[name][at] = float(value) if isinstance(value, int | float) else None
    return columns


def read_lines(facts: RunFacts) -> list[Json]:
    """The lines of ``timeline.jsonl`` in order; none where there is no such file."""
    path = facts.folder / "timeline.jsonl"
    try:
        if path.stat().st_size > _MAX_BYTES:
            return []
        data = path.read_bytes()
    except OSError:
        return []
    found = []
    for line in data.splitlines():
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue  # the last line may be half written
        if isinstance(row, dict) and isinstance(row.get("t"), int | float):
            found.append(row)
    return found


def _curve(value: object) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list):
        return ()
    points = [(float(p[0]), float(p[1])) for p in value if isinstance(p, list) and len(p) == 2]
    return tuple(points) if len(points) == len(value) else ()


def _changes(value: object) -> tuple[tuple[float, float], ...]:
    rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    pairs = [(row.get("from_second"), row.get("multiplier")) for row in rows]
    return tuple(sorted((float(at), float(x)) for at, x in pairs if _is_number(at) and _is_number(x)))


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _planned_total(sender: Json) -> int | None:
    value = sender.get("planned_attempts")
    return value if isinstance(value, int) else None


def _ledger(folder: Path) -> Json | None:
    """The ledgers of the processes as they are now, put together; in flight they need not balance."""
    whole = Ledger()
    for who in _STATUSES:
        document = (read_json(folder / f"{who}.status.json") or {}).get("ledger")
        if isinstance(document, dict):
            try:
                whole.merge(Ledger.from_dict(document))
            except InputError:
                continue  # of another version
    return whole.as_dict() if whole.stages else None
