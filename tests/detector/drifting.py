"""Made-up networks for tests of drift: looks around a mean of their own."""

from __future__ import annotations

import numpy as np

from detector.drift_reference import Network
from detector.features import WIDTH

IMPORTANCES = np.linspace(1.0, 0.0, WIDTH)


def network(name: str, mean: float, rows: int = 400, kind: str = "capture", group: str = "") -> Network:
    rng = np.random.default_rng([rows, *name.encode()])
    return Network(name, group or name, kind, rng.normal(mean, 1.0, (rows, WIDTH)).astype(np.float32))


def networks() -> list[Network]:
    """Twelve whose means lie between 0 and 1, so that each has a near one of another origin."""
    return [network(f"n{at}", at / 11) for at in range(12)]
