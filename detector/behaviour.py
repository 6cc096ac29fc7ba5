"""What is known about attacks, as rules over features: data in ``detector/knowledge/``, one file a family.

A rule names what an attack cannot do without (fan-out, failure, rate, rhythm) with bars that hold on any network. A
model that has seen few networks is told so where the rule's conditions are all met; which of several rules' families
is meant stays the model's choice. Where no rule speaks, the model's word stands, if some need of the family is met
and nothing excuses what is seen.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from contract.families import group_of
from contract.jit import kernel
from detector.features import FEATURES

FOLDER: Final = Path(__file__).parent / "knowledge"
SCORE: Final = 0.99
_SURE_OF_NAME: Final = np.float32(0.5)  # a model that gives one family so much names it, whatever rule spoke
Matrix = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int16]
_BOUNDS: Final = frozenset({"least", "most", "least_ln", "most_ln"})


@dataclass(frozen=True)
class Rule:
    """All of ``bounds`` (feature: least and most, both inclusive, in the feature's own unit) must hold.

    ``score`` is the probability of an attack that it then stands for; it speaks only where the model gives any attack
    at least ``support``.
    """

    family: str
    name: str
    why: str
    bounds: Mapping[str, tuple[float, float]]
    score: float = SCORE
    support: float = 0.0


@dataclass(frozen=True)
class Need:
    """What a family cannot be without: the model's word for it stands only where some need of the family holds.

    Among ``Knowledge.excuses``: what resembles the family and is none; there neither the model nor a rule says it.
    """

    family: str
    bounds: Mapping[str, tuple[float, float]]


class Rules(NamedTuple):
    """Rules as arrays; the conditions of rule ``r`` are ``first[r]`` to ``first[r + 1]``."""

    code: Codes  # the model's number of the family
    score: npt.NDArray[np.float32]
    support: npt.NDArray[np.float32]
    first: npt.NDArray[np.int32]
    column: npt.NDArray[np.int32]
    least: npt.NDArray[np.float32]
    most: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Everything that a folder holds."""

    rules: tuple[Rule, ...]
    needs: tuple[Need, ...]
    excuses: tuple[Need, ...] = ()


@cache
def knowledge(folder: Path = FOLDER) -> Knowledge:
    """All that a folder holds. Raises ``InputError`` for a file that cannot be read as rules and needs."""
    found = [_read(path) for path in sorted(folder.glob("*.toml"))]
    rules, needs, excuses = (tuple(one for part in parts for one in part) for parts in zip(*found, strict=True))
    return Knowledge(rules, needs, excuses)


def _read(path: Path) -> tuple[list[Rule], list[Need], list[Need]]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        unknown = set(document) - {"rule", "need", "unless"}
        if unknown:
            raise ValueError(f"{min(unknown)!r} is neither a rule nor a need nor an unless")
        rules = [_rule(path.stem, entry) for entry in document.get("rule", ())]
        needs, excuses = (
            [Need(path.stem, _conditions(entry)) for entry in document.get(kind, ())] for kind in ("need", "unless")
        )
        return rules, needs, excuses
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: no file of rules: {error}") from None


def _rule(family: str, entry: Mapping[str, Any]) -> Rule:
    score, support = float(entry.get("score", SCORE)), float(entry.get("support", 0.0))
    return Rule(family, str(entry["name"]), str(entry["why"]), _conditions(entry["when"]), score, support)


def _conditions(when: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    units = {feature.name: feature.unit for feature in FEATURES}
    bounds = {}
    for name, given in when.items():
        if name not in units:
            raise ValueError(f"no feature is called {name!r}")
        bounds[name] = _bounds(given, units[name])
    if not bounds:
        raise ValueError("a rule without conditions")
    return bounds


def _bounds(given: object, unit: str) -> tuple[float, float]:
    """``true``, ``false``, or a table. ``least`` and ``most`` of a logarithm are told as what it is a logarithm of."""
    if isinstance(given, bool):
        return (0.5, np.inf) if given else (-np.inf, 0.5)
    if not isinstance(given, dict) or not given or not set(given) <= _BOUNDS:
        raise ValueError(f"{given!r} is no condition")
    least, most = -np.inf, np.inf
    for key, value in given.items():
        number = float(value)
        bound = float(np.log1p(number)) if unit == "ln" and not key.endswith("_ln") and number >= 0 else number
        least, most = (bound, most) if key.startswith("least") else (least, bound)
    return least, most


class Compiled(NamedTuple):
    """Knowledge for a model's families."""

    rules: Rules
    needs: Rules  # score and support are not used
    needy: npt.NDArray[np.bool_]  # (C,) whether the family has needs
    excuses: Rules  # as needs
    rest: npt.NDArray[np.int16]  # (C,) number of the group of which a family is the rest (``other_dos``), else -1
    group: npt.NDArray[np.int16]  # (C,) number of each family's group


@cache
def compiled(families: tuple[str, ...], known: Knowledge | None = None) -> Compiled:
    """Knowledge as arrays; that of families that the model does not have is left out."""
    known = known or knowledge()
    rules = [rule for rule in known.rules if rule.family in families]
    needs, excuses = ([one for one in all_ if one.family in families] for all_ in (known.needs, known.excuses))
    needy = np.isin(np.array(families), [need.family for need in needs])
    names = sorted({group_of(family) for family in families})
    groups = np.array([names.index(group_of(family)) for family in families], np.int16)
    return Compiled(
        _arrays(families, rules, [r.score for r in rules], [r.support for r in rules]),
        _arrays(families, needs, [0.0] * len(needs), [0.0] * len(needs)),
        needy,
        _arrays(families, excuses, [0.0] * len(excuses), [0.0] * len(excuses)),
        np.where([family.startswith("other_") for family in families], groups, -1).astype(np.int16),
        groups,
    )


def _arrays(families: tuple[str, ...], chosen: list[Any], score: list[float], support: list[float]) -> Rules:
    columns = {feature.name: number for number, feature in enumerate(FEATURES)}
    conditions = [(columns[name], *bounds) for rule in chosen for name, bounds in rule.bounds.items()]
    parts: Any = list(zip(*conditions, strict=True)) or [(), (), ()]
    return Rules(
        np.array([families.index(rule.family) for rule in chosen], np.int16),
        np.array(score, np.float32),
        np.array(support, np.float32),
        np.concatenate([[0], np.cumsum([len(rule.bounds) for rule in chosen])]).astype(np.int32),
        np.array(parts[0], np.int32),
        np.array(parts[1], np.float32),
        np.array(parts[2], np.float32),
    )


@kernel
def _holds(known: Rules, rule: int, matrix: Matrix, row: int) -> bool:
    for c in range(known.first[rule], known.first[rule + 1]):
        value = matrix[row, known.column[c]]
        if value < known.least[c] or value > known.most[c]:
            return False
    return True


@kernel
def _any(rules: Rules, code: int, matrix: Matrix, row: int) -> bool:
    """Whether one of the rules for the family ``code`` holds."""
    for n in range(len(rules.code)):  # noqa: SIM110 - numba knows no any() over a generator
        if rules.code[n] == code and _holds(rules, n, matrix, row):
            return True
    return False


@kernel
def _met(known: Compiled, code: int, matrix: Matrix, row: int) -> bool:
    if _any(known.excuses, code, matrix, row):
        return False
    return not known.needy[code] or _any(known.needs, code, matrix, row)


@kernel
def plausible(known: Compiled, matrix: Matrix, codes: Codes) -> npt.NDArray[np.bool_]:
    """Whether each row ``(n, F)`` has what the family ``codes[row]`` cannot be without: bool ``(n,)``."""
    found = np.zeros(len(codes), np.bool_)
    for row in range(len(codes)):
        found[row] = _met(known, codes[row], matrix, row)
    return found


@kernel
def hidden_by_gate(known: Compiled, matrix: Matrix, probabilities: Matrix, least: float) -> npt.NDArray[np.int64]:
    """Rows below ``least`` (see ``Classifier.probabilities``) of which a rule speaks: ``speak`` needs their families.

    ``least`` is the least probability of an attack at which any family is said, so without a rule they are benign.
    """
    rules = known.rules
    found = np.empty(len(matrix), np.int64)
    n = 0
    for row in range(len(matrix)):
        attack = np.float32(1.0) - probabilities[row, 0]
        if attack >= np.float32(least):
            continue
        for r in range(len(rules.code)):
            if attack >= rules.support[r] and _holds(rules, r, matrix, row):
                found[n] = row
                n += 1
                break
    return found[:n]


@kernel
def speak(
    known: Compiled, matrix: Matrix, probabilities: Matrix, codes: Codes, scores: npt.NDArray[np.float32]
) -> None:
    """Let knowledge change ``codes`` and ``scores``, which ``detector.model.decide`` found."""
    rules = known.rules
    for row in range(len(matrix)):
        best, chosen = np.float32(-1.0), -1
        attack = np.float32(1.0) - probabilities[row, 0]
        for r in range(len(rules.code)):
            if attack < rules.support[r] or probabilities[row, rules.code[r]] <= best:
                continue
            if _holds(rules, r, matrix, row) and not _any(known.excuses, rules.code[r], matrix, row):
                best, chosen = probabilities[row, rules.code[r]], r
        if chosen >= 0:
            own = codes[row]
            vague = known.rest[own] == known.group[rules.code[chosen]]  # the rest of a group is no name
            if own == 0 or vague or probabilities[row, own] < _SURE_OF_NAME or not _met(known, own, matrix, row):
                codes[row] = rules.code[chosen]
            scores[row] = max(rules.score[chosen], attack)
        elif codes[row] > 0 and not _met(known, codes[row], matrix, row):
            codes[row] = 0
            scores[row] = np.float32(1.0) - scores[row]
