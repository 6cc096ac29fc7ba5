"""How often something is tried, and what became of it in sum: ``TENFOLD_KILLS`` and ``TENFOLD_HISTORIES`` say how many
of a kind a call makes, ``TENFOLD_SEED`` from which numbers on, so that several short calls make one long one.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Final

import pytest

from tests.faults.length import FULL

_GIVEN: Final = os.environ.get
SEED: Final = int(_GIVEN("TENFOLD_SEED", "") or random.SystemRandom().randrange(1 << 31))
KILLS: Final = int(_GIVEN("TENFOLD_KILLS", "") or (1000 if FULL else 30))
HISTORIES: Final = int(_GIVEN("TENFOLD_HISTORIES", "") or (10_000 if FULL else 120))
MARK: Final = "tried"


def share(of: int, part: float) -> int:
    """A part of what is tried, one at least."""
    return max(1, round(of * part))


def numbers_of(request: pytest.FixtureRequest) -> random.Random:
    """A test's random numbers: its own, and the same for the same ``TENFOLD_SEED``."""
    return random.Random(f"{SEED} {request.node.name}")


def count(request: pytest.FixtureRequest, tried: Counter[str]) -> None:
    """Tell what was tried; the sum is printed behind the tests."""
    request.node.user_properties.append((MARK, {"seed": SEED, **tried}))
