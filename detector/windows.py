"""Behaviour around hosts: decaying counts and small sketches per host, service, pair and conversation.

Six kinds of entity share one bounded table. Each has counts that decay with time constants of 1, 10, 60 and 600 s, two
sketches of distinct peers and ports, and the rhythm and sameness of what it did. Everything is updated once a tick from
what the tick changed in the flow table, so the cost goes with touched flows, not with frames.

Policy when a set of eight places is full: the entity whose last activity lies furthest back gives way, each flow it
started (64 at most) counting as five seconds of grace. So one-packet spoofed sources push each other out, and a slow
scanner stays. ``EVICTED`` of ``Windows.counters`` counts them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.flowtable import BEFORE, FLOW, FlowTable
from detector.prefetch import prefetch
from detector.windows_events import COUNTS, MAC_CONFLICTS, Event, Flow, describe
from detector.windows_state import (
    ACTIVE,
    BASE,
    BURST_BWD,
    BURST_FWD,
    BWD_MEAN,
    CLOSED,
    CONVERSATION,
    DST,
    FWD_MEAN,
    GAP_MEAN,
    GOT_MEAN,
    KINDS,
    MAC,
    ONSET,
    ONSETS,
    PAIR,
    REGISTERS,
    SENT_MEAN,
    SERVICE,
    SRC,
    STARTED,
    TAUS,
    TURNS_MEAN,
    Windows,
    claim,
    decay,
    fetch,
    keys_of,
    locate,
    mix,
    sketch_time,
)

ONSET_GAP_NS: Final = 750_000_000  # silence that ends a burst
_AHEAD: Final = 3  # flows whose memory is on its way
_FLOW_BYTES: Final = FLOW.itemsize
_BEFORE_BYTES: Final = BEFORE.itemsize
_MEMORY: Final = 16.0  # means and variances forget with 1/16


@lean_part
def _learn(values: npt.NDArray[np.float32], at: int, sample: float, count: float) -> None:
    """Fold a sample into the mean at ``at`` and the variance behind it; ``count`` samples came before."""
    share = 1.0 / min(count + 1.0, _MEMORY)
    distance = sample - values[at]
    values[at] += np.float32(share * distance)
    values[at + 1] = np.float32((1.0 - share) * (values[at + 1] + share * distance * distance))


@lean_part
def _beat(windows: Windows, place: int, event: Event) -> None:
    """The rhythm of bursts: a frame after a silence begins one, and closes the books of the one before."""
    times, rhythm = windows.times[place], windows.rhythm[place]
    if event.when - times[ACTIVE] > ONSET_GAP_NS:
        if times[ONSET] > 0:
            seconds = np.float64(event.when - times[ONSET]) * 1e-9
            before = max(rhythm[ONSETS] - 1.0, 0.0)
            _learn(rhythm, GAP_MEAN, seconds, before)
            _learn(rhythm, FWD_MEAN, np.log1p(rhythm[BURST_FWD]), before)
            _learn(rhythm, BWD_MEAN, np.log1p(rhythm[BURST_BWD]), before)
        rhythm[ONSETS] += np.float32(1.0)
        rhythm[BURST_FWD] = np.float32(0.0)
        rhythm[BURST_BWD] = np.float32(0.0)
        times[ONSET] = event.when
    times[ACTIVE] = max(times[ACTIVE], event.when)
    rhythm[BURST_FWD] += event.payload_fwd
    rhythm[BURST_BWD] += event.payload_bwd


@lean_kernel
def _close(windows: Windows, place: int, event: Event) -> None:
    rhythm = windows.rhythm[place]
    before = rhythm[CLOSED]
    _learn(rhythm, SENT_MEAN, event.sent, before)
    _learn(rhythm, GOT_MEAN, event.got, before)
    _learn(rhythm, TURNS_MEAN, event.turns, before)
    rhythm[CLOSED] += np.float32(1.0)


@lean_part
def _mark(
    windows: Windows,
    places: npt.NDArray[np.int64],
    flow: Flow,
    event: Event,
    stamp: np.uint32,
) -> None:
    """Sketches: whom and what each entity met."""
    seed = windows.seed[1]  # else addresses could be chosen that all fall into one register
    source = mix(flow["address"][0, 0] ^ mix(flow["address"][0, 1] ^ seed))
    target = mix(flow["address"][1, 0] ^ mix(flow["address"][1, 1] ^ seed))
    port = mix(np.uint64(flow["port"][1]) ^ mix(np.uint64(flow["protocol"]) ^ seed))
    top = np.uint64(REGISTERS - 1)
    if event.started:
        windows.peers[places[SRC], target & top] = stamp
        windows.peers[places[DST], source & top] = stamp
        windows.peers[places[SERVICE], source & top] = stamp
        if flow["port"][1] > 0:
            windows.ports[places[SRC], port & top] = stamp
            windows.ports[places[DST], port & top] = stamp
            windows.ports[places[PAIR], port & top] = stamp
    if event.message != np.uint64(0):
        message = mix(event.message ^ seed)
        windows.peers[places[CONVERSATION], message & top] = stamp
        windows.peers[places[PAIR], message & top] = stamp
        windows.ports[places[SERVICE], message & top] = stamp
    if places[MAC] >= 0:
        windows.peers[places[MAC], source & top] = stamp
        windows.ports[places[MAC], target & top] = stamp


def update(windows: Windows, table: FlowTable, slots: npt.NDArray[np.int32], now: int) -> None:
    """Fold what changed in these slots since the last tick into the windows. Call before ``Meter.clear_dirty``."""
    before = np.empty((len(slots), KINDS), np.int64)
    locate(windows, table, slots, before)
    _update(windows, table, slots, before, now)


@lean_kernel
def _update(
    windows: Windows, table: FlowTable, slots: npt.NDArray[np.int32], before: npt.NDArray[np.int64], now: int
) -> None:
    """``before`` (n, KINDS) is where the entities were kept when the tick ended: memory to ask for in time."""
    keys, places, gains = windows.work_keys, windows.work_places, windows.work_gains
    if windows.counters[BASE] == 0:
        windows.counters[BASE] = now
    stamp = sketch_time(windows, now)
    for row in range(len(slots)):
        if row + _AHEAD < len(slots):
            coming = np.int64(slots[row + _AHEAD])
            for line in range(0, _FLOW_BYTES, 64):
                prefetch(table.flows, coming, line)
            for line in range(0, _BEFORE_BYTES + 63, 64):
                prefetch(table.before, coming, line)
            fetch(windows, before[row + _AHEAD])
        slot = slots[row]
        flow = table.flows[slot]
        event = describe(flow, table.before[slot], table.payload[flow["payload_row"]], gains)
        keys_of(flow, windows.seed[0], keys)
        for kind in range(KINDS):
            places[kind] = -1
            if keys[kind] == np.uint64(0):
                continue
            place = claim(windows, kind, keys[kind], now)
            places[kind] = place
            decay(windows, place, now)
            for w in range(len(TAUS)):
                for c in range(COUNTS):
                    windows.counts[place, w, c] += gains[c]
            if event.started:
                windows.rhythm[place, STARTED] += np.float32(1.0)
            _beat(windows, place, event)
            if event.closed:
                _close(windows, place, event)
        _mark(windows, places, flow, event, stamp)
        _claims(windows, places, flow)


@lean_kernel
def _claims(windows: Windows, places: npt.NDArray[np.int64], flow: Flow) -> None:
    """ARP: remember which MAC claims the source; another one than before is a conflict (counted per window)."""
    mac = flow["arp_mac"][0]
    if places[MAC] < 0 or mac == np.uint64(0) or (flow["address"][0, 1] & np.uint64(0xFFFFFFFF)) == np.uint64(0):
        return  # 0.0.0.0 probes (RFC 5227) claim nothing
    place = places[SRC]
    if windows.macs[place] != np.uint64(0) and windows.macs[place] != mac:
        for kind in (SRC, MAC):
            for w in range(len(TAUS)):
                windows.counts[places[kind], w, MAC_CONFLICTS] += np.float32(1.0)
    windows.macs[place] = mac
