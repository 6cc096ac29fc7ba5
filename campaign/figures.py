"""The figures of one moment of a run, as the live view, the timeline and the page show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figures:
    """One moment of a run. Rates are per second since the moment before; ``t`` counts from second 0 of the plan.

    ``detected`` are flows that were first called an attack; ``lost`` what the ledgers dropped, by stage and reason;
    ``backlog`` frames sent and not yet metered; latencies are those of ``campaign.latency``'s ``total``, lately.
    """

    t: float = 0.0
    phase: str = "starting"
    multiplier: float = 0.0
    planned_per_s: float = 0.0
    sent_per_s: float = 0.0
    frames_per_s: float = 0.0
    detected_per_s: float = 0.0
    attempts: int = 0
    frames: int = 0
    detected: int = 0
    alerts: int = 0
    open_alerts: int = 0
    families: dict[str, int] = field(default_factory=dict)
    p50_ms: float | None = None
    p99_ms: float | None = None
    within_1ms: float | None = None
    lateness_p99_us: float | None = None
    backlog: int = 0
    lost: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


Watcher = Callable[[Figures], None]
