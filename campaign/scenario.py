"""Scenarios: which families, at which rate over time, against how many sites, for how long.

A scenario is a TOML file in ``scenarios/``: its name is the file's. ``campaign.scenario_file`` reads and checks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from campaign.zones import find, with_sites
from contract.errors import InputError
from contract.families import group_of
from generator.arrivals import Spec
from generator.curves import scaled
from generator.workload import TOKYO_RATE, Curve, Share, Workload, Zone

FOLDER: Final = Path(__file__).parent.parent / "scenarios"


@dataclass(frozen=True)
class Targets:
    """What a run of the scenario must reach. ``None`` asks for nothing.

    ``recall`` and ``groups`` are shares of attempts detected, ``false_alarm_rate`` of ordinary flows called an attack,
    ``within_1ms`` of frames that left within 1 ms of plan, ``p99_ms`` the latency from the intended time,
    ``on_sight_p99_ms`` likewise of the families that can be known on sight (``contract.on_sight``).
    """

    recall: float | None = None
    groups: Mapping[str, float] = field(default_factory=dict)
    false_alarm_rate: float | None = None
    p99_ms: float | None = None
    on_sight_p99_ms: float | None = None
    within_1ms: float = 0.999


@dataclass(frozen=True)
class Scenario:
    """One scenario. ``multiplier`` is a curve of (second, times 815/s), ``background`` of (second, conversations/s)."""

    name: str
    title: str
    summary: str
    duration_s: float
    multiplier: Curve
    background: Curve
    attacks: tuple[Share, ...]
    benign: tuple[Share, ...]
    seed: int = 1
    sites: int = 120
    clients: int = 4000
    ipv6_share: float = 0.1
    arrivals: Spec = "poisson"
    benign_arrivals: Spec | None = None
    match: str = ""
    zones: tuple[Zone, ...] = ()
    path: Mapping[str, float] = field(default_factory=dict)
    targets: Targets = field(default_factory=Targets)
    text: str = ""
    warm_up_s: float = 0.0  # attempts that are due before then are sent, and not judged

    def workload(self, start_ns: int) -> Workload:
        """What the generator is asked for. Raises ``InputError`` where a value makes no sense."""
        try:
            return Workload(
                seed=self.seed,
                start_ns=start_ns,
                duration_s=self.duration_s,
                curve=tuple((second, times * TOKYO_RATE) for second, times in self.multiplier),
                arrivals=self.arrivals,
                benign_arrivals=self.benign_arrivals,
                match=self.match,
                attacks=self.attacks,
                benign=self.benign,
                benign_curve=self.background,
                sites=self.sites,
                clients=self.clients,
                ipv6_share=self.ipv6_share,
                zones=self.zones,
                path=self.path,
            )
        except InputError as error:
            raise InputError(f"scenario {self.name}: {error}") from None

    def families(self) -> list[str]:
        """Every family that occurs, attacks first."""
        zones = self.zones
        attacks = [*self.attacks, *(share for zone in zones for share in zone.attacks)]
        benign = [*self.benign, *(share for zone in zones for share in zone.benign)]
        return list(dict.fromkeys(share.family for share in (*attacks, *benign)))

    def as_dict(self) -> dict[str, Any]:
        """The scenario as a JSON object."""
        return {
            "name": self.name,
            "title": self.title,
            "summary": self.summary,
            "duration_s": self.duration_s,
            "curve": [list(point) for point in self.multiplier],
            "background": [list(point) for point in self.background],
            "attacks": {share.family: share.weight for share in self.attacks},
            "benign": {share.family: share.weight for share in self.benign},
            "families": self.families(),
            "sites": self.sites,
            "clients": self.clients,
            "seed": self.seed,
            "arrivals": _named(self.arrivals),
            "match": self.match,
            "zones": {
                zone.name: {"sites": zone.sites, "weight": zone.weight, "traffic": zone.traffic} for zone in self.zones
            },
        }


@dataclass(frozen=True)
class Overrides:
    """What a user changes of a scenario. ``mix`` gives attack families new weights and leaves out all others.

    ``multiplier`` holds that rate throughout; ``duration_s`` stretches or shortens the curves with it. ``sites`` are
    dealt out to the zones in proportion. ``zone`` leaves only what is aimed at one zone, at its part of the rates.
    ``arrivals`` names the arrival model of attempts and of ordinary traffic. What is due in the first ``warm_up_s``
    seconds is sent, and not judged.
    """

    multiplier: float | None = None
    duration_s: float | None = None
    seed: int | None = None
    sites: int | None = None
    mix: Mapping[str, float] | None = None
    zone: str | None = None
    arrivals: str | None = None
    warm_up_s: float | None = None

    def apply(self, scenario: Scenario) -> Scenario:
        """The changed scenario. Raises ``InputError`` where a value makes no sense."""
        if self.duration_s is not None:
            scenario = _stretched(scenario, self.duration_s)
        if self.multiplier is not None:
            if not 0 <= self.multiplier <= 1000:
                raise InputError(f"a multiplier of {self.multiplier:g} is not between 0 and 1000")
            scenario = replace(scenario, multiplier=((0.0, self.multiplier),))
        if self.seed is not None:
            scenario = replace(scenario, seed=self.seed)
        if self.sites is not None:
            scenario = replace(scenario, sites=self.sites, zones=with_sites(scenario.zones, self.sites))
        if self.mix is not None:
            zones = tuple(replace(zone, attacks=()) for zone in scenario.zones)
            scenario = replace(scenario, attacks=_mixed(scenario, self.mix), zones=zones)
        if self.arrivals is not None:
            scenario = replace(scenario, arrivals=self.arrivals, benign_arrivals=None)
        if self.zone is not None:
            scenario = _restricted(scenario, self.zone)
        if self.warm_up_s is not None:
            if not 0 <= self.warm_up_s < scenario.duration_s:
                raise InputError(f"a warm-up of {self.warm_up_s:g} s leaves nothing of {scenario.duration_s:g} s")
            scenario = replace(scenario, warm_up_s=self.warm_up_s)
        scenario.workload(0)
        return scenario

    def as_dict(self) -> dict[str, Any]:
        """Those that are set."""
        values = {
            "multiplier": self.multiplier,
            "duration_s": self.duration_s,
            "seed": self.seed,
            "sites": self.sites,
            "mix": dict(self.mix) if self.mix is not None else None,
            "zone": self.zone,
            "arrivals": self.arrivals,
            "warm_up_s": self.warm_up_s,
        }
        return {name: value for name, value in values.items() if value is not None}


def _stretched(scenario: Scenario, duration_s: float) -> Scenario:
    if not 1 <= duration_s <= 7 * 86_400:
        raise InputError(f"a duration of {duration_s:g} s is not between 1 s and 7 days")
    factor = duration_s / scenario.duration_s

    def share(old: Share) -> Share:
        end = None if old.end_s is None else old.end_s * factor
        return replace(old, begin_s=old.begin_s * factor, end_s=end)

    def curve(old: Curve) -> Curve:
        return tuple((second * factor, value) for second, value in old)

    return replace(
        scenario,
        duration_s=duration_s,
        multiplier=curve(scenario.multiplier),
        background=curve(scenario.background),
        attacks=tuple(map(share, scenario.attacks)),
        benign=tuple(map(share, scenario.benign)),
        zones=tuple(
            replace(zone, attacks=tuple(map(share, zone.attacks)), benign=tuple(map(share, zone.benign)))
            for zone in scenario.zones
        ),
    )


def _restricted(scenario: Scenario, name: str) -> Scenario:
    zone = find(scenario.zones, name)
    weight, traffic = (sum(getattr(each, part) for each in scenario.zones) for part in ("weight", "traffic"))
    return replace(
        scenario,
        sites=zone.sites,
        multiplier=scaled(scenario.multiplier, zone.weight / weight if weight else 0.0),
        background=scaled(scenario.background, zone.traffic / traffic if traffic else 0.0),
        zones=(replace(zone, weight=1.0, traffic=1.0),),
    )


def _named(spec: Spec) -> str:
    return spec if isinstance(spec, str) else str(spec.get("model"))


def _mixed(scenario: Scenario, mix: Mapping[str, float]) -> tuple[Share, ...]:
    known = {share.family: share for share in scenario.attacks}
    for family in mix:
        if group_of(family) == "benign":
            raise InputError(f"mix: {family} is ordinary traffic; the mix is of attacks")
    return tuple(replace(known.get(name, Share(name)), weight=weight) for name, weight in mix.items())


def parse_mix(text: str | None) -> dict[str, float] | None:
    """``syn_flood=3,port_scan=1`` as a mapping, None for None. Raises ``InputError`` where it is something else."""
    if text is None:
        return None
    mix = {}
    for part in text.split(","):
        name, equals, weight = part.partition("=")
        try:
            mix[name.strip()] = float(weight) if equals else 1.0
        except ValueError:
            raise InputError(f"mix: {part.strip()!r} is not of the form family=weight") from None
    return mix


def names() -> list[str]:
    """The scenarios that ship."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name_or_path: str) -> Scenario:
    """A scenario by name, or from a file (what ends in ``.toml`` or has a slash). Raises ``InputError``."""
    from campaign.scenario_file import read

    if name_or_path.endswith(".toml") or "/" in name_or_path:
        return read(Path(name_or_path))
    if name_or_path not in names():
        raise InputError(f"no scenario is called {name_or_path!r}; there are {', '.join(names())}")
    return read(FOLDER / f"{name_or_path}.toml")
