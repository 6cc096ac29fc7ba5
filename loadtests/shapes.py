"""When what is posted: named shapes, each a plan of steps at multiples of 815 attempts a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contract.errors import InputError

# Of each shape the multiples, and how long each lasts in parts of a step.
SHAPES: Final[dict[str, tuple[tuple[int, float], ...]]] = {
    "tokyo": ((1, 2.0),),
    "paris": ((8, 1.0), (10, 1.0)),
    "ceremony": ((1, 1.0), (10, 0.4), (1, 1.0)),  # a spike, and what is left of it
    "climb": ((1, 1.0), (8, 1.0), (10, 1.0)),
    "soak": ((7, 120.0),),  # half an hour with steps of 15 s
    "breakpoint": ((1, 0.5), (2, 0.5), (4, 0.5), (8, 0.5), (12, 0.5), (16, 0.5), (24, 0.5), (32, 0.5)),
}
BREAKING: Final = "breakpoint"  # ends at the first step that does not hold


@dataclass(frozen=True)
class Step:
    """One step: its multiplier, and from when to when (seconds from the start of the test)."""

    multiplier: int
    begin_s: float
    end_s: float


def plan_of(shape: str, step_s: float) -> list[Step]:
    """The steps of a named shape. Raises ``InputError`` where there is none of that name."""
    if shape not in SHAPES:
        raise InputError(f"no load shape is called {shape!r}; there are {', '.join(SHAPES)}")
    return _chain(tuple((multiplier, part * step_s) for multiplier, part in SHAPES[shape]))


def steps(multipliers: Sequence[int], step_s: float) -> list[Step]:
    """Steps of equal length, one after the other."""
    return _chain(tuple((multiplier, step_s) for multiplier in multipliers))


def at(plan: list[Step], second: float) -> Step | None:
    """The step that holds at a second; None before the first and after the last."""
    return next((step for step in plan if step.begin_s <= second < step.end_s), None)


def _chain(parts: Sequence[tuple[int, float]]) -> list[Step]:
    found: list[Step] = []
    for multiplier, seconds in parts:
        begin = found[-1].end_s if found else 0.0
        found.append(Step(multiplier, begin, begin + seconds))
    return found
