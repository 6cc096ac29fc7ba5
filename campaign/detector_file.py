"""What a user says of the detector under test: ``--mapping`` or ``--detector`` FILE, or a scenario's ``[detector]``.

::

    [detector]
    name = "suricata"                # in the report
    format = "eve"                   # tenfold judge --help lists them
    alerts = "/var/log/suricata/eve.json"   # or "unix:/run/eve.sock", live; a folder; a list
    time_zone = "Europe/Paris"       # of stamps without an offset; UTC if not given
    tolerance = 1.0                  # seconds by which a stamp may miss its flow
    window = 60.0                    # seconds before an alert that its scope reaches
    clock_offset = 0.0               # seconds that its clock is ahead, or "auto"
    community_id_seed = 0
    damaged = "refuse"               # or "skip": count and name lines that cannot be read
    settle = 5.0                     # live: seconds without a new line after which it is done
    startup = 60.0                   # live: seconds that the command may take until it listens
    command = ["suricata", "-i", "{interface}", "-l", "{folder}"]   # live: started for the run; not in a scenario

    [detector.fields]                # of csv and ndjson: campaign.generic_fields
    [[rule]]                         # campaign.family_map
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from campaign import adapters
from campaign.alert_record import ReadSettings
from campaign.alert_socket import beside
from campaign.alert_times import Stamps, zone_of
from campaign.family_map import WINDOW_S, FamilyMap, family_map
from contract.errors import InputError
from contract.files import read_text
from contract.toml_text import read_toml

AUTO: Final = "auto"
_LARGEST: Final = 1 << 20
_NAME_LENGTH: Final = 60
KNOWN: Final = {"suricata": "eve", "zeek": "zeek", "snort": "snort-json", "snort-fast": "snort-fast", "ocsf": "ocsf"}
_KEYS: Final[dict[str, tuple[type, ...]]] = {
    "name": (str,),
    "format": (str,),
    "alerts": (str, list),
    "time_zone": (str,),
    "tolerance": (int, float),
    "window": (int, float),
    "clock_offset": (int, float, str),
    "community_id_seed": (int,),
    "damaged": (str,),
    "settle": (int, float),
    "startup": (int, float),
    "command": (list,),
    "fields": (dict,),
    "rule": (list,),
}


@dataclass(frozen=True)
class Detector:
    """One detector under test. ``clock_offset_s`` is None where it shall be estimated and taken off."""

    name: str = ""
    format: str = ""
    alerts: tuple[Path, ...] = ()
    time_zone: str = "UTC"
    tolerance_s: float = 1.0
    window_s: float = WINDOW_S
    clock_offset_s: float | None = 0.0
    community_id_seed: int = 0
    damaged: str = "refuse"
    settle_s: float = 5.0
    startup_s: float = 60.0
    command: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    rules: tuple[Mapping[str, Any], ...] = ()

    def reading(self, near: tuple[int, int] | None) -> ReadSettings:
        """How its files are read, given when the traffic was."""
        return ReadSettings(Stamps(zone_of(self.time_zone), near), "", self.fields)

    def families(self) -> FamilyMap:
        """What its alerts mean."""
        return family_map(self.rules, f"the mapping of {self.name}", self.window_s)

    def check(self) -> Detector:
        """Itself. Raises ``InputError`` where it cannot be used, before anything is read or started."""
        adapters.adapter(self.format).reader(self.reading(None))
        self.families()
        return self


def read_detector(path: Path, base: Detector | None = None) -> Detector:
    """A detector as a TOML file describes it, over ``base``. Raises ``InputError`` that names file and key."""
    document = read_toml(read_text(path, "detector file", _LARGEST), str(path))
    unknown = sorted(set(document) - {"detector", "rule"})
    if unknown:
        raise InputError(f"{path}: {unknown[0]!r} is none of its tables; there are [detector] and [[rule]]")
    table = document.get("detector", {})
    found = parse(table, str(path), base)
    rules = document.get("rule", [])
    if not isinstance(rules, list):
        raise InputError(f"{path}: rule: a list of tables is needed: [[rule]]")
    folder = path.absolute().parent
    alerts = tuple(beside(folder, one) for one in found.alerts) if "alerts" in table else found.alerts
    return replace(found, rules=(*rules, *found.rules), alerts=alerts)


def parse(table: object, where: str, base: Detector | None = None, *, scenario: bool = False) -> Detector:
    """A ``[detector]`` table over ``base``. A scenario's may not start a program. Raises ``InputError``."""
    if not isinstance(table, Mapping):
        raise InputError(f"{where}: detector: a table is needed")
    for key, value in table.items():
        kinds = _KEYS.get(key)
        if kinds is None:
            raise InputError(f"{where}: detector: no key is called {key!r}; there are {', '.join(_KEYS)}")
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise InputError(f"{where}: detector: {key} is of the wrong kind")
    if scenario and "command" in table:
        raise InputError(f"{where}: detector: a scenario starts no program: command goes into the file of --detector")
    base = base or Detector()
    changes: dict[str, Any] = {key: table[key] for key in ("name", "format", "time_zone", "fields") if key in table}
    if "alerts" in table:
        given = table["alerts"] if isinstance(table["alerts"], list) else [table["alerts"]]
        changes["alerts"] = tuple(Path(_text(one, f"{where}: detector: alerts")) for one in given)
    for key, limit in (("tolerance", 3600.0), ("window", 86_400.0), ("settle", 3600.0), ("startup", 3600.0)):
        if key in table:
            changes[f"{key}_s"] = _seconds(table[key], limit, f"{where}: detector: {key}")
    if "clock_offset" in table:
        changes["clock_offset_s"] = offset(table["clock_offset"], f"{where}: detector: clock_offset")
    if "community_id_seed" in table:
        changes["community_id_seed"] = _seed(table["community_id_seed"], where)
    if "damaged" in table:
        changes["damaged"] = damaged(table["damaged"], f"{where}: detector: damaged")
    if "command" in table:
        changes["command"] = tuple(_text(one, f"{where}: detector: command") for one in table["command"])
    if "rule" in table:
        changes["rules"] = (*table["rule"], *base.rules)
    return _named(replace(base, **changes), where)


