"""One row of numbers per flow: what the classifier sees.

Each feature is a ratio, a logarithm or a yes/no. None is an address, a TTL, a port number or a time of day; what
depends on the speed of a link or the length of a capture is a ratio or fades with a window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel
from detector import features_composite, features_flow, features_hosts, features_payload
from detector.classifiers.base import Matrix
from detector.features_composite import composite
from detector.features_flow import names_and_arp, timing, transport, volume
from detector.features_hosts import host_features
from detector.features_payload import payload_features
from detector.flowtable import FlowTable
from detector.windows_state import KINDS, Windows, find, keys_of, sketch_time


@dataclass(frozen=True)
class Feature:
    """``unit`` is ``ln``, ``share``, ``yes/no``, ``spread`` or ``count``; ``source`` is what it is taken from."""

    name: str
    unit: str
    source: str


def _unit(name: str) -> str:
    if name == "sign_count":
        return "count"
    if name.startswith(("is_", "app_", "port_")) or name in ("flow_answered", "tcp_open"):
        return "yes/no"
    if any(word in name for word in ("share", "balance", "unanswered", "refused", "per_start", "half_open", "missing")):
        return "share"
    return "spread" if "spread" in name else "ln"


FEATURES: Final = tuple(
    Feature(name, _unit(name), source)
    for source, names in (
        ("flow", features_flow.FLOW),
        ("payload", features_payload.NAMES),
        ("windows", features_hosts.NAMES),
        ("combined", features_composite.NAMES),
    )
    for name in names
)
NAMES: Final = tuple(feature.name for feature in FEATURES)
WIDTH: Final = len(NAMES)


def features(table: FlowTable, windows: Windows, slots: npt.NDArray[np.int32], now_ns: int) -> Matrix:
    """The rows of these flows as of ``now_ns``: float32 ``(n, WIDTH)``. The windows must have seen them."""
    out = np.zeros((len(slots), WIDTH), np.float32)
    if len(slots):
        fill(table, windows, np.ascontiguousarray(slots, np.int32), now_ns, out)
    return out


@lean_kernel
def fill(table: FlowTable, windows: Windows, slots: npt.NDArray[np.int32], now: int, out: Matrix) -> int:
    """Write a row per slot; returns how many columns were written (``WIDTH``)."""
    keys, places = windows.work_keys, windows.work_places
    stamp = sketch_time(windows, now)
    at = 0
    for row in range(len(slots)):
        flow = table.flows[slots[row]]
        keys_of(flow, windows.seed[0], keys)
        for kind in range(KINDS):
            places[kind] = find(windows, kind, keys[kind])
        at = volume(flow, out[row], 0)
        at = timing(flow, out[row], at)
        at = transport(flow, out[row], at)
        at = names_and_arp(flow, out[row], at)
        at = payload_features(flow, table.payload[flow["payload_row"]], out[row], at)
        at = host_features(windows, places, now, stamp, out[row], at)
        at = composite(out[row], at)
    return at
