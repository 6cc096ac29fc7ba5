"""How long the tests of faults are: short in ``make test``, in full with ``make faults``."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import Final, TypeVar

FULL: Final = os.environ.get("TENFOLD_FAULTS") == "full"
_T = TypeVar("_T")


def some(cases: Sequence[_T], count: int, seed: int = 815) -> list[_T]:
    """All cases in full, else ``count`` of them, the same ones each time."""
    if FULL or count >= len(cases):
        return list(cases)
    return sorted(random.Random(seed).sample(list(cases), count), key=list(cases).index)


def often(count: int, full: int) -> int:
    """How often something is tried."""
    return full if FULL else count
