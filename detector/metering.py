"""A capture through the meter alone: flows with all their facts, nothing classified."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.ledger import Ledger
from contract.schemas import ENDED
from detector.bare import BareMeter
from detector.bare_facts import bare_facts
from detector.capture.opening import open_capture
from detector.flow_facts import facts_of_flows
from detector.meter import DEFAULT_CAPACITY, Meter, Slots

AnyMeter = Meter | BareMeter
Rows = Callable[[Any, Slots], pa.RecordBatch]  # the first one is the meter
_ROWS: Final = 65_536
_LATE_NS: Final = 10_000_000_000  # frames later than the newest one by less still find their flow
_PROTOCOLS: Final = {1: "icmp", 6: "tcp", 17: "udp", 47: "gre", 58: "icmpv6", 132: "sctp", 0x0806: "arp"}


@dataclass
class Metered:
    """What became of a capture."""

    flows: int = 0
    seconds: float = 0.0  # wall time
    traffic_seconds: float = 0.0  # from the earliest frame to the latest one
    protocols: dict[str, Counter[str]] = field(default_factory=dict)  # name -> flows, packets, bytes
    ended: Counter[str] = field(default_factory=Counter)
    ledger: Ledger = field(default_factory=Ledger)
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def frames(self) -> int:
        """How many frames the capture has."""
        return self.ledger.stages["decode"].offered


def meter_capture(
    path: Path,
    told: Callable[[pa.RecordBatch], None] | None = None,
    *,
    capacity: int = DEFAULT_CAPACITY,
    idle_s: float = 60.0,
    active_s: float = 1800.0,
    tunnels: str = "outer",
    rows: Rows | None = None,
    bare: bool = False,
) -> Metered:
    """Meter a capture; ``told`` gets the facts of flows as they end, as batches of ``FLOW_FACTS``.

    ``rows`` makes other batches of the flows that ended: of a meter and some slots, such as ``Meter.export``.
    ``bare`` counts packets and bytes and takes times, nothing else, with the bare meter: batches are of ``BARE_FACTS``,
    and tunnels are metered as they are.

    Memory is bounded by ``capacity`` live flows and one batch of frames. Without ``told`` the facts are not computed.
    Raises ``InputError`` where the file is missing or no capture.
    """
    meter: AnyMeter
    made: Rows = bare_facts if bare else rows or _facts
    meter = BareMeter(capacity, idle_s, active_s) if bare else Meter(capacity, idle_s, active_s, tunnels=tunnels)
    tell = (lambda part: told(made(meter, part))) if told else None
    source, found = open_capture(path), Metered()
    decode, metered = found.ledger.stage("decode"), found.ledger.stage("meter")
    step = max((len(meter.table.flows) - capacity) // 2, 1)  # a frame may end two flows: its own, and one evicted
    times = [np.iinfo(np.int64).max, np.iinfo(np.int64).min]
    began = 0.0
    for batch in source.batches():
        began = began or _warm(batch, type(meter))
        for low in range(0, batch.num_rows, step):
            high = min(low + step, batch.num_rows)
            dropped = meter.update(batch, low, high)
            decode.offered += high - low
            decode.dropped.update(dropped)
            _hand_out(meter, meter.expire(meter.counts()["last_ts"] - _LATE_NS), found, times, tell)
            _close_tick(meter)
    _hand_out(meter, meter.finish(), found, times, tell)
    found.seconds = time.perf_counter() - began if began else 0.0
    decode.delivered = decode.offered - sum(decode.dropped.values())
    metered.offered = decode.delivered
    metered.delivered = sum(row["packets"] for row in found.protocols.values())
    found.traffic_seconds = max(times[1] - times[0], 0) / 1e9 if found.flows else 0.0
    stages = {"capture": source.ledger_stage, **found.ledger.stages}
    found.ledger.stages = stages
    found.ledger.link("capture", "decode")
    found.ledger.link("decode", "meter")
    found.counts, found.notes = meter.counts(), list(source.notes)
    return found


def _facts(meter: Meter, slots: Slots) -> pa.RecordBatch:
    return facts_of_flows(meter.table, slots)


def _close_tick(meter: AnyMeter) -> None:
    if isinstance(meter, Meter):
        meter.clear_dirty()


def _warm(batch: pa.RecordBatch, kind: type[AnyMeter]) -> float:
    """Compile the kernels, or load them, on a meter that is thrown away; the time at which that was done."""
    meter = kind(1)
    meter.update(batch, 0, min(batch.num_rows, 1))
    meter.expire(0)
    _close_tick(meter)
    meter.release(meter.finish())
    return time.perf_counter()


def _hand_out(
    meter: AnyMeter, slots: Slots, found: Metered, times: list[int], tell: Callable[[Slots], None] | None
) -> None:
    """Count, tell and release what ended."""
    for low in range(0, len(slots), _ROWS):
        part = slots[low : low + _ROWS]
        flows = meter.table.flows.take(part)
        _sum_up(flows, found, times)
        if tell:
            tell(part)
        meter.release(part)


def _sum_up(flows: npt.NDArray[Any], found: Metered, times: list[int]) -> None:
    times[:] = min(times[0], int(flows["first"].min())), max(times[1], int(flows["last"].max()))
    found.flows += len(flows)
    reasons, counts = np.unique(flows["ended"], return_counts=True)
    found.ended.update({ENDED[reason]: int(count) for reason, count in zip(reasons, counts, strict=True)})
    for number in np.unique(flows["protocol"]):
        mine = flows[flows["protocol"] == number]
        sums = found.protocols.setdefault(_PROTOCOLS.get(int(number), f"ip {number}"), Counter())
        sums["flows"] += len(mine)
        sums["packets"] += int(mine["packets"].sum())
        sums["bytes"] += int(mine["bytes"].sum())
