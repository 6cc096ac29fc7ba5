"""Which addresses a capture holds, counted in a hash table of bounded size: IPv4 hosts, IPv6 /64 prefixes."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from generator.replay.octets import I64, U64, Int, mix

FILLED: Final = 0
UNLISTED: Final = 1
_FIRST: Final = 1 << 12
MOST: Final = 1 << 23  # 5 million addresses; beyond, an address has no line of its own and shares one of the lab's


class Seen(NamedTuple):
    """Open addressing: a slot is taken where ``times`` (sightings) is above 0."""

    key: U64
    times: I64
    state: I64  # [slots taken, sightings for which there was no room]


def new_seen(slots: int = _FIRST) -> Seen:
    """An empty table; ``slots`` is a power of two."""
    return Seen(np.zeros(slots, np.uint64), np.zeros(slots, np.int64), np.zeros(2, np.int64))


@lean_part
def note(seen: Seen, key: Int, more: Int) -> None:
    """Count sightings of ``key``; where the table is nearly full and the key new, only that there was no room."""
    mask = np.uint64(len(seen.key) - 1)
    slot = mix(key + np.uint64(0x9E3779B97F4A7C15)) & mask
    while seen.times[slot] != 0 and seen.key[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    if seen.times[slot] == 0:
        if seen.state[FILLED] * 8 >= len(seen.key) * 5:
            seen.state[UNLISTED] += more
            return
        seen.state[FILLED] += 1
        seen.key[slot] = key
    seen.times[slot] += more


@lean_kernel
def _copy(old: Seen, new: Seen) -> None:
    for slot in range(len(old.key)):
        if old.times[slot] != 0:
            note(new, old.key[slot], old.times[slot])


def roomy(seen: Seen, more: int) -> Seen:
    """The table, enlarged so that ``more`` new keys fit, or as far as it may grow."""
    slots = len(seen.key)
    while (int(seen.state[FILLED]) + more) * 8 >= slots * 5 and slots < MOST:
        slots *= 2
    if slots == len(seen.key):
        return seen
    larger = new_seen(slots)
    _copy(seen, larger)
    larger.state[UNLISTED] = seen.state[UNLISTED]
    return larger


def listed(seen: Seen) -> tuple[U64, I64]:
    """The keys in ascending order, and how often each was seen."""
    taken: npt.NDArray[np.int64] = np.flatnonzero(seen.times)
    taken = taken[np.argsort(seen.key[taken])]
    return seen.key[taken], seen.times[taken]
