"""Which flows the classifier looks at in a tick: the new, the grown, the closed, and each new one again a second later.

A flood's first frame says little; a second later the windows know. So every new flow stands in a queue for a second
look, whether or not anything more comes of it; but not where its source or destination began so many flows lately
that their surroundings are known already. Under a flood that halves the work.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import kernel
from detector.flowtable import LIVE, FlowTable
from detector.windows_events import STARTS, Flow
from detector.windows_state import DST, KINDS, SRC, Windows, find, keys_of

SECOND_LOOK_NS: Final = 1_000_000_000
AGAIN_NS: Final = 1_000_000_000  # a flow that keeps changing is looked at once a second
SETTLE_NS: Final = 200_000_000  # and not sooner than this after the last look, unless it closed
KNOWN: Final = 100.0  # flows begun in the 10 s window that make a host known
_CLOSING: Final = 8 | 16 | 32 | 64  # bits of tcp_state

HEAD: Final = 0
TAIL: Final = 1
SKIPPED: Final = 2  # second looks not queued because the queue was full
LOOKS: Final = 3


class Due(NamedTuple):
    """When each slot was last looked at, and the queue of second looks (a ring)."""

    flow_id: npt.NDArray[np.uint64]  # (n,) whose look it was
    looked: npt.NDArray[np.int64]  # (n,) ns
    packets: npt.NDArray[np.uint64]  # (n,) of both directions at that look
    tcp_state: npt.NDArray[np.uint8]  # (n,)
    queue_slot: npt.NDArray[np.int32]  # (q,)
    queue_flow: npt.NDArray[np.uint64]  # (q,)
    queue_time: npt.NDArray[np.int64]  # (q,) ns at which it is due
    counters: npt.NDArray[np.int64]


def new_due(table: FlowTable, queue: int = 1 << 17) -> Due:
    """For a flow table. ``queue`` bounds the second looks that wait."""
    n = len(table.flows)
    return Due(
        np.zeros(n, np.uint64),
        np.zeros(n, np.int64),
        np.zeros(n, np.uint64),
        np.zeros(n, np.uint8),
        np.zeros(queue, np.int32),
        np.zeros(queue, np.uint64),
        np.zeros(queue, np.int64),
        np.zeros(4, np.int64),
    )


@kernel
def select(
    due: Due, table: FlowTable, windows: Windows, dirty: npt.NDArray[np.int32], now: int, until: int
) -> npt.NDArray[np.int32]:
    """The slots to look at now, each once, in order; they count as looked at from here on.

    ``until`` is ``now``, or ``NEVER`` at the end of the input: then all second looks are due.
    """
    queue = len(due.queue_slot)
    waiting = due.counters[TAIL] - due.counters[HEAD]
    out = np.empty(len(dirty) + waiting, np.int32)
    keys = np.zeros(KINDS, np.uint64)
    n = 0
    for slot in dirty:
        flow = table.flows[slot]
        new = due.flow_id[slot] != flow["flow_id"]
        if new or _changed(due, slot, flow["packets"][0] + flow["packets"][1], flow["tcp_state"], now):
            out[n] = slot
            n += 1
            _look(due, table, slot, now)
        if not new or _known(windows, flow, keys):
            continue
        if due.counters[TAIL] - due.counters[HEAD] >= queue:
            due.counters[SKIPPED] += 1
            continue
        at = due.counters[TAIL] % queue
        due.queue_slot[at], due.queue_flow[at] = slot, flow["flow_id"]
        due.queue_time[at] = now + SECOND_LOOK_NS
        due.counters[TAIL] += 1
    while due.counters[HEAD] < due.counters[TAIL]:
        at = due.counters[HEAD] % queue
        if due.queue_time[at] > until:
            break
        due.counters[HEAD] += 1
        slot = due.queue_slot[at]
        flow = table.flows[slot]
        same = flow["flow_id"] == due.queue_flow[at] and flow["state"] == LIVE
        if same and (until > now or now - due.looked[slot] >= SETTLE_NS) and due.looked[slot] < now:
            out[n] = slot
            n += 1
            _look(due, table, slot, now)
    due.counters[LOOKS] += n
    return out[:n].copy()


@kernel
def _known(windows: Windows, flow: Flow, keys: npt.NDArray[np.uint64]) -> bool:
    keys_of(flow, windows.seed[0], keys)
    for kind in (SRC, DST):
        place = find(windows, kind, keys[kind])
        if place >= 0 and windows.counts[place, 1, STARTS] >= KNOWN:
            return True
    return False


@kernel
def _changed(due: Due, slot: int, packets: np.uint64, tcp_state: np.uint8, now: int) -> bool:
    passed = now - due.looked[slot]
    if tcp_state & _CLOSING and not due.tcp_state[slot] & _CLOSING:
        return True
    grown = bool(packets * np.uint64(2) >= due.packets[slot] * np.uint64(3))
    return bool(passed >= AGAIN_NS) or (bool(passed >= SETTLE_NS) and grown)


@kernel
def _look(due: Due, table: FlowTable, slot: int, now: int) -> None:
    flow = table.flows[slot]
    due.flow_id[slot] = flow["flow_id"]
    due.looked[slot] = now
    due.packets[slot] = flow["packets"][0] + flow["packets"][1]
    due.tcp_state[slot] = flow["tcp_state"]
