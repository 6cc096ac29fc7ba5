"""One row of numbers per flow: what the classifier sees, and behind it what only rules ask for.

Each feature is a ratio, a logarithm or a yes/no. None is an address, a TTL, a port number or a time of day; what
depends on the speed of a link or the length of a capture is a ratio or fades with a window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel
from detector import features_beside, features_composite, features_flow, features_hosts, features_payload
from detector.classifiers.base import Matrix
from detector.features_beside import beside
from detector.features_composite import composite
from detector.features_flow import names_and_arp, timing, transport, volume
from detector.features_hosts import host_features
from detector.features_payload import payload_features
from detector.flowtable import FLOW, PAYLOAD_BYTES, FlowTable
from detector.prefetch import prefetch
from detector.windows_state import KINDS, Windows, fetch, locate, sketch_time

_AHEAD: Final = 3  # rows whose memory is on its way
_FLOW_BYTES: Final = FLOW.itemsize


@dataclass(frozen=True)
class Feature:
    """``unit`` is ``ln``, ``share``, ``yes/no``, ``spread``, ``count``, ``bits`` or ``hundreds`` (of bytes).

    ``source`` is what it is taken from.
    """

    name: str
    unit: str
    source: str


_YES_NO: Final = (
    "is_", "app_", "port_", "flow_answered", "tcp_open", "tcp_syn_first", "tcp_syn_ack", "tcp_fin_", "icmp_error",
    "sign_query",
)  # fmt: skip
_COUNTS: Final = frozenset({"sign_count", "dns_label_max", "dns_labels_max"})
_SHARES: Final = (
    "share", "balance", "unanswered", "refused", "per_start", "half_open", "missing", "variety", "_asked_", "_told_",
    "_change_", "reply_first",
)  # fmt: skip


def _unit(name: str) -> str:
    if name in _COUNTS:
        return "count"
    if name.startswith(_YES_NO):
        return "yes/no"
    if "entropy" in name:
        return "bits"
    if "dns_name" in name:
        return "hundreds"
    if any(word in name for word in _SHARES):
        return "share"
    return "spread" if "spread" in name else "ln"


FEATURES: Final = tuple(
    Feature(name, features_beside.UNITS.get(name) or _unit(name), source)
    for source, names in (
        ("flow", features_flow.FLOW),
        ("payload", features_payload.NAMES),
        ("windows", features_hosts.NAMES),
        ("combined", features_composite.NAMES),
        ("beside", features_beside.NAMES),
    )
    for name in names
)
NAMES: Final = tuple(feature.name for feature in FEATURES)
WIDTH: Final = len(NAMES)
MODEL_NAMES: Final = tuple(feature.name for feature in FEATURES if feature.source != "beside")  # the first columns
MODEL_WIDTH: Final = len(MODEL_NAMES)


def features(table: FlowTable, windows: Windows, slots: npt.NDArray[np.int32], now_ns: int) -> Matrix:
    """The rows of these flows as of ``now_ns``: float32 ``(n, WIDTH)``. The windows must have seen them."""
    slots = np.ascontiguousarray(slots, np.int32)
    out = np.zeros((len(slots), WIDTH), np.float32)
    if len(slots):
        places = np.empty((len(slots), KINDS), np.int64)
        locate(windows, table, slots, places)
        fill(table, windows, slots, places, now_ns, out)
    return out


@lean_kernel
def fill(
    table: FlowTable,
    windows: Windows,
    slots: npt.NDArray[np.int32],
    places: npt.NDArray[np.int64],
    now: int,
    out: Matrix,
) -> int:
    """Write a row per slot, of the entities in ``places`` (n, KINDS); returns how many columns (``WIDTH``)."""
    stamp = sketch_time(windows, now)
    at = 0
    for row in range(len(slots)):
        if row + _AHEAD < len(slots):
            slot = np.int64(slots[row + _AHEAD])
            for line in range(0, _FLOW_BYTES, 64):
                prefetch(table.flows, slot, line)
            fetch(windows, places[row + _AHEAD])
        if row + 1 < len(slots):
            kept = np.int64(table.flows[slots[row + 1]]["payload_row"])
            for line in range(0, 2 * PAYLOAD_BYTES, 64):
                prefetch(table.payload, kept, line)
        flow = table.flows[slots[row]]
        at = volume(flow, out[row], 0)
        at = timing(flow, out[row], at)
        at = transport(flow, out[row], at)
        at = names_and_arp(flow, out[row], at)
        at = payload_features(flow, table.payload[flow["payload_row"]], out[row], at)
        at = host_features(windows, places[row], now, stamp, out[row], at)
        at = composite(out[row], at)
        rare = table.rare.rows[table.rare.of[slots[row]]]
        at = beside(flow, rare, table.payload[flow["payload_row"]], windows.work_counts, out[row], at)
    return at
