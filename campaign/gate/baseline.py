"""The baseline file: what a check measured once, to be read in a diff, and what a later one says beside it.

It is written only when asked (``--update-baseline``). Quality is judged by it, since it depends on the build alone;
times are told beside it and never judged: see docs/ci.md for how often a stored time cries wolf.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, Final

from campaign.gate.findings import Finding, State
from campaign.gate.targets import Table
from contract.errors import InputError
from contract.files import read_json

SCHEMA: Final = "tenfold-check-baseline/1"
_MAX_BYTES: Final = 16 << 20
_NUMBERS: Final = re.compile(r"\[\s*((?:-?[\d.e+-]+|null)(?:,\s*(?:-?[\d.e+-]+|null))*)\s*\]")
_MANY: Final = 50  # attempts in a real campaign, below which one more that is missed proves nothing
_FLOOR_S: Final = 0.2  # four ticks: what is found sooner may be found that much later
Json = dict[str, Any]


def document(about: Json, slo: Json, quality: Json, blocks: Json) -> Json:
    """A baseline: ``slo`` by level, ``quality`` by share of lost frames, ``blocks`` the value of each block.

    ``about`` holds ``revision``, ``config`` (a hash of what was played), ``frames`` (hashes of what was made of it) and
    ``machine``.
    """
    kept = {name: about.get(name) for name in ("revision", "config", "frames", "machine")}
    return {"schema": SCHEMA, **kept, "slo": slo, "quality": quality, "blocks": blocks}


def write(path: Path, content: Json) -> None:
    """Write it: sorted keys, one value a line, lists of numbers on one. Raises ``InputError`` where that cannot be."""
    text = json.dumps(content, indent=1, sort_keys=True)
    text = _NUMBERS.sub(lambda match: "[" + re.sub(r"\s*,\s*", ", ", match[1]) + "]", text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot write: {error.strerror}") from None


def read(path: Path) -> Json:
    """A baseline. Raises ``InputError`` where there is none, or the file is something else."""
    content = read_json(path, "baseline", _MAX_BYTES)
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise InputError(f"{path}: not a baseline: its schema must be {SCHEMA}; write one with --update-baseline")
    wrong = [name for name in ("machine", "slo", "quality", "blocks") if not isinstance(content.get(name), dict)]
    if wrong:
        raise InputError(f"{path}: not a baseline: {', '.join(wrong)} must be a JSON object")
    return content


def findings(now: Json, before: Json, allowed: Table, judged: tuple[str, ...] = ("quality",)) -> list[Finding]:
    """What a new document says beside an old one; ``judged`` names the parts whose detection may not be worse.

    Where something else was played, or the frames made of it differ, all of it is told alone.
    """
    same = all(now.get(name) == before.get(name) for name in ("config", "frames"))
    rows = [_origin(before, same=same)]
    for part in ("slo", "quality"):
        for at, figures in sorted(now[part].items()):
            old = before[part].get(at)
            if isinstance(old, dict):
                rows += _quality_rows(f"{part} {at}", figures, old, allowed, judged=same and part in judged)
    rows += _times(now, before)
    return rows


def _origin(before: Json, *, same: bool) -> Finding:
    got = f"of {str(before.get('revision') or 'an unknown revision')[:12]}"
    detail = (
        "" if same else "something else was played, or its frames differ: what follows is told, and judged by nobody"
    )
    return Finding("baseline", "baseline", State.TOLD, got, "", detail)


def _quality_rows(at: str, now: Json, old: Json, allowed: Table, *, judged: bool) -> list[Finding]:
    rows = []
    mine, theirs = (_families(one) for one in (now, old))
    for family in sorted(theirs):
        new = mine.get(family, 0.0)
        limit = round(theirs[family] - allowed["recall_drop"], 6)
        few = (old.get("attempts_by_family") or {}).get(family, _MANY) < _MANY
        if new < theirs[family]:
            name, sure = f"{at}: recall of {family}", judged and not few
            rows.append(_row(name, new, theirs[family], limit, "{:.4f}", judged=sure, least=True))
    for family, seconds in sorted((old.get("time_to_detect_s") or {}).items()):
        new_s = (now.get("time_to_detect_s") or {}).get(family)
        limit = round(max(seconds * allowed["time_to_detect_ratio"], seconds + _FLOOR_S), 3)
        if new_s is None or new_s > limit:
            rows.append(_row(f"{at}: time to detect {family}", new_s, seconds, limit, "{:.2f} s", judged=judged))
    rate, before = now.get("false_alarms_per_hour"), old.get("false_alarms_per_hour")
    if before is not None:
        limit = before + allowed["false_alarms_per_hour_rise"]
        rows.append(_row(f"{at}: false alarms an hour", rate, before, limit, "{:.1f}", judged=judged))
    if judged and not any(row.state is State.REGRESSED for row in rows):
        got = f"{len(theirs)} families, none worse than allowed"
        rows.append(Finding("baseline", f"{at}: detection", State.PASSED, got, "as good as the baseline"))
    return rows


def _families(figures: Json) -> dict[str, float]:
    found: dict[str, float] = figures.get("recall_by_family") or {}
    return found


def _row(
    name: str, new: float | None, old: float, limit: float, form: str, *, judged: bool, least: bool = False
) -> Finding:
    """One figure beside its old value; ``least``: it may not fall below the limit, else it may not rise above it."""
    worse = new is None or (new < limit if least else new > limit)
    state = (State.REGRESSED if worse else State.PASSED) if judged else State.TOLD
    got = f"{'not found' if new is None else form.format(new)}, was {form.format(old)}"
    wanted = f"{'at least' if least else 'at most'} {form.format(limit)}" if judged else ""
    return Finding("baseline", name, state, got, wanted, "", new, limit)


def _times(now: Json, before: Json) -> list[Finding]:
    """Times beside the stored ones: told, and only of the same machine."""
    if now["machine"].get("id") != before["machine"].get("id"):
        got = "not compared: the baseline is of another machine"
        return [Finding("baseline", "times", State.TOLD, got)]
    rows = []
    for at, figures in sorted(now["slo"].items()):
        old = before["slo"].get(at) or {}
        for key, name in (("p50_ms", "median latency"), ("p99_ms", "p99 latency")):
            rows += _ratio(f"slo {at}: {name}", figures.get(key), old.get(key), "ms")
    for key, values in sorted(now["blocks"].items()):
        rows += _ratio(key.replace("_", " "), _median(values), _median(before["blocks"].get(key) or []), "")
    return rows


def _ratio(name: str, new: float | None, old: float | None, unit: str) -> list[Finding]:
    if not new or not old or not math.isfinite(new / old):
        return []
    got = f"{new:,.2f} {unit}".strip() + f", {new / old:.2f}x the stored {old:,.2f}"
    return [Finding("baseline", name, State.TOLD, got, "", "a stored time is told, not judged", new, old)]


def _median(values: list[float]) -> float | None:
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else None
