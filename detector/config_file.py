"""Reading a configuration file: TOML in; a ``Config`` out, or all that is wrong with it, line by line.

Whoever writes one makes typing mistakes: so unknown keys are refused, with the nearest known one named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal

from contract.config_key import Table
from contract.errors import InputError
from contract.families import GROUPS
from contract.toml_text import read_toml
from detector import config_values
from detector.config import Config
from detector.config_keys import TABLES
from detector.live_settings import Live, text_of
from detector.policy import Policy
from detector.silence import Rule
from detector.site import Asset, Site
from detector.toml_lines import line_of, lines_of
from store.outputs.registry import TABLE as OUTPUTS
from store.outputs.registry import complete, kinds, table_of

_MOST_RULES: Final = 1000
_MS: Final = 1_000_000
_LONGEST_GUESS: Final = 60
_MOST_GUESSES: Final = 100
_BAR_KEYS: Final = ("evidence", "flows", "half_life_s", "quiet_s")
_OUTPUT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
Json = dict[str, Any]
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """What is wrong with one key: where it stands, what it is, and what to do. A ``warning`` stops nothing."""

    key: str
    line: int | None
    text: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{f'line {self.line}: ' if self.line else ''}{self.key}: {self.text}" if self.key else self.text


@dataclass
class Findings:
    """What a file says, and what is wrong with it."""

    config: Config
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)  # how many of each table
    outputs: list[Json] = field(default_factory=list)  # each with the values of all its keys


def read(path: Path) -> Config:
    """The configuration in a file. Raises ``InputError`` with the first thing that is wrong, and how many there are."""
    return sound(text_of(path), path)


def chosen(path: Path | None, *, tunnels: str = "", shards: int | None = None, processes: bool = False) -> Config:
    """The configuration in a file, if there is one, with what the command line says over it. Raises ``InputError``."""
    return with_flags(read(path) if path else Config(), tunnels=tunnels, shards=shards, processes=processes)


def with_flags(config: Config, *, tunnels: str = "", shards: int | None = None, processes: bool = False) -> Config:
    """A configuration with what the command line says over it. Raises ``InputError``."""
    config = replace(config, tunnels=tunnels) if tunnels else config
    return replace(config, shards=shards or config.shards, processes=processes or config.processes)


def sound(text: str, path: Path) -> Config:
    """The configuration in the text of a file. Raises ``InputError`` as ``read`` does."""
    findings = parse(text, datetime.now(UTC))
    if findings.problems:
        more = len(findings.problems) - 1
        rest = f" (and {more} more; `tenfold config check {path}` lists them)" if more else ""
        raise InputError(f"{path}: {findings.problems[0]}{rest}")
    return findings.config


def check(path: Path, now: datetime | None = None) -> Findings:
    """Everything that a file says. Raises ``InputError`` where it cannot be read at all."""
    return parse(text_of(path), now or datetime.now(UTC))


def parse(text: str, now: datetime) -> Findings:
    """The configuration in TOML text; ``now`` decides which rules have expired, for a warning."""
    try:
        document = read_toml(text, "")
    except InputError as error:
        return Findings(Config(), [Problem("", None, str(error).removeprefix(": "))])
    return _Reader(document, lines_of(text), now).findings()


class _Reader:
    """Goes through a document and notes all that is wrong; what is wrong is left at its default."""

    def __init__(self, document: Json, lines: dict[KeyPath, int], now: datetime) -> None:
        self._document, self._lines, self._now = document, lines, now
        self._found = Findings(Config())
        self._tables = {table.name: table for table in TABLES}

    def findings(self) -> Findings:
        self._known(self._document, (), [*self._tables, OUTPUTS], "table")
        plain = {name: self._plain(self._tables[name]) for name in ("meter", "alerts", "network", "live", "service")}
        rules = [rule for kind in ("allow", "mute") for rule in self._rules(kind)]
        bars, least, severities = self._families()
        assets = [
            Asset(row["name"], tuple(row["addresses"]), row.get("raise", 1))
            for _, row in self._rows("assets")
            if "name" in row and "addresses" in row
        ]
        meter, alerts = plain["meter"], plain["alerts"]
        policy = Policy(
            bars=bars,
            least=least,
            rules=tuple(rules),
            site=Site(tuple(plain["network"].get("home", ())), tuple(assets), severities),
            capacity=alerts["most_incidents"],
            update_s=alerts["update_s"],
        )
        self._found.outputs = list(self._outputs())
        self._found.counts |= {OUTPUTS: len(self._found.outputs)} if self._found.outputs else {}
        self._found.counts |= {"families": len({*bars, *least, *severities}), "assets": len(assets)}
        self._found.config = Config(
            tick_ns=meter["tick_ms"] * _MS,
            tick_frames=meter["tick_frames"],
            capacity=meter["capacity"],
            hosts=meter["hosts"],
            late_ns=meter["late_ms"] * _MS,
            idle_s=meter["idle_s"],
            active_s=meter["active_s"],
            tunnels=meter["tunnels"],
            policy=policy,
            sure=alerts["sure"],
            live=Live(**plain["live"]),
            names=tuple(plain["service"].get("names") or ()),
        )
        self._found.problems.sort(key=lambda problem: problem.line or 0)
        return self._found

    def _plain(self, table: Table) -> Json:
        """The keys of a table, with defaults."""
        given = self._document.get(table.name, {})
        defaults = {key.name: key.default for key in table.keys if key.default is not None}
        if not isinstance(given, dict):
            self._note((table.name,), f"must be a table, [{table.name}]")
            return defaults
        return defaults | self._values(given, table, (table.name,))

    def _rows(self, name: str) -> Iterable[tuple[KeyPath, Json]]:
        """The tables of an array of tables: those of their values that are sound."""
        for at, row in enumerate(self._given(name)):
            yield (name, at), self._row(row, self._tables[name], (name, at))

    def _given(self, name: str) -> list[Json]:
        """The tables of an array of tables as they stand there."""
        rows = self._document.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self._note((name,), f"must be written as [[{name}]], with double brackets")
            return []
        if len(rows) > _MOST_RULES:
            self._note((name,), f"{len(rows)} are more than {_MOST_RULES}; join those of one reason")
            return []
        return rows

    def _row(self, row: Json, table: Table, path: KeyPath) -> Json:
        values = self._values(row, table, path)
        for key in table.keys:
            if key.needed and key.name not in row:
                self._note(path, f"{key.name} is missing: {config_values.lower(key.says)}")
        return values

    def _outputs(self) -> Iterable[Json]:
        """The outputs that are sound."""
        names: set[str] = set()
        for at, row in enumerate(self._given(OUTPUTS)):
            path: KeyPath = (OUTPUTS, at)
            kind = kinds().get(row.get("kind", "")) if isinstance(row.get("kind", ""), str) else None
            if kind is None:
                where: KeyPath = (*path, "kind") if "kind" in row else path
                self._note(where, f"kind must be one of {', '.join(kinds())}")
                continue
            before = len(self._found.problems)
            values = self._row(row, table_of(kind.name), path)
            if len(self._found.problems) > before:
                continue
            if not _OUTPUT_NAME.fullmatch(values["name"]) or values["name"] in names:
                self._note((*path, "name"), "must be letters, digits and dashes, and that of no other output")
                continue
            names.add(values["name"])
            try:
                kind.check(complete(values))
            except InputError as error:
                self._note(path, str(error))
                continue
            yield complete(values)

    def _values(self, given: Json, table: Table, path: KeyPath) -> Json:
        """The values of known keys that are what they should be."""
        keys = {key.name: key for key in table.keys}
        self._known(given, path, list(keys), "key")
        found = {}
        for name, value in given.items():
            if name in keys:
                try:
                    found[name] = config_values.value(keys[name], value)
                except InputError as error:
                    self._note((*path, name), str(error))
        return found

    def _rules(self, table: Literal["allow", "mute"]) -> Iterable[Rule]:
        count = 0
        for path, row in self._rows(table):
            given = self._document[table][path[1]]
            needed = (
                ("sources", "destinations") if table == "allow" else ("families", "sources", "destinations", "hours")
            )
            if not any(key in given for key in needed):
                self._note(path, f"would hold for everything: give {' or '.join(needed)}")
            for key in needed:
                if key in given and not given[key]:
                    self._note((*path, key), "is empty: leave it out to mean all, or name something")
            until = _end_of(row["until"]) if "until" in row else None
            if until is not None and until <= self._now:
                self._note((*path, "until"), f"passed on {row['until']}: the rule does nothing any more", warning=True)
            count += 1
            yield Rule(
                "allowed" if table == "allow" else "muted",
                row.get("reason", ""),
                tuple(row.get("sources", ())),
                tuple(row.get("destinations", ())),
                frozenset(config_values.expand(row.get("families", ()))),
                None if until is None else int(until.timestamp()) * 1_000_000_000,
                tuple(config_values.span(text) for text in row.get("hours", ())),
            )
        self._found.counts[table] = count

    def _families(self) -> tuple[Json, dict[str, float], dict[str, str]]:
        """Bars, least scores and severities by family."""
        table = self._tables["families"]
        given = self._document.get("families", {})
        if not isinstance(given, dict):
            self._note(("families",), "must be tables, [families.NAME]")
            return {}, {}, {}
        known = [*GROUPS, *config_values.attacks()]
        self._known(given, ("families",), known, "family or group")
        bars: Json = {}
        least: dict[str, float] = {}
        severities: dict[str, str] = {}
        for name in sorted(given, key=lambda name: name not in GROUPS):  # groups first: a family's own word stays
            if name not in known:
                continue
            if not isinstance(given[name], dict):
                self._note(("families", name), f"must be a table, [families.{name}]")
                continue
            row = self._values(given[name], table, ("families", name))
            change = {key: row[key] for key in _BAR_KEYS if key in row}
            for family in config_values.expand([name]):
                if change:
                    bars[family] = replace(bars.get(family) or Policy().bar(family), **change)
                if "least_score" in row:
                    least[family] = row["least_score"]
                if "severity" in row:
                    severities[family] = row["severity"]
        return bars, least, severities

    def _known(self, given: Json, path: KeyPath, known: list[str], what: str) -> None:
        for name in given:
            if name not in known:
                # To look for a near one takes a while: not for thousands, nor for what is no word.
                guess = len(name) < _LONGEST_GUESS and len(self._found.problems) < _MOST_GUESSES
                near = get_close_matches(name, known, 1, 0.6) if guess else []
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                self._note((*path, name), f"no {what} is called so; {hint}")

    def _note(self, path: KeyPath, text: str, *, warning: bool = False) -> None:
        shown = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        problem = Problem(shown, line_of(self._lines, path), text, warning)
        (self._found.warnings if warning else self._found.problems).append(problem)


def _end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
