"""Reading a scenario file: TOML in, a checked ``Scenario`` out, or one line that says what is wrong and where.

Whoever writes a scenario makes typing mistakes: so unknown keys are refused, with the known ones named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from campaign import detector_file
from campaign.scenario import Scenario, Targets
from contract.errors import InputError
from contract.families import BENIGN, GROUPS, catalogue
from contract.files import read_text
from contract.toml_text import read_toml
from generator import arrivals, curve_shapes, registry
from generator.arrivals import Spec
from generator.curves import integral, scaled
from generator.params import accepted
from generator.trace_file import Trace, read_trace
from generator.workload import MATCHES, Curve, Share, Zone

_MAX_BYTES: Final = 1 << 20
_KEYS: Final[dict[str, tuple[type, ...]]] = {
    "title": (str,),
    "summary": (str,),
    "duration": (float,),
    "multiplier": (list, dict),
    "background": (list, dict),
    "attacks": (dict,),
    "benign": (dict,),
    "seed": (int,),
    "sites": (int,),
    "clients": (int,),
    "ipv6_share": (float,),
    "arrivals": (str, dict),
    "benign_arrivals": (str, dict),
    "match": (str, bool),
    "zones": (dict,),
    "path": (dict,),
    "targets": (dict,),
    "detector": (dict,),
}
_NEEDED: Final = ("title", "summary", "duration", "multiplier")
_ZONE_KEYS: Final = ("sites", "weight", "traffic", "attacks", "benign")
_MOST_ZONES: Final = 64
_SHARE_KEYS: Final = ("weight", "from", "until", "params")
_TARGET_KEYS: Final = ("recall", "groups", "false_alarm_rate", "p99_ms", "on_sight_p99_ms", "within_1ms")
_WORDS: Final = {
    str: "a text",
    float: "a number",
    int: "a whole number",
    list: "a list",
    dict: "a table",
    bool: "true or false",
}
Table = dict[str, Any]


def read(path: Path) -> Scenario:
    """A scenario from a file. Raises ``InputError``."""
    return parse(read_text(path, "scenario file", _MAX_BYTES), path.stem, str(path), path.parent)


def parse(text: str, name: str, where: str, folder: Path | None = None) -> Scenario:
    """A scenario from TOML text; ``where`` names it in errors, ``folder`` holds the traces that it names.

    Raises ``InputError``.
    """
    table = read_toml(text, where)
    _check_plain(table, where)
    _check_keys(table, _KEYS, where)
    for key, value in table.items():
        _check_type(value, _KEYS[key], f"{where}: {key}")
    for key in _NEEDED:
        if key not in table:
            raise InputError(f"{where}: {key} is missing")
    duration = _number(table["duration"], f"{where}: duration", low=1, high=7 * 86_400)
    zones = _zones(table.get("zones", {}), f"{where}: zones", duration)
    scenario = Scenario(
        name=name,
        title=table["title"],
        summary=table["summary"],
        duration_s=duration,
        multiplier=_rates(table["multiplier"], f"{where}: multiplier", 1000, duration, folder),
        background=_rates(table.get("background", [[0, 0]]), f"{where}: background", 100_000, duration, folder),
        attacks=_shares(table.get("attacks", {}), f"{where}: attacks", duration, attack=True),
        benign=_shares(table.get("benign", {}), f"{where}: benign", duration, attack=False),
        seed=table.get("seed", 1),
        sites=table.get("sites", sum(zone.sites for zone in zones) or 120),
        clients=table.get("clients", 4000),
        ipv6_share=_number(table.get("ipv6_share", 0.1), f"{where}: ipv6_share", high=1),
        arrivals=_arrivals(table.get("arrivals", "poisson"), f"{where}: arrivals", folder),
        benign_arrivals=_arrivals(table["benign_arrivals"], f"{where}: benign_arrivals", folder)
        if "benign_arrivals" in table
        else None,
        match=_match(table.get("match", False), f"{where}: match"),
        zones=zones,
        path=table.get("path", {}),
        targets=_targets(table.get("targets", {}), f"{where}: targets"),
        text=text,
    )
    _check_sense(scenario, where)
    if "detector" in table:
        detector_file.parse(table["detector"], where, scenario=True)
    return scenario


def _check_sense(scenario: Scenario, where: str) -> None:
    """What no single key can tell."""
    zones = scenario.zones
    nobody = not scenario.attacks and not all(zone.attacks for zone in zones or (Zone("", 1),))
    if nobody and any(times for _, times in scenario.multiplier):
        raise InputError(f"{where}: attacks: no family is named, yet the multiplier asks for attempts")
    nobody = not scenario.benign and not all(zone.benign for zone in zones or (Zone("", 1),))
    if nobody and any(rate for _, rate in scenario.background):
        raise InputError(f"{where}: benign: no family is named, yet the background asks for conversations")
    try:
        scenario.workload(0)
    except InputError as error:
        raise InputError(f"{where}: {str(error).partition(': ')[2]}") from None


def _check_plain(value: object, where: str) -> None:
    """All travels to the sender as JSON: no dates, and whole numbers of 64 bits, as TOML asks for."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value, 1):
            _check_plain(item, f"{where}: {key}")
    elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise InputError(f"{where}: a whole number of more than 64 bits is refused")
    elif not isinstance(value, str | int | float):
        raise InputError(f"{where}: a date or time is refused; {value} would have to be a text or a number")


