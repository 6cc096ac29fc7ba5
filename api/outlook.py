"""What a run is measured against: the targets of its scenario, and how far its traffic is from that of training."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from api.facts import RunFacts, read_json

Json = dict[str, Any]
_TARGETS: Final = ("p99_ms", "recall", "false_alarm_rate", "within_1ms")
_DRIFT: Final = ("state", "text", "differs", "distance", "threshold", "nearest")
_MAX_TEXT: Final = 1 << 20


def targets(facts: RunFacts) -> Json:
    """What the scenario of a run wants reached, as far as it says; a scenario may want nothing."""
    wanted = _toml(facts.folder / "scenario.toml").get("targets")
    if not isinstance(wanted, dict):
        return {}
    return {name: wanted[name] for name in _TARGETS if isinstance(wanted.get(name), int | float)}


def drift(facts: RunFacts, card: Json | None) -> Json | None:
    """How usual the detector finds the traffic, in its own words; None where it has not looked yet."""
    found = (card or {}).get("drift") or (read_json(facts.folder / "detector.status.json") or {}).get("drift")
    if not isinstance(found, dict) or not found.get("state"):
        return None
    return {name: found[name] for name in _DRIFT if name in found}


def _toml(path: Path) -> Json:
    try:
        if path.stat().st_size > _MAX_TEXT:
            return {}
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
