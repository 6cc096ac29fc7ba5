"""The targets of a capacity search: what the scenario asks for, over that a targets file of ``tenfold check``."""

from __future__ import annotations

from pathlib import Path

from campaign.capacity_trial import Limits
from campaign.gate.targets import read
from campaign.scenario import Scenario


def limits(scenario: Scenario, path: Path | None) -> Limits:
    """What a trial must reach, from a scenario's own targets and a targets file. Raises ``InputError``."""
    own = scenario.targets
    base = Limits().changed(
        p99_ms=own.p99_ms, recall=own.recall, within_1ms=own.within_1ms, false_alarm_rate=own.false_alarm_rate
    )
    return base if path is None else base.changed(**_of_file(path))


def _of_file(path: Path) -> dict[str, float | None]:
    """``slo.recall``, and of ``slo.p99_ms`` the bar at the highest multiplier: a search goes beyond the others."""
    targets = read(path)
    levels = targets.slo_levels
    return {"recall": targets.table["slo"].get("recall"), "p99_ms": levels[max(levels)] if levels else None}
