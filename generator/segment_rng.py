"""Random numbers for a campaign that is planned in stretches: one habit throughout, fresh draws in each stretch.

A family draws two kinds of numbers when it lays out its attempts: what holds for the campaign (attackers, victims,
orders, paces; scalars, or as many as there are actors), and what holds for each attempt (as many as there are of them).
The first come from a stream that begins anew, and so alike, in every stretch; the second from the stretch's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

# What draws so many numbers as it is told.
_METHODS: Final = (
    *("beta", "binomial", "bytes", "chisquare", "choice", "exponential", "gamma", "geometric", "gumbel", "integers"),
    *("laplace", "logistic", "lognormal", "normal", "pareto", "permutation", "poisson", "random", "rayleigh"),
    *("standard_exponential", "standard_gamma", "standard_normal", "triangular", "uniform", "vonmises", "wald"),
    *("weibull", "zipf"),
)


class SegmentGenerator(np.random.Generator):
    """The campaign's stream, except where ``n`` numbers (rows) are asked for: those are ``own``'s.

    Each call has a stream of its own, named by how many calls came before: a call that asks for one number more than in
    another stretch (one attacker more, as the rate is a little higher) leaves those after it as they were.
    """

    def __init__(self, campaign: np.random.Generator, own: np.random.Generator, n: int) -> None:
        super().__init__(campaign.bit_generator)
        self._own, self._n = own, n
        self._base, self._calls = int(campaign.integers(1 << 62)), 0

    def stream(self, arguments: tuple[Any, ...], size: object) -> np.random.Generator:
        """What a call with these arguments draws from."""
        if self._mine((*arguments, size)):
            return self._own
        self._calls += 1
        return np.random.default_rng([self._base, self._calls])

    def _mine(self, arguments: tuple[Any, ...]) -> bool:
        for one in arguments:
            first = one[0] if isinstance(one, tuple) and one else one
            if isinstance(one, np.ndarray):
                first = len(one) if one.ndim else None
            if isinstance(first, int | np.integer) and not isinstance(first, bool) and first == self._n > 1:
                return True
        return False


def _method(name: str) -> Callable[..., Any]:
    def draw(self: SegmentGenerator, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever numpy takes
        return getattr(self.stream(arguments, named.get("size")), name)(*arguments, **named)

    return draw


for _name in _METHODS:
    setattr(SegmentGenerator, _name, _method(_name))
