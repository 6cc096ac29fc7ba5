"""The targets of a capacity search: what the scenario asks for, over that a targets file of ``tenfold check``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from campaign.capacity_trial import Limits
from campaign.scenario import Scenario
from contract.errors import InputError
from contract.files import read_text

_MOST_BYTES: Final = 1 << 20


def limits(scenario: Scenario, path: Path | None) -> Limits:
    """What a trial must reach, from a scenario's own targets and a targets file. Raises ``InputError``."""
    own = scenario.targets
    base = Limits().changed(
        p99_ms=own.p99_ms, recall=own.recall, within_1ms=own.within_1ms, false_alarm_rate=own.false_alarm_rate
    )
    return base if path is None else base.changed(**_of_file(path))


def _of_file(path: Path) -> dict[str, float | None]:
    """``slo.recall``, and of ``slo.p99_ms`` the bar at the highest multiplier: a search goes beyond the others."""
    try:
        slo: Any = tomllib.loads(read_text(path, "file of targets", _MOST_BYTES)).get("slo", {})
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not TOML: {error}") from None
    try:
        levels = {float(name.removesuffix("x")): float(bar) for name, bar in slo.get("p99_ms", {}).items()}
        recall = None if slo.get("recall") is None else float(slo["recall"])
    except (TypeError, ValueError, AttributeError):
        raise InputError(f"{path}: slo: p99_ms holds multiplier = milliseconds, recall is a share") from None
    return {"recall": recall, "p99_ms": levels[max(levels)] if levels else None}