def _check_keys(table: Mapping[str, Any], known: Mapping[str, Any] | tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"{where}: unknown key {key!r}; known are {', '.join(known)}")


def _check_type(value: object, wanted: tuple[type, ...], where: str) -> None:
    kinds = (*wanted, int) if float in wanted else wanted
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in wanted):
        raise InputError(f"{where}: must be {' or '.join(_WORDS[kind] for kind in wanted)}, not {value!r}")


def _number(value: object, where: str, *, low: float = 0, high: float = math.inf) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        limits = f"from {low:g} to {high:g}" if high < math.inf else f"of {low:g} or more"
        raise InputError(f"{where}: must be a number {limits}, not {value!r}")
    return float(value)


def _curve(points: list[Any], where: str, high: float) -> Curve:
    if not points:
        raise InputError(f"{where}: needs at least one point [second, value]")
    curve: list[tuple[float, float]] = []
    for number, point in enumerate(points):
        here = f"{where}: point {number + 1}"
        if not isinstance(point, list) or len(point) != 2:
            raise InputError(f"{here}: must be [second, value], not {point!r}")
        second = _number(point[0], f"{here}, second")
        if curve and second < curve[-1][0]:
            raise InputError(f"{here}: second {second:g} lies before that of the point above it")
        curve.append((second, _number(point[1], f"{here}, value", high=high)))
    return tuple(curve)


def _rates(value: list[Any] | Table, where: str, high: float, duration: float, folder: Path | None) -> Curve:
    """A curve given as points, or as a shape by name."""
    if isinstance(value, list):
        return _curve(value, where, high)
    if value.get("shape") == "trace":
        _check_keys(value, ("shape", "file", "mean"), where)
        curve = _trace(value, where, folder).curve()
        if "mean" in value:
            curve = scaled(
                curve, _number(value["mean"], f"{where}: mean", high=high) / integral(curve, duration) * duration
            )
    else:
        curve = curve_shapes.expand(value, duration, where)
    worst = max(rate for _, rate in curve)
    if worst > high:
        raise InputError(f"{where}: reaches {worst:g}, and {high:g} is the most")
    return curve


def _trace(table: Table, where: str, folder: Path | None) -> Trace:
    _check_type(table.get("file"), (str,), f"{where}: file")
    if folder is None:
        raise InputError(f"{where}: file: a trace can only be named in a scenario file")
    return read_trace(folder / table["file"])


def _arrivals(value: Spec, where: str, folder: Path | None) -> Spec:
    if isinstance(value, dict) and value.get("model") == "trace" and "file" in value:
        rest = {key: item for key, item in value.items() if key not in ("file", "model")}
        value = {**_trace(value, where, folder).spec(), **rest}
    arrivals.read(value, where)
    return value


