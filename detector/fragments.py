"""Ports for IP fragments: only the first fragment of a packet carries them.

A small table, addressed by the hash of (source, destination, protocol, identification), remembers the ports of first
fragments for 30 seconds (RFC 791 asks 15 at least). A later fragment that finds them counts to the same flow. One that
does not (it came first, or the place was taken by another packet) counts to the flow without ports of its protocol.
Policy where the place is taken: the newer packet gets it; ``DISPLACED`` counts the older ones that were not 30 s old.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.packet import Int, Record

_PLACES: Final = 1 << 12
_LIFETIME: Final = 30_000_000_000

# ``Fragments.counters``
DISPLACED: Final = 0  # packets that lost their place while their fragments might still come
UNMATCHED: Final = 1  # later fragments whose ports were not known


class Fragments(NamedTuple):
    """Ports of recent first fragments, by place in a direct-mapped table."""

    tag: npt.NDArray[np.uint64]  # (places,) hash of whose ports these are, 0 where empty
    ts: npt.NDArray[np.int64]  # (places,) epoch ns of the first fragment
    ports: npt.NDArray[np.uint16]  # (places, 4) key ports and ports of sender and receiver
    seed: npt.NDArray[np.uint64]  # (1,)
    counters: npt.NDArray[np.int64]  # (2,)


def new_fragments(seed: int) -> Fragments:
    """An empty table."""
    return Fragments(
        np.zeros(_PLACES, np.uint64),
        np.zeros(_PLACES, np.int64),
        np.zeros((_PLACES, 4), np.uint16),
        np.full(1, seed, np.uint64),
        np.zeros(2, np.int64),
    )


@lean_part
def mix(value: np.uint64) -> np.uint64:
    """A bijection that spreads each bit over all others (the finaliser of MurmurHash3)."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@lean_part
def _tag(row: Record, identity: np.uint64, seed: np.uint64) -> np.uint64:
    address = row["address"]
    tag = mix(address[0, 0] ^ seed)
    tag = mix(tag ^ address[0, 1])
    tag = mix(tag ^ address[1, 0])
    tag = mix(tag ^ address[1, 1])
    return mix(tag ^ (identity << np.uint64(16)) ^ np.uint64(row["protocol"])) | np.uint64(1)


@lean_kernel
def remember(row: Record, fragments: Fragments, identity: np.uint64, ts: Int) -> None:
    """Keep the ports of a first fragment."""
    row["fragment"] = np.uint8(1)
    tag = _tag(row, identity, fragments.seed[0])
    place = np.int64(tag >> np.uint64(40)) % len(fragments.tag)
    old = fragments.tag[place]
    if old != np.uint64(0) and old != tag and abs(ts - fragments.ts[place]) <= _LIFETIME:
        fragments.counters[DISPLACED] += 1
    fragments.tag[place] = tag
    fragments.ts[place] = ts
    for side in range(2):
        fragments.ports[place, side] = row["key_port"][side]
        fragments.ports[place, 2 + side] = row["port"][side]


@lean_kernel
def later_fragment(row: Record, fragments: Fragments, identity: np.uint64, ts: Int, payload: Int) -> None:
    """Give a later fragment the ports of its first one, where they are known. All its bytes are payload."""
    row["fragment"] = np.uint8(2)
    row["payload"] = np.uint32(max(payload, 0))
    tag = _tag(row, identity, fragments.seed[0])
    place = np.int64(tag >> np.uint64(40)) % len(fragments.tag)
    if fragments.tag[place] == tag and abs(ts - fragments.ts[place]) <= _LIFETIME:
        for side in range(2):
            row["key_port"][side] = fragments.ports[place, side]
            row["port"][side] = fragments.ports[place, 2 + side]
    else:
        fragments.counters[UNMATCHED] += 1
