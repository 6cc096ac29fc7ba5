"""Is the candidate slower? Paired log ratios and a bootstrap of their median.

A pair is the same work done by both builds one after the other, so that what the machine does to one it mostly does to
the other, and the ratio of the two is steadier than either. The bound is the percentile bootstrap's (Efron, 1979) of
the median: of resamples, drawn with replacement and as many as there are pairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_ROUNDS: Final = 10_000
_TAIL: Final = 0.05
_LOOKS: Final = 1.7  # standard errors at the last of a few looks


class Word(StrEnum):
    """What pairs say of a ratio and its limit."""

    SLOWER = "slower"
    CLEAR = "clear"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Interval:
    """The median ratio candidate / base of ``pairs`` pairs, its lower bound and its one-sided 95 % upper bound."""

    pairs: int
    median: float
    lower: float
    upper: float

    def word(self, limit: float) -> Word:
        """``slower`` where even the lower bound exceeds the limit, ``clear`` where not even the upper one does."""
        if self.lower > limit:
            return Word.SLOWER
        return Word.CLEAR if self.upper <= limit else Word.UNDECIDED

    def as_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {key: round(value, 5) if isinstance(value, float) else value for key, value in asdict(self).items()}


def _lower_tail(pairs: int, most: int) -> float:
    """The chance of error that a look after so many of the most pairs may take; all of it where there is one look."""
    if pairs >= most:
        return _TAIL
    return 0.5 * math.erfc(_LOOKS / math.sqrt(2 * pairs / most))


def interval(candidate: Sequence[float], base: Sequence[float], most: int | None = None, seed: int = 0) -> Interval:
    """The interval of the median ratio of paired positive values; the same seed gives the same bounds.

    ``most`` is how many pairs there may be in the end. Whoever looks more than once finds more by chance: so an early
    look asks for a lower bound of more certainty, in the manner of O'Brien and Fleming (1979), all looks together for
    95 %.
    Raises ``ValueError`` where the two are of different lengths, empty, or hold what is not above 0.
    """
    new, old = np.asarray(candidate, np.float64), np.asarray(base, np.float64)
    if new.shape != old.shape or not new.size:
        raise ValueError("pairs need as many values of one build as of the other, and at least one")
    if not ((new > 0).all() and (old > 0).all()):
        raise ValueError("a ratio needs values above 0")
    logs: npt.NDArray[np.float64] = np.log(new) - np.log(old)
    rng = np.random.default_rng(seed)
    medians = np.median(logs[rng.integers(0, logs.size, (_ROUNDS, logs.size))], axis=1)
    lower, upper = np.quantile(medians, (_lower_tail(logs.size, most or logs.size), 1 - _TAIL))
    return Interval(int(logs.size), float(np.exp(np.median(logs))), float(np.exp(lower)), float(np.exp(upper)))
