"""From what an alert says to a family, and whom it is about: rules in TOML, the user's before those that ship.

A rule names patterns (``*`` stands for anything, case does not count) of ``signature``, ``category`` or ``technique``,
or a ``signature_id`` (``gid:sid`` or the sid alone): all that it names must fit, of a list any. It gives a ``family``,
a wide word or ``informational``, and may give a ``scope`` and a ``window``:

* ``flow``: the alert is about its own flow alone;
* ``pair``, ``source``, ``target``: also about what went on between its two addresses, from its source, or to its
  target, of the same group of attacks, within ``window`` seconds before it. A detector that counts to a threshold names
  one flow of many; these say that the alert was meant for all of them.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from campaign.alert_record import Kind
from contract.errors import InputError
from contract.families import BENIGN, catalogue
from contract.files import read_text
from contract.toml_text import read_toml

FOLDER: Final = Path(__file__).parent / "mappings"
INFORMATIONAL: Final = "informational"
UNMAPPED: Final = ""
SCOPES: Final = ("flow", "pair", "source", "target")
WINDOW_S: Final = 60.0
# Whom an alert of a group is about where its rule does not say.
_SCOPE_OF: Final = {"dos": "target", "recon": "source", "credential": "pair", "local": "source"}
_PATTERNS: Final = ("signature", "category", "technique")
_KEYS: Final = (*_PATTERNS, "signature_id", "family", "scope", "window")
_SHIPPED: Final = ("signatures.toml", "zeek.toml", "techniques.toml", "classes.toml")
_LARGEST: Final = 4 << 20
_OWN: Final = re.compile(r"tenfold[ :]+([a-z0-9_]+)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Meaning:
    """What an alert claims. ``family`` may be ``INFORMATIONAL`` or ``UNMAPPED``."""

    family: str
    scope: str = "flow"
    window_s: float = WINDOW_S

    @property
    def claims(self) -> bool:
        """Whether it says that something is an attack."""
        return self.family != INFORMATIONAL

    @property
    def group(self) -> str:
        """The group of its family, "" where it has none."""
        family = catalogue().get(self.family)
        return family.group if family else ""


@dataclass(frozen=True)
class Rule:
    """One line of a mapping."""

    patterns: Mapping[str, re.Pattern[str]]
    signature_ids: frozenset[str]
    meaning: Meaning

    def fits(self, kind: Kind) -> bool:
        """Whether all that it names is so of an alert."""
        ids = (kind.signature_id, kind.signature_id.rpartition(":")[2])
        if self.signature_ids and self.signature_ids.isdisjoint(ids):
            return False
        return all(pattern.match(getattr(kind, name)) for name, pattern in self.patterns.items())


@dataclass(frozen=True)
class FamilyMap:
    """All rules, the first that fits counts: the user's, our own words, those that ship.

    ``window_s`` is of rules that give none.
    """

    rules: Sequence[Rule]
    shipped: Sequence[Rule] = ()
    window_s: float = WINDOW_S
    _known: dict[Kind, Meaning] = field(default_factory=dict)

    def of(self, kind: Kind) -> Meaning:
        """What an alert of that kind claims."""
        found = self._known.get(kind)
        if found is None:
            found = self._known[kind] = self._find(kind)
        return found

    def _find(self, kind: Kind) -> Meaning:
        for rule in self.rules:
            if rule.fits(kind):
                return rule.meaning
        for words in (kind.signature, kind.category):  # a detector that speaks our language, such as our own export
            found = _OWN.match(words)
            name = found[1].lower() if found else words.strip().lower()
            if name in catalogue() and catalogue()[name].attack:
                return _meaning(name, None, self.window_s)
        for rule in self.shipped:
            if rule.fits(kind):
                return rule.meaning
        return Meaning(UNMAPPED, "flow", self.window_s)


def family_map(
    extra: Sequence[Mapping[str, Any]] = (), where: str = "mapping", window_s: float = WINDOW_S
) -> FamilyMap:
    """The user's rules, then those that ship. Raises ``InputError`` that names the rule."""
    rules = [_rule(rule, f"{where}: rule {number}", window_s) for number, rule in enumerate(extra, 1)]
    shipped = []
    for name in _SHIPPED:
        document = read_toml(read_text(FOLDER / name, "mapping", _LARGEST), name)
        shipped += [_rule(rule, f"{name}: rule {n}", window_s) for n, rule in enumerate(document["rule"], 1)]
    return FamilyMap(tuple(rules), tuple(shipped), window_s)


def _rule(rule: object, where: str, window_s: float) -> Rule:
    if not isinstance(rule, Mapping):
        raise InputError(f"{where}: must be a table")
    unknown = sorted(set(rule) - set(_KEYS))
    if unknown:
        raise InputError(f"{where}: no key is called {unknown[0]!r}; there are {', '.join(_KEYS)}")
    patterns = {name: _pattern(rule[name], f"{where}: {name}") for name in _PATTERNS if name in rule}
    ids = rule.get("signature_id", [])
    ids = frozenset(str(one) for one in (ids if isinstance(ids, list) else [ids]))
    if not patterns and not ids:
        raise InputError(f"{where}: it must name a signature, signature_id, category or technique")
    family, scope, window = rule.get("family"), rule.get("scope"), rule.get("window", window_s)
    known = catalogue().get(family) if isinstance(family, str) else None
    if family != INFORMATIONAL and (known is None or known.group == BENIGN):
        raise InputError(
            f"{where}: family {family!r} is no attack; `tenfold families` lists them, and there is {INFORMATIONAL!r}"
        )
    if scope is not None and scope not in SCOPES:
        raise InputError(f"{where}: scope {scope!r} is none of {', '.join(SCOPES)}")
    if not isinstance(window, int | float) or isinstance(window, bool) or not 0 <= window <= 86_400:
        raise InputError(f"{where}: window is a number of seconds, up to a day")
    return Rule(patterns, ids, _meaning(str(family), scope, float(window)))


def _meaning(family: str, scope: str | None, window_s: float) -> Meaning:
    group = catalogue()[family].group if family in catalogue() else ""
    return Meaning(family, scope or _SCOPE_OF.get(group, "flow"), window_s)


def _pattern(value: object, where: str) -> re.Pattern[str]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str) and 0 < len(one) <= 512 for one in values):
        raise InputError(f"{where}: a text or a list of texts is needed")
    # fnmatch makes atomic groups of its stars: a pattern costs no more than linear time in what it is held against.
    return re.compile(
        "|".join(f"(?:{fnmatch.translate(_plain(str(one)))})" for one in values), re.IGNORECASE | re.DOTALL
    )


def _plain(pattern: str) -> str:
    """Only ``*`` and ``?`` are signs: names hold brackets."""
    return pattern.replace("[", "[[]")
