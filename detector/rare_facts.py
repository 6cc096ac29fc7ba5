"""Facts that few flows have: ICMP errors that quote them, periods of activity and silence, and who ends the silence."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from contract.jit import lean_kernel
from detector.packet import Int, Record
from detector.side_rows import SideRows, take_row

IDLE_NS: Final = 5_000_000_000  # a flow silent for longer than this was idle (the figure that CICFlowMeter uses)
ACTIVE_PERIOD: Final = 0
IDLE_PERIOD: Final = 1

# Classes of ICMP errors (RFC 792, RFC 4443), from 1 on; index into ``icmp_errors`` is one less.
ERROR_NAMES: Final = ("unreachable", "time_exceeded", "too_big", "parameter_problem", "redirect", "source_quench")
UNREACHABLE: Final = 1
TIME_EXCEEDED: Final = 2
TOO_BIG: Final = 3
PARAMETER_PROBLEM: Final = 4
REDIRECT: Final = 5
SOURCE_QUENCH: Final = 6

_FIELDS: Final[list[tuple[Any, ...]]] = [
    ("active_since", "i8"),  # ns: when the present active period began; 0 before the first idle one
    # finished periods, [ACTIVE_PERIOD] and [IDLE_PERIOD]: Welford's mean and sum of squared distances, in seconds
    ("period_mean", "f8", (2,)),
    ("period_m2", "f8", (2,)),
    ("period_min", "f4", (2,)),
    ("period_max", "f4", (2,)),
    ("period_count", "u4", (2,)),
    ("icmp_errors", "u4", (6,)),  # errors of others that quote a packet of this flow, by ``ERROR_NAMES``
    # exchanges: what is said from one silence of a second to the next, by the side that spoke first (TCP)
    ("exchanged", "u8", (4,)),  # payload of finished exchanges: [twice who began, and who said it]
    ("marked", "u8", (2,)),  # payload of each side as the present exchange began
    ("resumed", "u4", (2,)),  # how often each side spoke first
    ("begun", "u8"),  # who began the present one: 0 nobody yet, 1 starter, 2 other
]
RARE: Final = np.dtype(_FIELDS, align=True)


@lean_kernel
def note_idle(side: SideRows, slot: Int, first: Int, last: Int, now: Int) -> None:
    """The flow in ``slot``, begun at ``first``, was silent from ``last`` to ``now``: two periods have ended."""
    rare = side.rows[take_row(side, slot)]
    began = first if rare["period_count"][IDLE_PERIOD] == 0 else rare["active_since"]
    _add(rare, ACTIVE_PERIOD, (last - began) * 1e-9)
    _add(rare, IDLE_PERIOD, (now - last) * 1e-9)
    rare["active_since"] = now


@lean_kernel
def _add(rare: Record, kind: Int, seconds: float) -> None:
    short = np.float32(seconds)
    before = rare["period_count"][kind]
    away = seconds - rare["period_mean"][kind]
    mean = rare["period_mean"][kind] + away / (before + 1.0)
    rare["period_mean"][kind] = mean
    rare["period_m2"][kind] += away * (seconds - mean)
    if before == 0 or short < rare["period_min"][kind]:
        rare["period_min"][kind] = short
    rare["period_max"][kind] = max(rare["period_max"][kind], short)
    rare["period_count"][kind] = before + np.uint32(1)


@lean_kernel
def note_resumed(side: SideRows, slot: Int, flow: Record, sender: Int) -> None:
    """After a silence ``sender`` speaks first: another exchange begins. ``flow`` has not counted the message yet."""
    rare = side.rows[take_row(side, slot)]
    begun: Int = np.int64(rare["begun"])
    for who in range(2):
        if 0 < begun < 3:
            rare["exchanged"][2 * (begun - 1) + who] += flow["payload"][who] - rare["marked"][who]
        rare["marked"][who] = flow["payload"][who]
    rare["resumed"][sender] += np.uint32(1)
    rare["begun"] = np.uint64(sender + 1)


@lean_kernel
def note_error(side: SideRows, slot: Int, kind: Int) -> None:
    """An ICMP error of that class (from 1 on) quotes the flow in ``slot``."""
    side.rows[take_row(side, slot)]["icmp_errors"][kind - 1] += np.uint32(1)
