"""The trend: what earlier checks of the same machine measured, kept as one JSON object a line; told, never judged."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from campaign.gate.findings import Finding, State
from contract.errors import InputError
from contract.files import read_text

_MAX_BYTES: Final = 64 << 20
_NAMES: Final = {"p99_ms": "p99", "p999_ms": "p99.9"}
Json = dict[str, Any]


def read(path: Path, machine: str, config: str) -> list[Json]:
    """Earlier lines of the same machine fingerprint and targets, oldest first; none where there is no file.

    Raises ``InputError`` where the file is something else.
    """
    return [row for row in _all(path) if row.get("machine") == machine and row.get("config") == config]


def line(machine: str, config: str, revision: str, when: str, levels: dict[str, list[Json]]) -> Json:
    """The line of one check: of each level the try that counted, which is the last."""
    kept = {
        name: {key: tries[-1][key] for key in _NAMES}
        for name, tries in levels.items()
        if tries[-1]["state"] != "invalid"
    }
    return {"when": when, "revision": revision, "machine": machine, "config": config, "levels": kept}


def append(path: Path, row: Json, keep: int) -> None:
    """Add a line; of each machine and targets, the newest ``keep`` stay."""
    rows = [*_all(path), row]
    same = [one for one in rows if (one.get("machine"), one.get("config")) == (row["machine"], row["config"])]
    gone = [id(one) for one in same[:-keep]]
    text = "".join(json.dumps(one, sort_keys=True) + "\n" for one in rows if id(one) not in gone)
    temporary = path.with_name(path.name + ".tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def findings(row: Json, before: list[Json], compare: int) -> list[Finding]:
    """The newest beside the median of those before it; always told, whatever it is."""
    found = []
    for level, figures in row["levels"].items():
        for key, name in _NAMES.items():
            value = figures[key]
            earlier = list(_values(before, level, key))[-compare:]
            if value is None:
                continue
            got = f"{value:,.1f} ms"
            if earlier:
                middle = statistics.median(earlier)
                got += f", {value / middle:.2f}x the median of {len(earlier)} before ({middle:,.1f} ms)"
            else:
                got += ", the first of this machine with these targets"
            last = ", ".join(f"{one:,.0f}" for one in [*earlier[-9:], value])
            found.append(Finding("trend", f"{level}: {name}", State.TOLD, got, "", f"last, in ms: {last}", value))
    return found


def _values(rows: Iterable[Json], level: str, key: str) -> Iterable[float]:
    for row in rows:
        value = row.get("levels", {}).get(level, {}).get(key)
        if isinstance(value, int | float):
            yield float(value)


def _all(path: Path) -> list[Json]:
    if not path.exists():
        return []
    rows = []
    for number, text in enumerate(read_text(path, "history", _MAX_BYTES).splitlines(), 1):
        try:
            row = json.loads(text)
        except ValueError:
            raise InputError(f"{path}:{number}: not a line of a history: not JSON") from None
        if not isinstance(row, dict):
            raise InputError(f"{path}:{number}: not a line of a history: no JSON object")
        rows.append(row)
    return rows
