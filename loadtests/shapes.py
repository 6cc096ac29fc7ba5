"""When what is posted: steps of the campaign's multiples, one after the other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One step: its multiplier, and from when to when (seconds from the start of the test)."""

    multiplier: int
    begin_s: float
    end_s: float


def steps(multipliers: tuple[int, ...], step_s: float, start_s: float = 0.0) -> list[Step]:
    """Steps of equal length, one after the other."""
    return [
        Step(multiplier, start_s + number * step_s, start_s + (number + 1) * step_s)
        for number, multiplier in enumerate(multipliers)
    ]


def at(plan: list[Step], second: float) -> Step | None:
    """The step that holds at a second; None before the first and after the last."""
    return next((step for step in plan if step.begin_s <= second < step.end_s), None)
