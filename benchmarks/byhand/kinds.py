"""A kind of traffic written by hand: a function that fills a ``Traffic``, and the families that it may be called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.byhand.packets import Traffic

Make = Callable[[Traffic], None]


@dataclass(frozen=True)
class Kind:
    """A kind of traffic. ``families`` are the names that are right for it; it is ordinary where there are none."""

    name: str
    what: str
    families: tuple[str, ...]
    make: Make

    def traffic(self) -> Traffic:
        """Its frames, seeded by its name."""
        traffic = Traffic(self.name)
        self.make(traffic)
        return traffic


def attack(*families: str) -> Callable[[Make], Kind]:
    """Declare an attack that any of ``families`` names rightly."""

    def declare(make: Make) -> Kind:
        return Kind(make.__name__, (make.__doc__ or "").strip(), families, make)

    return declare


def ordinary(make: Make) -> Kind:
    """Declare ordinary traffic: any alert about it is false."""
    return Kind(make.__name__, (make.__doc__ or "").strip(), (), make)
