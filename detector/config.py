"""How a detector is set up. The defaults suit a capture and a live stream alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from contract.alert import Alert
from contract.errors import InputError
from detector.live_settings import Live
from detector.meter import DEFAULT_CAPACITY
from detector.policy import Policy
from detector.shards import MOST
from detector.tunnels import levels_of
from detector.windows_state import PLACES

NS: Final = 1_000_000_000


@dataclass(frozen=True)
class Config:
    """Settings of a ``detector.pipeline.Detector``. Times are those of the traffic.

    tick_ns: how often what changed is classified; ticks begin at multiples of it since the epoch
    late_ns: how much older than the newest frame before it a frame may be and still count at its own time
    tick_frames: a tick ends early after so many frames, whatever their timestamps say
    capacity, idle_s, active_s, tunnels: the meter's
    hosts: whose recent behaviour is kept at once (``detector.observer.places_of``)
    first_alert_id, earlier: numbers of alerts go on from there; alerts of an earlier detector that may go on themselves
    sweep_s: how often flows expire and incidents close, at multiples of it since the epoch
    sure: score from which a flow is called an attack at once, without others that add to its evidence
    shards: so many threads share the work; no answer depends on them while no shard's table is full (docs/engine.md)
    processes: meter in so many processes instead
    names: under which the service that starts the detector answers; nothing here uses them
    seed: of hashes; give a secret one where traffic may be hostile to them, a fixed one gives the same answer again
    """

    tick_ns: int = 50_000_000
    tick_frames: int = 1 << 16
    late_ns: int = 10_000_000
    capacity: int = DEFAULT_CAPACITY
    idle_s: float = 60.0
    active_s: float = 1800.0
    tunnels: str = "outer"
    hosts: int = PLACES[0]
    sweep_s: float = 1.0
    policy: Policy = field(default_factory=Policy)
    first_alert_id: int = 1
    earlier: tuple[Alert, ...] = ()
    sure: float = 0.995
    seed: int = 0
    shards: int = 1
    processes: bool = False
    live: Live = field(default_factory=Live)
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if min(self.tick_ns, self.tick_frames, self.capacity, self.hosts) <= 0:
            raise InputError("tick_ns, tick_frames, capacity and hosts must be positive")
        if self.late_ns < 0:
            raise InputError("late_ns must not be negative")
        if not 1 <= self.shards <= MOST:
            raise InputError(f"shards: {self.shards} is not 1 to {MOST}")
        levels_of(self.tunnels)
