"""What a build is held to: a TOML file that people write, checked, over the one that ships.

``targets.toml`` beside this module is both the default and what ``tenfold check init`` writes. Whoever writes a file
makes typing mistakes: an unknown key is refused, with its line and the known ones.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from contract.errors import InputError
from contract.families import catalogue
from contract.files import read_text
from contract.toml_text import read_toml
from detector.toml_lines import line_of, lines_of

_DEFAULT: Final = Path(__file__).with_name("targets.toml")
_MAX_BYTES: Final = 1 << 20
_MULTIPLIER: Final = re.compile(r"(\d{1,4}(?:\.\d{1,3})?)x")
_SHARE: Final = (0.0, 1.0)
_ANY: Final = (0.0, 1e9)
_SECONDS: Final = (1.0, 86_400.0)  # a scenario lasts no shorter
_WHOLE: Final = (0, 2**63 - 1)
_SOME: Final = (1, 1000)
_PERCENT: Final = (0.0, 99.0)
# kind of each key: str a text, (low, high) a number between, whole where both are integers
_PLAYED: Final = {"scenario": str, "seconds": _SECONDS, "seed": _WHOLE}
_TABLES: Final[dict[str, dict[str, Any]]] = {
    "slo": _PLAYED | {"tries": _SOME, "recall": _SHARE, "false_alarms_per_hour": _ANY, "on_sight_p99_ms": _ANY},
    "regression": _PLAYED
    | {"multiplier": (0.01, 1000.0), "pairs": (2, 1000), "most_pairs": (2, 1000)}
    | {"cpu_ratio": (1.0, 100.0), "latency_ratio": (1.0, 100.0)},
    "quality": _PLAYED | {"multiplier": (0.01, 1000.0), "benign_scenario": str, "benign_seconds": _SECONDS},
    "captures": {},
    "baseline": {"recall_drop": _SHARE, "time_to_detect_ratio": (1.0, 1e6), "false_alarms_per_hour_rise": _ANY},
    "trend": {"keep": _SOME, "compare": _SOME},
}
_BARS: Final = {"recall": _SHARE, "false_alarms_per_hour": _ANY, "time_to_detect_s": _ANY, "entries_detected": _SHARE}
_BY_FAMILY: Final = {"recall_by_family": _SHARE, "time_to_detect_by_family": _ANY, "p99_ms_by_family": _ANY}
_INNER: Final = {"slo": ("p99_ms", "p99_ms_by_family", "recall_by_family"), "quality": ("loss",), "captures": ("loss",)}
_PLAYS: Final = ("scenario", "seconds", "seed", "multiplier", "benign_scenario", "benign_seconds")
Table = dict[str, Any]
Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Bars:
    """Limits at one share of lost frames; None is no limit. ``by_family`` tables hold families that have one."""

    percent: float
    recall: float | None = None
    false_alarms_per_hour: float | None = None
    time_to_detect_s: float | None = None
    entries_detected: float | None = None
    recall_by_family: dict[str, float] = field(default_factory=dict)
    time_to_detect_by_family: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Targets:
    """Everything that ``tenfold check`` judges by. ``table`` is the whole as it was read, ``digest`` names it."""

    table: Table
    slo_levels: dict[float, float]  # multiplier: p99 in ms, ascending
    loss: tuple[Bars, ...]
    captures: tuple[Bars, ...]

    def __getitem__(self, name: str) -> Table:
        """One table of the file."""
        found: Table = self.table[name]
        return found

    @property
    def digest(self) -> str:
        """A hash of what is played (not of the bars): figures are compared only between checks of the same."""
        played = {
            name: {key: part[key] for key in sorted(part) if key in _PLAYS} for name, part in sorted(self.table.items())
        }
        plan = [played, sorted(self.slo_levels), [bars.percent for bars in self.loss]]
        return hashlib.sha256(json.dumps(plan).encode()).hexdigest()[:16]


def default_text() -> str:
    """The commented file that ``tenfold check init`` writes."""
    return _DEFAULT.read_text(encoding="utf-8")


def read(path: Path | None = None) -> Targets:
    """The targets in a file over those that ship; without a file, the latter. Raises ``InputError``."""
    table = tomllib.loads(default_text())
    if path is not None:
        text = read_text(path, "file of targets", _MAX_BYTES)
        own = read_toml(text, str(path))
        _Check(text, path).tables(own)
        for name, part in own.items():
            table[name] = table[name] | part
    if table["regression"]["most_pairs"] < table["regression"]["pairs"]:
        raise InputError(f"{path}: regression.most_pairs is below regression.pairs")
    levels = {multiplier_of(name): float(limit) for name, limit in table["slo"]["p99_ms"].items()}
    return Targets(
        table,
        dict(sorted(levels.items())),
        tuple(Bars(**row) for row in table["quality"]["loss"]),
        tuple(Bars(**row) for row in table["captures"]["loss"]),
    )


def multiplier_of(name: str) -> float:
    """The number in ``10x``. Raises ``InputError`` where it is none."""
    match = _MULTIPLIER.fullmatch(name)
    if not match or not float(match[1]):
        raise InputError(f"{name!r} is no multiplier: write 1x, 10x, 0.5x")
    return float(match[1])


class _Check:
    """Looks at a file's tables; every method raises ``InputError`` for the first thing that is wrong, with its line."""

    def __init__(self, text: str, path: Path) -> None:
        self._lines, self._path = lines_of(text), path

    def refuse(self, key: Key, words: str) -> InputError:
        line = line_of(self._lines, key)
        dotted = ".".join(str(part) for part in key)
        return InputError(f"{self._path}{f':{line}' if line else ''}: {dotted}: {words}")

    def known(self, key: Key, names: list[str]) -> None:
        name = str(key[-1])
        if name not in names:
            near = get_close_matches(name, names, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
            raise self.refuse(key, f"there is no such key; {hint}")

    def number(self, key: Key, given: Any, bounds: tuple[float, float]) -> None:  # noqa: ANN401 - any TOML value
        low, high = bounds
        whole = isinstance(low, int)
        kinds = (int,) if whole else (int, float)
        sound = isinstance(given, kinds) and not isinstance(given, bool) and math.isfinite(given)
        if not sound or not low <= given <= high:
            word = "a whole number" if whole else "a number"
            raise self.refuse(key, f"must be {word} from {low:g} to {high:g}, not {given!r}")

    def tables(self, table: Table) -> None:
        for name, part in table.items():
            self.known((name,), list(_TABLES))
            if not isinstance(part, dict):
                raise self.refuse((name,), "must be a table")
            for key, given in part.items():
                self.known((name, key), [*_TABLES[name], *_INNER.get(name, ())])
                self.value((name, key), given, _TABLES[name].get(key))

    def value(self, key: Key, given: Any, kind: Any) -> None:  # noqa: ANN401 - any TOML value, any kind of it
        if kind is str:
            if not isinstance(given, str) or not given.strip():
                raise self.refuse(key, f"must be a text, not {given!r}")
        elif kind:
            self.number(key, given, kind)
        elif key[-1] == "p99_ms":
            self.levels(key, given)
        elif key[-1] in _BY_FAMILY:
            self.families(key, given, _BY_FAMILY[str(key[-1])])
        else:
            self.bars(key, given)

    def families(self, key: Key, given: Any, bounds: tuple[float, float]) -> None:  # noqa: ANN401 - likewise
        if not isinstance(given, dict):
            raise self.refuse(key, "must be a table: family = number")
        attacks = [name for name, family in catalogue().items() if family.attack]
        for name, value in given.items():
            self.known((*key, name), attacks)
            self.number((*key, name), value, bounds)

    def levels(self, key: Key, given: Any) -> None:  # noqa: ANN401 - likewise
        if not isinstance(given, dict) or not given:
            raise self.refuse(key, "must be a table: 1x = milliseconds")
        for name, limit in given.items():
            try:
                multiplier_of(name)
            except InputError as error:
                raise self.refuse((*key, name), str(error)) from None
            self.number((*key, name), limit, _ANY)

    def bars(self, key: Key, given: Any) -> None:  # noqa: ANN401 - likewise
        if not isinstance(given, list) or not given or not all(isinstance(row, dict) for row in given):
            dotted = ".".join(str(part) for part in key)
            raise self.refuse(key, f"must be written as [[{dotted}]], once for each share of lost frames")
        for index, row in enumerate(given):
            if "percent" not in row:
                raise self.refuse((*key, index), "lacks percent: how many of a hundred frames are lost")
            for name, value in row.items():
                inner = (*key, index, name)
                self.known(inner, ["percent", *_BARS, "recall_by_family", "time_to_detect_by_family"])
                self.value(inner, value, _PERCENT if name == "percent" else _BARS.get(name))
