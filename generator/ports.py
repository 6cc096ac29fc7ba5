"""Which source port a host takes next: counting up, counting from a place that the destination decides, or at random.

Each host has its own habit, drawn from its address and the campaign's leanings (RFC 6056 describes the algorithms).
Whatever the habit, no host meets itself on one 5-tuple before it has used its whole range.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.safety import TUNNEL_PORTS
from generator.ranges import CHOICES
from generator.stacks import PORTS

U64 = npt.NDArray[np.uint64]
Int64 = npt.NDArray[np.int64]
_ROUNDS: Final = 4
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_SPARE: Final = 1024  # what stands in for a port lies below, odd for odd, and is nobody's ephemeral port


def _mix(values: U64) -> U64:
    # splitmix64's finaliser
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _numbers(rows: npt.NDArray[np.uint8]) -> U64:
    """A number for each 16-byte address."""
    halves = np.ascontiguousarray(rows).view(np.uint64)
    return _mix(halves[:, 0] * _GOLDEN ^ halves[:, 1])


def shuffled(places: Int64, span: Int64, key: U64) -> Int64:
    """A permutation of ``0 .. span - 1`` for each key: a Feistel network over 16 bits, walked until it fits."""
    values = places.astype(np.uint64)
    todo = np.arange(len(values))
    while len(todo):
        left, right = values[todo] >> np.uint64(8), values[todo] & np.uint64(0xFF)
        for turn in range(_ROUNDS):
            mixed = _mix(key[todo] + right * _GOLDEN + np.uint64(turn)) & np.uint64(0xFF)
            left, right = right, left ^ mixed
        values[todo] = left << np.uint64(8) | right
        todo = todo[values[todo] >= span[todo].astype(np.uint64)]
    return values.astype(np.int64)


def turns(hosts: npt.NDArray[Any]) -> Int64:
    """For every row, how many earlier rows have the same host."""
    order = np.argsort(hosts, kind="stable")
    ordered = hosts[order]
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(hosts) else np.zeros(0, np.int64)
    made = np.empty(len(hosts), np.int64)
    made[order] = np.arange(len(hosts)) - np.repeat(begins, np.diff(np.r_[begins, len(hosts)]))
    return made


def _chosen(name: str, leanings: dict[str, tuple[float, ...]], draws: U64) -> Int64:
    """Which value of a choice each draw stands for."""
    uniform = (draws >> np.uint64(11)).astype(np.float64) / 2.0**53
    last = len(CHOICES[name].values) - 1
    return np.minimum(np.searchsorted(np.cumsum(leanings[name]), uniform, side="right"), last).astype(np.int64)


def select(
    rng: np.random.Generator,
    leanings: dict[str, tuple[float, ...]],
    seed: int,
    src: npt.NDArray[np.uint8],
    dst: npt.NDArray[np.uint8],
) -> npt.NDArray[np.uint16]:
    """Source ports for attempts from ``src`` to ``dst`` (rows of 16 bytes), in the order of the rows."""
    starts = rng.integers(0, 1 << 16, len(src))
    numbers, first, host = np.unique(_numbers(src), return_index=True, return_inverse=True)
    own = _mix(numbers + np.uint64(seed % 2**32 << 24))
    listed = np.array([PORTS[str(name)] for name in CHOICES["port_range"].values])
    which = _chosen("port_range", leanings, own)
    wanted = np.bincount(host, minlength=len(numbers))
    which[wanted > listed[which, 1] - listed[which, 0]] = list(PORTS).index("wide")
    policy = _chosen("ports", leanings, _mix(own))[host]
    low, span = listed[which, 0][host], (listed[which, 1] - listed[which, 0] + 1)[host]
    places = (starts[first][host] + turns(host)) % span
    hashed = (places + (_mix(_numbers(dst) + own[host]) % np.uint64(1 << 16)).astype(np.int64)) % span
    order = np.array(CHOICES["ports"].values)
    ports = np.where(order[policy] == "hashed", hashed, places)
    scattered = np.flatnonzero(order[policy] == "random")
    ports[scattered] = shuffled(places[scattered], span[scattered], own[host[scattered]])
    taken: npt.NDArray[np.uint16] = (low + ports).astype(np.uint16)
    return taken


def ephemeral(
    rng: np.random.Generator, leanings: dict[str, tuple[float, ...]], n: int
) -> npt.NDArray[np.uint16]:  # fmt: skip
    """Source ports of ``n`` hosts that have nothing to do with each other."""
    listed = np.array([PORTS[str(name)] for name in CHOICES["port_range"].values])
    which = _chosen("port_range", leanings, rng.integers(0, 2**64, n, np.uint64))
    low, high = listed[which, 0], listed[which, 1]
    taken: npt.NDArray[np.uint16] = (low + rng.random(n) * (high - low + 1)).astype(np.uint16)
    return taken


def spared(ports: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """The same UDP ports without those of tunnels: nobody shall take what was drawn there for a packet in a packet."""
    table = np.arange(1 << 16, dtype=np.uint16)
    for place, port in enumerate(sorted(TUNNEL_PORTS), 1):
        table[port] = _SPARE - 2 * place + port % 2
    taken: npt.NDArray[np.uint16] = table[ports]
    return taken