def _named(found: Detector, where: str) -> Detector:
    if not (found.name and found.format):
        found = replace(found, name=found.name or found.format, format=found.format or KNOWN.get(found.name, ""))
    if found.name and (len(found.name) > _NAME_LENGTH or not found.name.isprintable() or "/" in found.name):
        raise InputError(f"{where}: {found.name!r} is no name for a detector: at most 60 characters, no slash")
    if found.format:
        adapters.adapter(found.format)
    zone_of(found.time_zone)
    return found


def offset(value: object, where: str) -> float | None:
    """Seconds that a clock is ahead; None for ``auto``. Raises ``InputError``."""
    if value == AUTO:
        return None
    try:
        seconds = float(value)  # type: ignore[arg-type] # what is no number raises
    except (TypeError, ValueError):
        seconds = float("nan")
    if not abs(seconds) <= 100 * 365 * 86_400:
        raise InputError(f"{where}: {value!r}: seconds are needed, or {AUTO}")
    return seconds


def damaged(value: str, where: str) -> str:
    """``refuse`` or ``skip``. Raises ``InputError`` for another word."""
    if value not in ("refuse", "skip"):
        raise InputError(f"{where}: {value!r}: there are refuse and skip")
    return value


def _seconds(value: float, limit: float, where: str) -> float:
    if not 0 <= value <= limit:
        raise InputError(f"{where}: {value!r}: seconds from 0 to {limit:g} are needed")
    return float(value)


def _seed(value: int, where: str) -> int:
    if not 0 <= value <= 65_535:
        raise InputError(f"{where}: detector: community_id_seed: a number from 0 to 65535 is needed")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise InputError(f"{where}: a text is needed, or a list of them")
    return value
