"""Behaviour around hosts: decaying counts and small sketches per host, service, pair and conversation.

Six kinds of entity share one bounded table. Each has counts that decay with time constants of 1, 10, 60 and 600 s, two
sketches of distinct peers and ports, and the rhythm and sameness of what it did. Everything is updated once a tick from
what the tick changed in the flow table, so the cost goes with touched flows, not with frames: first the tick's changes
are added up by entity (``detector.partials``, which shards do apart), then each entity takes what is its own.

Policy when a set of eight places is full: the entity whose last activity lies furthest back gives way, each flow it
started (64 at most) counting as five seconds of grace. So one-packet spoofed sources push each other out, and a slow
scanner stays. ``EVICTED`` of ``Windows.counters`` counts them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.flowtable import FlowTable
from detector.partials import BITS, LOGS, Entry, Gatherer, Partials
from detector.prefetch import prefetch
from detector.windows_events import BYTES_BWD, BYTES_FWD, COUNTS, DNS_ENTROPY, MAC_CONFLICTS, STARTS
from detector.windows_state import (
    ACTIVE,
    BASE,
    BURST_BWD,
    BURST_FWD,
    BWD_MEAN,
    CLOSED,
    FWD_MEAN,
    GAP_MEAN,
    GOT_MEAN,
    MAC,
    ONSET,
    ONSETS,
    REGISTERS,
    RHYTHM,
    SENT_MEAN,
    SRC,
    STARTED,
    TAUS,
    TURNS_MEAN,
    Windows,
    claim,
    decay,
    find,
    sketch_time,
)

ONSET_GAP_NS: Final = 750_000_000  # silence that ends a burst
_AHEAD: Final = 3  # flows whose memory is on its way
_DE_BRUIJN: Final = np.uint64(0x03F79D71B4CB0A89)  # its 64 windows of 6 bits all differ: which bit is a lone one
_REGISTER_OF: Final = np.argsort([(int(_DE_BRUIJN) << bit & (1 << 64) - 1) >> 58 for bit in range(64)])
_MEMORY: Final = 16.0  # means and variances forget with 1/16


@lean_part
def _learn(values: npt.NDArray[np.float32], at: int, sample: float, count: float) -> None:
    """Fold a sample into the mean at ``at`` and the variance behind it; ``count`` samples came before."""
    share = 1.0 / min(count + 1.0, _MEMORY)
    distance = sample - values[at]
    values[at] += np.float32(share * distance)
    values[at + 1] = np.float32((1.0 - share) * (values[at + 1] + share * distance * distance))


@lean_part
def _learn_many(values: npt.NDArray[np.float32], at: int, sums: tuple[float, float], count: int, keep: float) -> None:
    """Fold ``count`` samples, given by sum and sum of squares, into mean and variance; what was keeps that share.

    The samples of a tick have no order. Of a single one it does what ``_learn`` does.
    """
    mean = sums[0] / count
    spread = max(sums[1] / count - mean * mean, 0.0)
    share = 1.0 - keep
    distance = mean - values[at]
    values[at] += np.float32(share * distance)
    values[at + 1] = np.float32(keep * (values[at + 1] + share * distance * distance) + share * spread)


@lean_part
def _beat(windows: Windows, place: int, entry: Entry) -> None:
    """The rhythm of bursts: a frame after a silence begins one, and closes the books of the one before."""
    times, rhythm = windows.times[place], windows.rhythm[place]
    if entry["began"] - times[ACTIVE] > ONSET_GAP_NS:
        if times[ONSET] > 0:
            seconds = np.float64(entry["began"] - times[ONSET]) * 1e-9
            before = max(rhythm[ONSETS] - 1.0, 0.0)
            _learn(rhythm, GAP_MEAN, seconds, before)
            _learn(rhythm, FWD_MEAN, np.log1p(rhythm[BURST_FWD]), before)
            _learn(rhythm, BWD_MEAN, np.log1p(rhythm[BURST_BWD]), before)
        rhythm[ONSETS] += np.float32(1.0)
        rhythm[BURST_FWD] = np.float32(0.0)
        rhythm[BURST_BWD] = np.float32(0.0)
        times[ONSET] = entry["began"]
    times[ACTIVE] = max(times[ACTIVE], entry["until"])
    rhythm[BURST_FWD] += np.float32(entry["payload"][0])
    rhythm[BURST_BWD] += np.float32(entry["payload"][1])


@lean_part
def _close(windows: Windows, place: int, entry: Entry) -> None:
    """What closed flows teach; the first 16 count alike, later ones for a sixteenth each."""
    count = int(entry["closed"])
    if count == 0:
        return
    rhythm = windows.rhythm[place]
    before = np.float64(rhythm[CLOSED])
    alike = min(np.float64(count), max(_MEMORY - before, 0.0))
    keep = before / (before + alike) if alike > 0.0 else 1.0
    keep *= (1.0 - 1.0 / _MEMORY) ** (count - alike)
    sent = entry["sent"] / LOGS, entry["sent_squares"] / (LOGS * LOGS)
    got = entry["got"] / LOGS, entry["got_squares"] / (LOGS * LOGS)
    _learn_many(rhythm, SENT_MEAN, sent, count, keep)
    _learn_many(rhythm, GOT_MEAN, got, count, keep)
    rhythm[TURNS_MEAN] += np.float32((1.0 - keep) * (entry["turns"] / count - rhythm[TURNS_MEAN]))
    rhythm[CLOSED] += np.float32(count)


@lean_part
def _mark(registers: npt.NDArray[np.uint32], hit: np.uint64, stamp: np.uint32) -> None:
    """Give the registers that were hit the time of this tick."""
    while hit != np.uint64(0):
        lowest = hit & (~hit + np.uint64(1))
        registers[_REGISTER_OF[(lowest * _DE_BRUIJN) >> np.uint64(58)]] = stamp
        hit ^= lowest


@lean_part
def _count(windows: Windows, place: int, entry: Entry) -> None:
    gains = windows.work_gains
    for c in range(COUNTS):
        gains[c] = np.float32(entry["gains"][c])
    gains[BYTES_FWD] = np.float32(entry["bytes"][0])
    gains[BYTES_BWD] = np.float32(entry["bytes"][1])
    gains[DNS_ENTROPY] = np.float32(entry["gains"][DNS_ENTROPY] / BITS)
    for w in range(len(TAUS)):
        for c in range(COUNTS):
            windows.counts[place, w, c] += gains[c]
    windows.rhythm[place, STARTED] += gains[STARTS]


def update(windows: Windows, table: FlowTable, slots: npt.NDArray[np.int32], now: int) -> None:
    """Fold what changed in these slots since the last tick into the windows. Call before ``Meter.clear_dirty``."""
    gatherer = Gatherer(windows.seed)
    fold(windows, gatherer.reduce(table, slots, np.arange(len(slots), dtype=np.int64)), now)


def fold(windows: Windows, partials: Partials, now: int) -> None:
    """Fold what a tick brought, of all shards, into the windows: each entity once, in the order of its first touch."""
    places = np.empty(len(partials.entries), np.int64)
    _locate(windows, partials.entries, places)
    _fold(windows, partials.entries, places, now)
    _claims(windows, partials.claims)


@lean_kernel
def _locate(windows: Windows, entries: npt.NDArray[Any], out: npt.NDArray[np.int64]) -> None:
    """Where each entity is kept, -1 where it is not: memory to ask for in time."""
    for n in range(len(entries)):
        out[n] = find(windows, entries[n]["kind"], entries[n]["key"])


@lean_part
def _fetch(windows: Windows, place: int) -> None:
    """Have the memory of a place brought near."""
    if place < 0:
        return
    prefetch(windows.times, place, 0)
    for line in range(0, len(TAUS) * COUNTS * 4 + 63, 64):
        prefetch(windows.counts, place, line)
    for line in range(0, RHYTHM * 4 + 63, 64):
        prefetch(windows.rhythm, place, line)
    for line in range(0, REGISTERS * 4, 64):
        prefetch(windows.peers, place, line)
        prefetch(windows.ports, place, line)


@lean_kernel
def _fold(windows: Windows, entries: npt.NDArray[Any], before: npt.NDArray[np.int64], now: int) -> None:
    if windows.counters[BASE] == 0:
        windows.counters[BASE] = now
    stamp = sketch_time(windows, now)
    for n in range(len(entries)):
        if n + _AHEAD < len(entries):
            _fetch(windows, before[n + _AHEAD])
        entry = entries[n]
        place = claim(windows, entry["kind"], entry["key"], now)
        decay(windows, place, now)
        _count(windows, place, entry)
        _beat(windows, place, entry)
        _close(windows, place, entry)
        _mark(windows.peers[place], entry["peers"], stamp)
        _mark(windows.ports[place], entry["ports"], stamp)


@lean_kernel
def _claims(windows: Windows, claims: npt.NDArray[Any]) -> None:
    """ARP: remember which MAC claims the source; another one than before is a conflict (counted per window)."""
    for n in range(len(claims)):
        one = claims[n]
        source, sender = find(windows, SRC, one["source"]), find(windows, MAC, one["key"])
        if source < 0:
            continue
        if windows.macs[source] != np.uint64(0) and windows.macs[source] != one["mac"]:
            for w in range(len(TAUS)):
                windows.counts[source, w, MAC_CONFLICTS] += np.float32(1.0)
                if sender >= 0:
                    windows.counts[sender, w, MAC_CONFLICTS] += np.float32(1.0)
        windows.macs[source] = one["mac"]
