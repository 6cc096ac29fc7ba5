"""Features of what surrounds a flow: its hosts, service, pair and conversation over several window lengths."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.arithmetic import log1
from detector.features_flow import Row, share
from detector.windows_events import (
    ANSWERED,
    ARP_REPLIES,
    ARP_REQUESTS,
    ASKED,
    BYTES_BWD,
    BYTES_FWD,
    CLOSES,
    COUNTS,
    DNS_BYTES,
    DNS_CHANGES,
    DNS_ENTROPY,
    DNS_MISSING,
    DNS_QUERIES,
    HTTP,
    HTTP_ERRORS,
    MAC_CONFLICTS,
    ODD,
    OPENED,
    PACKETS_BWD,
    PACKETS_FWD,
    REFUSED,
    REPLY_FIRST,
    STARTS,
    SYNS,
    TOLD,
)
from detector.windows_state import (
    BWD_VAR,
    CLOSED,
    CONVERSATION,
    DST,
    FIRST,
    FWD_MEAN,
    FWD_VAR,
    GAP_MEAN,
    GAP_VAR,
    GOT_MEAN,
    GOT_VAR,
    KINDS,
    LAST,
    MAC,
    ONSETS,
    PAIR,
    REGISTERS,
    SENT_MEAN,
    SENT_VAR,
    SERVICE,
    SRC,
    TAUS,
    TURNS_MEAN,
    Windows,
    empty,
)

_SECONDS: Final = ("1s", "10s", "60s", "600s")
_COMMON: Final = (  # written by ``_common`` for each kind
    *(f"starts_{s}" for s in _SECONDS),
    "rate_change",
    *(f"unanswered_{s}" for s in _SECONDS[1:]),
    *(f"refused_{s}" for s in _SECONDS[1:]),
    "packets_fwd_1s",
    "packets_fwd_10s",
    "packets_per_flow_10s",
    "bytes_per_packet_fwd_10s",
    "packets_balance_10s",
    "bytes_balance_10s",
    "bytes_balance_600s",
    "asked_60s",
    "told_60s",
)
_TCP: Final = ("half_open_10s", "open_60s", "odd_10s", "reply_first_10s", "http_60s", "http_errors_60s")
_RHYTHM: Final = (
    "bursts",
    "burst_gap",
    "burst_gap_spread",
    "burst_fwd",
    "burst_fwd_spread",
    "burst_bwd_spread",
    "closed",
    "sent_mean",
    "sent_spread",
    "got_mean",
    "got_spread",
    "turns_mean",
    "age",
)
_DNS: Final = ("dns_10s", "dns_600s", "dns_change_600s", "dns_missing_600s", "dns_name_600s", "dns_entropy_600s")
_SPREADING: Final = tuple(f"{what}_{s}" for s in _SECONDS for what in ("peers", "ports"))


def _named(kind: str, *groups: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{kind}_{name}" for group in groups for name in group)


NAMES: Final = (
    *_named("src", _COMMON, _TCP, _SPREADING, ("peers_per_start", "ports_per_start"), _DNS),
    *_named("dst", _COMMON, _TCP, _SPREADING, ("peers_per_start", "ports_per_start")),
    *_named("service", _COMMON, _TCP, ("peers_10s", "peers_60s", "messages_60s"), _RHYTHM),
    *_named("pair", _COMMON, ("ports_1s", "ports_10s", "ports_60s", "ports_600s", "ports_per_start")),
    *_named("conversation", _COMMON, _TCP, ("messages_60s", "messages_600s"), _RHYTHM, _DNS),
    *_named("mac", ("addresses_60s", "addresses_600s", "targets_10s", "targets_60s", "requests_10s", "replies_10s")),
    *_named("mac", ("conflicts_600s", "host_conflicts_600s")),
)


_DISTINCT: Final = np.log1p(REGISTERS * np.log(REGISTERS / np.maximum(np.arange(REGISTERS + 1), 1))).astype(np.float32)


@lean_kernel
def host_features(
    windows: Windows, places: npt.NDArray[np.int64], now: int, stamp: np.uint32, out: Row, at: int
) -> int:
    """``NAMES`` from column ``at`` on; returns the next column. ``places`` (KINDS,) as ``windows.find`` gave them."""
    counts = windows.work_counts
    for kind in range(KINDS):
        if places[kind] < 0:
            counts[kind] = np.float32(0.0)
        else:
            _faded(windows, places[kind], now, counts[kind])
    for kind in (SRC, DST):
        at = _common(counts[kind], out, at)
        at = _tcp(counts[kind], out, at)
        at = _spreading(windows, places[kind], stamp, out, at)
        out[at] = share(np.expm1(out[at - 4]), counts[kind, 2, STARTS])  # 60 s
        out[at + 1] = share(np.expm1(out[at - 3]), counts[kind, 2, STARTS])
        at += 2
        if kind == SRC:
            at = _dns(counts[kind], out, at)
    at = _common(counts[SERVICE], out, at)
    at = _tcp(counts[SERVICE], out, at)
    out[at] = _log_distinct(windows.peers, places[SERVICE], stamp, 10.0)
    out[at + 1] = _log_distinct(windows.peers, places[SERVICE], stamp, 60.0)
    out[at + 2] = _log_distinct(windows.ports, places[SERVICE], stamp, 60.0)
    at = _rhythm(windows, places[SERVICE], now, out, at + 3)
    at = _common(counts[PAIR], out, at)
    for w in range(4):
        out[at + w] = _log_distinct(windows.ports, places[PAIR], stamp, TAUS[w])
    out[at + 4] = share(np.expm1(out[at + 2]), counts[PAIR, 2, STARTS])
    at = _common(counts[CONVERSATION], out, at + 5)
    at = _tcp(counts[CONVERSATION], out, at)
    out[at] = _log_distinct(windows.peers, places[CONVERSATION], stamp, 60.0)
    out[at + 1] = _log_distinct(windows.peers, places[CONVERSATION], stamp, 600.0)
    at = _rhythm(windows, places[CONVERSATION], now, out, at + 2)
    at = _dns(counts[CONVERSATION], out, at)
    return _macs(windows, places, counts, stamp, out, at)


@lean_part
def _faded(windows: Windows, place: int, now: int, out: npt.NDArray[np.float32]) -> None:
    passed = np.float64(now - windows.times[place, LAST]) * 1e-9
    if passed <= 0.0:  # nearly always: something of it changed in this tick
        for w in range(len(TAUS)):
            for c in range(COUNTS):
                out[w, c] = windows.counts[place, w, c]
        return
    for w in range(len(TAUS)):
        factor = np.float32(np.exp(-passed / TAUS[w]))
        for c in range(COUNTS):
            out[w, c] = windows.counts[place, w, c] * factor


@lean_kernel
def _common(counts: npt.NDArray[np.float32], out: Row, at: int) -> int:
    for w in range(4):
        out[at + w] = log1(counts[w, STARTS])
    out[at + 4] = np.log((counts[0, STARTS] + 0.1) / (counts[2, STARTS] / 60.0 + 0.1))
    for w in range(1, 4):
        starts = max(counts[w, STARTS], np.float32(0.5))
        out[at + 4 + w] = max(1.0 - share(counts[w, ANSWERED], starts), 0.0) if counts[w, STARTS] > 0.05 else -1.0
        out[at + 7 + w] = share(counts[w, REFUSED], starts)
    forward, backward = counts[1, PACKETS_FWD], counts[1, PACKETS_BWD]
    out[at + 11] = log1(counts[0, PACKETS_FWD])
    out[at + 12] = log1(forward)
    out[at + 13] = log1(forward / max(counts[1, STARTS], np.float32(0.5)))
    out[at + 14] = log1(counts[1, BYTES_FWD] / max(forward, np.float32(0.01)))
    out[at + 15] = (forward - backward) / (forward + backward + 0.1)
    out[at + 16] = (counts[1, BYTES_FWD] - counts[1, BYTES_BWD]) / (counts[1, BYTES_FWD] + counts[1, BYTES_BWD] + 10.0)
    out[at + 17] = (counts[3, BYTES_FWD] - counts[3, BYTES_BWD]) / (counts[3, BYTES_FWD] + counts[3, BYTES_BWD] + 10.0)
    out[at + 18] = share(counts[2, ASKED], max(counts[2, STARTS], np.float32(0.5)))
    out[at + 19] = share(counts[2, TOLD], max(counts[2, STARTS], np.float32(0.5)))
    return at + 20


@lean_kernel
def _tcp(counts: npt.NDArray[np.float32], out: Row, at: int) -> int:
    out[at] = share(max(counts[1, SYNS] - counts[1, OPENED], np.float32(0)), max(counts[1, SYNS], np.float32(0.5)))
    out[at + 1] = log1(max(counts[2, OPENED] - counts[2, CLOSES], np.float32(0)))
    out[at + 2] = share(counts[1, ODD], max(counts[1, STARTS], np.float32(0.5)))
    out[at + 3] = share(counts[1, REPLY_FIRST], max(counts[1, STARTS], np.float32(0.5)))
    out[at + 4] = log1(counts[2, HTTP])
    out[at + 5] = share(counts[2, HTTP_ERRORS], max(counts[2, HTTP], np.float32(0.5)))
    return at + 6


@lean_part
def _log_distinct(registers: npt.NDArray[np.uint32], place: int, stamp: np.uint32, seconds: float) -> np.float32:
    return _DISTINCT[empty(registers[place], stamp, seconds)] if place >= 0 else np.float32(0.0)


@lean_part
def _spreading(windows: Windows, place: int, stamp: np.uint32, out: Row, at: int) -> int:
    for w in range(4):
        out[at + 2 * w] = _log_distinct(windows.peers, place, stamp, TAUS[w])
        out[at + 2 * w + 1] = _log_distinct(windows.ports, place, stamp, TAUS[w])
    return at + 8


@lean_part
def _rhythm(windows: Windows, place: int, now: int, out: Row, at: int) -> int:
    if place < 0:
        out[at : at + 13] = 0.0
        return at + 13
    values = windows.rhythm[place]
    out[at] = log1(values[ONSETS])
    known = values[ONSETS] >= 3
    out[at + 1] = log1(values[GAP_MEAN] * 1e3) if known else -1.0
    out[at + 2] = min(np.sqrt(values[GAP_VAR]) / max(values[GAP_MEAN], np.float32(1e-3)), 10.0) if known else -1.0
    out[at + 3] = values[FWD_MEAN]
    out[at + 4] = np.sqrt(values[FWD_VAR]) if known else -1.0
    out[at + 5] = np.sqrt(values[BWD_VAR]) if known else -1.0
    out[at + 6] = log1(values[CLOSED])
    repeated = values[CLOSED] >= 2
    out[at + 7] = values[SENT_MEAN]
    out[at + 8] = np.sqrt(values[SENT_VAR]) if repeated else -1.0
    out[at + 9] = values[GOT_MEAN]
    out[at + 10] = np.sqrt(values[GOT_VAR]) if repeated else -1.0
    out[at + 11] = log1(values[TURNS_MEAN])
    out[at + 12] = log1(np.float64(now - windows.times[place, FIRST]) * 1e-9)
    return at + 13


@lean_kernel
def _dns(counts: npt.NDArray[np.float32], out: Row, at: int) -> int:
    queries = max(counts[3, DNS_QUERIES], np.float32(0.5))
    out[at] = log1(counts[1, DNS_QUERIES])
    out[at + 1] = log1(counts[3, DNS_QUERIES])
    out[at + 2] = share(counts[3, DNS_CHANGES], queries)
    out[at + 3] = share(counts[3, DNS_MISSING], queries)
    out[at + 4] = share(counts[3, DNS_BYTES] * np.float32(0.01), queries)
    out[at + 5] = share(counts[3, DNS_ENTROPY], queries)
    return at + 6


@lean_part
def _macs(
    windows: Windows,
    places: npt.NDArray[np.int64],
    counts: npt.NDArray[np.float32],
    stamp: np.uint32,
    out: Row,
    at: int,
) -> int:
    place = places[MAC]
    out[at] = _log_distinct(windows.peers, place, stamp, 60.0)
    out[at + 1] = _log_distinct(windows.peers, place, stamp, 600.0)
    out[at + 2] = _log_distinct(windows.ports, place, stamp, 10.0)
    out[at + 3] = _log_distinct(windows.ports, place, stamp, 60.0)
    out[at + 4] = log1(counts[MAC, 1, ARP_REQUESTS])
    out[at + 5] = log1(counts[MAC, 1, ARP_REPLIES])
    out[at + 6] = log1(counts[MAC, 3, MAC_CONFLICTS])
    out[at + 7] = log1(counts[SRC, 3, MAC_CONFLICTS]) if place >= 0 else 0.0
    return at + 8
