"""What a check found: one finding a gate, and the exit code of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

PASSED, BROKEN, INVALID, REGRESSION = 0, 1, 3, 99
_GATES: Final = ("slo", "quality", "regression", "baseline", "trend")


class State(StrEnum):
    """What became of one gate. ``told`` is reported and judged by nobody."""

    PASSED = "passed"
    BROKEN = "broken"
    REGRESSED = "regressed"
    INVALID = "invalid"
    TOLD = "told"


@dataclass(frozen=True)
class Finding:
    """One gate's word. ``wanted`` and ``got`` are texts with units, ``detail`` what a reader of a red build needs next.

    ``gate`` is ``slo``, ``quality``, ``regression``, ``baseline`` or ``trend``; ``value`` and ``limit`` the two numbers
    behind the texts, where there are any.
    """

    gate: str
    name: str
    state: State
    got: str
    wanted: str = ""
    detail: str = ""
    value: float | None = None
    limit: float | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self) | {"state": str(self.state)}


def at_most(gate: str, name: str, value: float | None, limit: float | None, form: str, detail: str = "") -> Finding:
    """A finding on a value that may not exceed its limit; no limit: told. No value where one is wanted: broken."""
    met = value is not None and limit is not None and value <= limit
    return _bound(gate, name, value, limit, form, "at most", met=met, detail=detail)


def at_least(gate: str, name: str, value: float | None, limit: float | None, form: str, detail: str = "") -> Finding:
    """A finding on a value that may not fall below its limit; likewise."""
    met = value is not None and limit is not None and value >= limit
    return _bound(gate, name, value, limit, form, "at least", met=met, detail=detail)


def _bound(
    gate: str, name: str, value: float | None, limit: float | None, form: str, word: str, *, met: bool, detail: str
) -> Finding:
    state = State.TOLD if limit is None else (State.PASSED if met else State.BROKEN)
    wanted = "" if limit is None else f"{word} {form.format(limit)}"
    got = "nothing to measure" if value is None else form.format(value)
    return Finding(gate, name, state, got, wanted, detail, value, limit)


def exit_code(findings: Iterable[Finding]) -> int:
    """1 where a target is broken, else 99 for a regression, else 3 where something could not be judged, else 0."""
    states = {finding.state for finding in findings}
    if State.BROKEN in states:
        return BROKEN
    if State.REGRESSED in states:
        return REGRESSION
    return INVALID if State.INVALID in states else PASSED


def by_gate(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """The findings of each gate, in the order in which people read them."""
    found = list(findings)
    return {gate: rows for gate in _GATES if (rows := [one for one in found if one.gate == gate])}