def _match(value: str | bool, where: str) -> str:  # noqa: FBT001 - what TOML has
    word = {True: "shape", False: ""}.get(value, value) if isinstance(value, bool) else value
    if word not in MATCHES:
        raise InputError(f"{where}: must be true, false, 'shape' or 'frames', not {value!r}")
    return str(word)


def _zones(table: Table, where: str, duration: float) -> tuple[Zone, ...]:
    if len(table) > _MOST_ZONES:
        raise InputError(f"{where}: {len(table)} are more than {_MOST_ZONES}")
    zones = []
    for name, row in table.items():
        here = f"{where}.{name}"
        _check_type(row, (dict,), here)
        _check_keys(row, _ZONE_KEYS, here)
        _check_type(row.get("sites"), (int,), f"{here}.sites")
        weight = _number(row.get("weight", row["sites"]), f"{here}.weight")
        mixes = {part: row.get(part, {}) for part in ("attacks", "benign")}
        for part, mix in mixes.items():
            _check_type(mix, (dict,), f"{here}.{part}")
        zones.append(
            Zone(
                name=name,
                sites=row["sites"],
                weight=weight,
                traffic=_number(row.get("traffic", weight), f"{here}.traffic"),
                attacks=_shares(mixes["attacks"], f"{here}.attacks", duration, attack=True),
                benign=_shares(mixes["benign"], f"{here}.benign", duration, attack=False),
            )
        )
    return tuple(zones)


def _shares(table: Table, where: str, duration: float, *, attack: bool) -> tuple[Share, ...]:
    shares = []
    for family, value in table.items():
        here = f"{where}.{family}"
        _check_family(family, here, attack=attack)
        row = value if isinstance(value, dict) else {"weight": value}
        _check_keys(row, _SHARE_KEYS, here)
        begin = _number(row.get("from", 0), f"{here}.from", high=duration)
        until = row.get("until")
        end = None if until is None else _number(until, f"{here}.until", low=begin, high=duration)
        params = row.get("params", {})
        _check_type(params, (dict,), f"{here}.params")
        _check_params(family, params, f"{here}.params")
        weight = _number(row.get("weight", 1), f"{here}.weight")
        shares.append(Share(family=family, weight=weight, params=params, begin_s=begin, end_s=end))
    return tuple(shares)


def _check_params(family: str, params: Table, where: str) -> None:
    known = accepted(family) if params else ()  # reading a family's source takes a while
    for key in params:
        if key not in known:
            raise InputError(f"{where}: {family} knows no {key!r}; it takes {', '.join(known) or 'none'}")


def _check_family(family: str, where: str, *, attack: bool) -> None:
    known = catalogue()
    if family not in known:
        made = ", ".join(name for name in registry.names() if known[name].attack == attack)
        raise InputError(f"{where}: no family is called {family!r}; the generator makes {made}")
    if family not in registry.names():
        raise InputError(f"{where}: the generator does not make {family} yet")
    if known[family].attack != attack:
        raise InputError(f"{where}: {family} is {'ordinary traffic' if attack else 'an attack'}")


def _targets(table: Table, where: str) -> Targets:
    _check_keys(table, _TARGET_KEYS, where)
    groups = table.get("groups", {})
    _check_type(groups, (dict,), f"{where}.groups")
    for group in groups:
        if group not in GROUPS or group == BENIGN:
            raise InputError(f"{where}.groups: no group is called {group!r}; there are {', '.join(GROUPS)}")
    shares: dict[str, Any] = {
        name: _number(table[name], f"{where}.{name}", high=1)
        for name in ("recall", "false_alarm_rate", "within_1ms")
        if name in table
    }
    for name in ("p99_ms", "on_sight_p99_ms"):
        if name in table:
            shares[name] = _number(table[name], f"{where}.{name}")
    rates = {name: _number(value, f"{where}.groups.{name}", high=1) for name, value in groups.items()}
    return Targets(**shares, groups=rates)
