"""What a campaign would be, before it is started: the curve of its rates, and how much that adds up to."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from campaign.scenario import Overrides, Scenario
from generator.curves import integral, rate_at
from generator.workload import TOKYO_RATE

MOST_POINTS: Final = 2000


def preview(scenario: Scenario, overrides: Overrides, points: int = 240) -> dict[str, Any]:
    """The rates over time of a scenario with overrides, at ``points`` moments from its start to its end.

    Rates are per second; ``multiplier`` is attempts in multiples of 815. Raises ``InputError`` as starting it would.
    """
    changed = overrides.apply(scenario)
    workload = changed.workload(0)
    seconds = np.linspace(0.0, changed.duration_s, points)
    attempts = np.array([rate_at(workload.curve, float(second)) for second in seconds])
    ordinary = np.array([rate_at(workload.benign_curve, float(second)) for second in seconds])
    attacks, benign = workload.dealt()
    return {
        "scenario": changed.name,
        "title": changed.title,
        "overrides": overrides.as_dict(),
        "duration_s": changed.duration_s,
        "sites": changed.sites,
        "seed": changed.seed,
        "t": np.round(seconds, 3).tolist(),
        "attempts_per_s": np.round(attempts, 3).tolist(),
        "ordinary_per_s": np.round(ordinary, 3).tolist(),
        "multiplier": np.round(attempts / TOKYO_RATE, 4).tolist(),
        "attempts": round(integral(workload.curve, workload.duration_s)) if attacks else 0,
        "ordinary": round(integral(workload.benign_curve, workload.duration_s)) if benign else 0,
        "peak_multiplier": round(float(attempts.max()) / TOKYO_RATE, 4) if attacks else 0.0,
        "families": _shares(attacks),
        "zones": [zone.name for zone in changed.zones],
    }


def _shares(shares: Any) -> dict[str, float]:  # noqa: ANN401 - the generator's shares
    """Each attack family's part of the weights, whenever it comes; the largest first."""
    weights: dict[str, float] = {}
    for share in shares:
        weights[share.family] = weights.get(share.family, 0.0) + share.weight
    whole = sum(weights.values()) or 1.0
    return {name: round(part / whole, 5) for name, part in sorted(weights.items(), key=lambda row: (-row[1], row[0]))}
