"""What one campaign asks the generator for: families and their weights, the rate over time, the size of the world.

Plain data that travels as JSON, so that the sender is a process of its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from contract.errors import InputError
from contract.families import catalogue
from generator import arrivals
from generator.arrivals import Spec
from generator.curves import Curve, held_from, integral, rate_at

__all__ = ["DEFAULT_START_NS", "MATCHES", "PATH", "TOKYO_RATE", "Curve", "Share", "Workload", "Zone", "rate_at"]

TOKYO_RATE: Final = 815.0
# What of the network a campaign can fix, from and to; docs/variation.md says what each is and how it is drawn else.
PATH: Final = {
    "rtt_median": (0.0001, 2.0),
    "rtt_sigma": (0.0, 2.0),
    "access_slow": (1e4, 1e11),
    "access_fast": (1e4, 1e11),
    "lossy_share": (0.0, 1.0),
    "loss": (0.0, 0.3),
    "lost_after": (0.0, 1.0),
    "reordered_share": (0.0, 1.0),
    "reorder": (0.0, 0.3),
    "paced_share": (0.0, 1.0),
    "stall_share": (0.0, 1.0),
    "reset_share": (0.0, 1.0),
}
MATCHES: Final = ("", "shape", "frames")
_MOST: Final = 100_000_000  # conversations of a plan, which is held whole: about 100 bytes each
_LATEST_NS: Final = (1 << 32) * 1_000_000_000
DEFAULT_START_NS: Final = 1_784_970_000_000_000_000  # 2026-07-25T09:00:00Z


@dataclass(frozen=True)
class Share:
    """One family's part of the arrivals: ``weight`` relative to the others, while ``begin_s <= second < end_s``.

    ``params`` go to the family as ``world.params``. ``end_s`` of ``None`` means until the end. ``zone`` names the zone
    whose sites are meant; '' all of them.
    """

    family: str
    weight: float = 1.0
    params: Mapping[str, Any] = field(default_factory=dict)
    begin_s: float = 0.0
    end_s: float | None = None
    zone: str = ""


@dataclass(frozen=True)
class Zone:
    """Sites that belong together: how many, and their parts of all attempts and of all ordinary conversations.

    ``attacks`` and ``benign`` are the zone's own mix; where empty the campaign's applies.
    """

    name: str
    sites: int
    weight: float = 1.0
    traffic: float = 1.0
    attacks: tuple[Share, ...] = ()
    benign: tuple[Share, ...] = ()


@dataclass(frozen=True)
class Workload:
    """A campaign's traffic. Rates are piecewise linear curves of (second, per second); outside them the ends hold.

    ``curve`` counts attempts, ``benign_curve`` ordinary conversations. ``start_ns`` is the epoch time of second 0.
    ``arrivals`` is the arrival model of the attempts (``generator.arrivals``), ``benign_arrivals`` that of ordinary
    traffic where it is another. ``match`` makes ordinary traffic follow the attempts' curve, bursts included: with
    ``shape`` as many conversations as ``benign_curve`` asks for, with ``frames`` as many frames as the attempts have.
    ``zones`` divide the sites among themselves. ``changes`` are (second, attempts per second held from there on), as
    a user made them while the campaign ran; the same changes give the same campaign again. ``path`` fixes some of what
    the network does (``PATH``), which is drawn otherwise.
    Raises ``InputError`` where a value makes no sense or a family is unknown.
    """

    seed: int = 1
    start_ns: int = DEFAULT_START_NS
    duration_s: float = 10.0
    curve: Curve = ((0.0, TOKYO_RATE),)
    arrivals: Spec = "poisson"
    benign_arrivals: Spec | None = None
    match: str = ""
    attacks: tuple[Share, ...] = ()
    benign: tuple[Share, ...] = ()
    benign_curve: Curve = ((0.0, 0.0),)
    sites: int = 120
    clients: int = 4000
    ipv6_share: float = 0.1
    zones: tuple[Zone, ...] = ()
    changes: tuple[tuple[float, float], ...] = ()
    path: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.duration_s) and 0 < self.duration_s <= 7 * 86_400):
            raise InputError(f"a duration of {self.duration_s} s is not between 0 and 7 days")
        arrivals.read(self.arrivals)
        if self.benign_arrivals is not None:
            arrivals.read(self.benign_arrivals, "benign_arrivals")
        if self.match not in MATCHES:
            raise InputError(f"match {self.match!r} is neither shape nor frames")
        if self.seed < 0 or self.start_ns < 0:
            raise InputError("seed and start must not be negative")
        if self.end_ns >= _LATEST_NS:
            raise InputError("the end lies after the year 2105: a capture has 32 bits for the second")
        if not (1 <= self.sites <= 800 and 1 <= self.clients <= 20_000 and 0 <= self.ipv6_share <= 1):
            raise InputError("a world has 1 to 800 sites, 1 to 20,000 clients and an ipv6_share of 0 to 1")
        for name in ("curve", "benign_curve"):
            _check_curve(getattr(self, name), name)
        if self.changes:
            _check_curve(self.changes, "changes")
        _check_path(self.path)
        _check_zones(self)
        _check_size(self)
        for share in (*self.attacks, *self.benign, *(s for zone in self.zones for s in (*zone.attacks, *zone.benign))):
            _check_share(share)
        for shares, rates in zip(self.dealt(), (self.curve, self.benign_curve), strict=True):
            if shares and any(rate for _, rate in rates) and not any(share.weight for share in shares):
                raise InputError(
                    f"{', '.join(share.family for share in shares)}: no weight is above 0, nothing can come"
                )

    def dealt(self) -> tuple[tuple[Share, ...], tuple[Share, ...]]:
        """The shares of attempts and of ordinary conversations, each zone's mix on its own where there are zones."""
        if not self.zones:
            return self.attacks, self.benign
        attacks = [(zone, zone.weight, zone.attacks or self.attacks) for zone in self.zones]
        benign = [(zone, zone.traffic, zone.benign or self.benign) for zone in self.zones]
        return _in_zones(attacks), _in_zones(benign)

    def attempts_curve(self) -> Curve:
        """The curve of attempts with every change applied."""
        curve = self.curve
        for second, rate in self.changes:
            curve = held_from(curve, second, rate)
        return curve

    @property
    def end_ns(self) -> int:
        """Epoch nanoseconds at which the campaign ends; no frame is planned from then on."""
        return self.start_ns + round(self.duration_s * 1e9)

    def to_json(self) -> str:
        """The workload as JSON text."""
        document = asdict(self)
        return json.dumps(document, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Workload:
        """Read what ``to_json`` wrote. Raises ``InputError`` where it is something else."""
        try:
            document = json.loads(text)
            for table in (document, *document.get("zones", ())):
                for name in ("attacks", "benign"):
                    table[name] = tuple(Share(**share) for share in table.get(name, ()))
            document["zones"] = tuple(Zone(**zone) for zone in document.get("zones", ()))
            for name in ("curve", "benign_curve", "changes"):
                if name in document:
                    document[name] = tuple((float(second), float(rate)) for second, rate in document[name])
            return cls(**document)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(f"not a workload: {error}") from None

    @classmethod
    def read(cls, path: Path) -> Workload:
        """Read a workload file. Raises ``InputError`` where it is missing or something else."""
        try:
            return cls.from_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot read the workload: {error}") from None


def _in_zones(parts: list[tuple[Zone, float, tuple[Share, ...]]]) -> tuple[Share, ...]:
    dealt: list[Share] = []
    total = sum(weight for _, weight, _ in parts)
    for zone, weight, shares in parts:
        own = sum(share.weight for share in shares)
        if own and total:
            factor = weight / total / own
            dealt += [replace(share, weight=share.weight * factor, zone=zone.name) for share in shares]
    return tuple(dealt)


def _check_path(path: Mapping[str, float]) -> None:
    for name, value in path.items():
        if name not in PATH:
            raise InputError(f"path: unknown key {name!r}; known are {', '.join(PATH)}")
        low, high = PATH[name]
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise InputError(f"path.{name}: must be a number from {low:g} to {high:g}, not {value!r}")


def _check_zones(workload: Workload) -> None:
    names = [zone.name for zone in workload.zones]
    if len(set(names)) < len(names) or "" in names or len(names) > 64:
        raise InputError("zones: at most 64, each with a name of its own")
    for zone in workload.zones:
        good = zone.sites >= 1 and all(math.isfinite(part) and part >= 0 for part in (zone.weight, zone.traffic))
        if not good:
            raise InputError(f"zones.{zone.name}: needs 1 site or more, and a weight and traffic of 0 or more")
    if names and sum(zone.sites for zone in workload.zones) != workload.sites:
        raise InputError(f"zones: they have {sum(z.sites for z in workload.zones)} sites, not {workload.sites}")


def _check_size(workload: Workload) -> None:
    """Refuse a plan that no memory holds."""
    planned = 0.0
    for shares, curve in zip(workload.dealt(), (workload.attempts_curve(), workload.benign_curve), strict=True):
        planned += integral(curve, workload.duration_s) if shares else 0.0
    if planned > _MOST:
        raise InputError(
            f"about {planned:,.0f} conversations are more than the {_MOST:,} that a plan may hold; "
            "choose a shorter duration or a lower rate"
        )


def _check_curve(curve: Curve, name: str) -> None:
    if not curve:
        raise InputError(f"{name}: needs at least one point (second, rate)")
    last = -math.inf
    for second, rate in curve:
        if not (math.isfinite(second) and math.isfinite(rate)) or rate < 0 or rate > 1e7 or second < last:
            raise InputError(
                f"{name}: ({second}, {rate}): seconds must not fall and rates lie in 0 to 10 million a second"
            )
        last = second


def _check_share(share: Share) -> None:
    if share.family not in catalogue():
        raise InputError(f"no family is called {share.family!r}; `tenfold families` lists them")
    if not (math.isfinite(share.weight) and share.weight >= 0):
        raise InputError(f"{share.family}: a weight of {share.weight} makes no sense")
    if share.end_s is not None and share.end_s < share.begin_s:
        raise InputError(f"{share.family}: end_s lies before begin_s")
