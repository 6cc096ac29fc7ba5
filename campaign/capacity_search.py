"""Searching for the highest load that is held, in the manner of RFC 2544 (section 26.1).

The load is doubled until a trial fails, then halved into (in the logarithm), until what is held and what is not lie
within the resolution. What was found is confirmed by trials of its own; where one fails, the search goes on below.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

HELD: Final = "held"
FAILED: Final = "failed"  # the detector did not meet the targets
GENERATOR: Final = "generator"  # the load could not be made, so nothing is known of the detector
_DIGITS: Final = 3


@dataclass(frozen=True)
class Bounds:
    """From where to where is searched, how finely, and how often what was found is confirmed.

    ``resolution`` is a share: 0.05 ends the search where the next load known to fail is at most 5 % higher.
    ``repeats`` says how often a trial that the generator spoilt is made before it is believed.
    """

    least: float = 1.0
    most: float = 100.0
    resolution: float = 0.05
    confirmations: int = 3
    repeats: int = 2


@dataclass
class Found:
    """What a search found. ``load`` is 0 where not even the least load is held.

    ``limit`` is the lowest load above that is not held, and ``bound`` why (``FAILED``, ``GENERATOR``); both None where
    the most that was asked for is held. ``confirmed`` is how many trials of their own said that ``load`` is held.
    """

    load: float = 0.0
    limit: float | None = None
    bound: str | None = None
    confirmed: int = 0
    held: list[float] = field(default_factory=list)


Trial = Callable[[float, str], str]


def search(trial: Trial, bounds: Bounds) -> Found:
    """The highest load that ``trial`` holds: it gets a load and the phase, and says one of the words above."""
    found = Found()
    _double(trial, bounds, found)
    while found.load or found.held:
        while found.limit is not None and (middle := _between(found.load, found.limit, bounds.resolution)):
            _note(found, middle, _tried(trial, middle, "search", bounds))
        word = _confirm(trial, bounds, found)
        if word == HELD:
            return found
        found.limit, found.bound = found.load, word
        found.held.remove(found.load)
        found.load = max(found.held, default=0.0)
        if not found.load:  # even what was held first was chance
            lower = rounded(found.limit / (1 + bounds.resolution))
            if lower < bounds.least:
                return found
            _note(found, lower, _tried(trial, lower, "search", bounds))
    return found


def most_trials(bounds: Bounds) -> int:
    """How many trials a search takes where no trial is spoilt and no confirmation fails."""
    doublings = math.ceil(math.log2(bounds.most / bounds.least)) + 1
    halvings = max(0, math.ceil(math.log2(math.log(2) / math.log(1 + bounds.resolution))))
    return doublings + halvings + bounds.confirmations


def _double(trial: Trial, bounds: Bounds, found: Found) -> None:
    """From the least load upwards until one is not held, or to the most."""
    load = rounded(bounds.least)
    while found.limit is None and load <= bounds.most:
        _note(found, load, _tried(trial, load, "search", bounds))
        if load >= bounds.most:
            return
        load = min(rounded(2 * load), rounded(bounds.most))


def _tried(trial: Trial, load: float, phase: str, bounds: Bounds) -> str:
    """One trial; one that the generator spoilt tells nothing, and is made again."""
    word = GENERATOR
    for _ in range(bounds.repeats):
        word = trial(load, phase)
        if word != GENERATOR:
            break
    return word


def _confirm(trial: Trial, bounds: Bounds, found: Found) -> str:
    found.confirmed = 0
    for _ in range(bounds.confirmations):
        word = _tried(trial, found.load, "confirm", bounds)
        if word != HELD:
            return word
        found.confirmed += 1
    return HELD


def _note(found: Found, load: float, word: str) -> None:
    if word == HELD:
        found.held.append(load)
        found.load = max(found.load, load)
    else:
        found.limit, found.bound = load, word


def _between(low: float, high: float, resolution: float) -> float | None:
    """The load to try next, None where the two are close enough."""
    if not low or high / low <= 1 + resolution:
        return None
    middle = rounded(math.sqrt(low * high))
    return middle if low < middle < high else None


def rounded(load: float) -> float:
    """A load to three digits: nobody can tell 41.37x from 41.4x."""
    if load <= 0:
        return 0.0
    return round(load, _DIGITS - 1 - math.floor(math.log10(load)))
