"""Which of the true flows an alert is about: by 5-tuple, Community ID, pair of addresses, or one address.

All joins are over columns. An alert matches what lived within ``tolerance`` of its own stamp, in either direction. What
an alert does not say (a port, a protocol, one address) does not count against a match, and makes it a wider one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaign.alert_record import NONE
from campaign.alert_table import Alerts
from campaign.labels import I64, Mask, Pairs, numbers, pair_truth
from campaign.true_flows import TrueFlows, icmp_kind
from contract.addresses import Bytes2D, array_to_column
from contract.community_id import community_ids
from contract.schemas import TIME

_PORTED: Final = (6, 17, 33, 132)
_ICMP: Final = (1, 58)
FLOW, PAIR, HOST = 0, 1, 2  # how closely an alert names what it is about
Small = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Matches:
    """``alert[i]`` is about true flow ``row[i]``. ``level`` says of each alert how closely it names flows."""

    alert: I64
    row: I64
    level: Small


def match(alerts: Alerts, truth: TrueFlows, tolerance_ns: int, seed: int = 0) -> Matches:
    """Join alerts to true flows; ``seed`` is that of the detector's Community IDs."""
    has_src, has_dst = alerts.src.any(axis=1), alerts.dst.any(axis=1)
    ported = np.isin(alerts.protocol, _PORTED) & (alerts.src_port != NONE) & (alerts.dst_port != NONE)
    icmp = np.isin(alerts.protocol, _ICMP) & (alerts.src_port != NONE)
    other = (alerts.protocol >= 0) & ~np.isin(alerts.protocol, (*_PORTED, *_ICMP))
    tuples = has_src & has_dst & (ported | icmp | other)
    named_by_id: Mask = np.asarray(alerts.community_id != "", np.bool_)
    named = ~tuples & named_by_id
    pairs = ~tuples & ~named & has_src & has_dst
    level = np.full(len(alerts), HOST, np.int8)
    level[tuples | named] = FLOW
    level[pairs] = PAIR
    parts = [
        _by_tuple(alerts, truth, np.flatnonzero(tuples), tolerance_ns),
        _by_community_id(alerts, truth, np.flatnonzero(named), tolerance_ns, seed),
        _by_addresses(alerts, truth, np.flatnonzero(pairs), tolerance_ns),
        _by_host(alerts, truth, np.flatnonzero(level == HOST), tolerance_ns),
    ]
    # Where no flow bears an alert's own tuple, its Community ID may still be right (an address that was rewritten).
    lost = np.asarray(tuples & named_by_id, np.bool_)
    lost &= ~np.isin(np.arange(len(alerts)), parts[0].truth)
    parts.append(_by_community_id(alerts, truth, np.flatnonzero(lost), tolerance_ns, seed))
    return Matches(np.concatenate([part.truth for part in parts]), np.concatenate([part.flow for part in parts]), level)


def keyed(
    src: Bytes2D,
    dst: Bytes2D,
    ports: tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]],
    protocol: npt.NDArray[np.integer],
    span: tuple[I64, I64],
) -> pa.Table:
    """What ``campaign.labels.pair_truth`` joins: ends, ports and protocol with a time from and to."""
    kind = np.where(np.isin(protocol, _ICMP), icmp_kind(ports[0].astype(np.int64)), ports[0])
    return pa.table(
        {
            "src": array_to_column(src),
            "dst": array_to_column(dst),
            "src_port": pa.array(kind.astype(np.uint16)),
            "dst_port": pa.array(ports[1].astype(np.uint16)),
            "protocol": pa.array(protocol.astype(np.uint16)),
            "first": pa.array(span[0]).cast(TIME),
            "last": pa.array(span[1]).cast(TIME),
        }
    )


def keyed_truth(truth: TrueFlows) -> pa.Table:
    """The true flows as ``keyed``."""
    ports = numbers(truth.table, "src_port"), numbers(truth.table, "dst_port")
    protocol = numbers(truth.table, "protocol")
    return keyed(truth.src, truth.dst, ports, protocol, (truth.first, truth.last))  # type: ignore[arg-type] # all are whole numbers


def _by_tuple(alerts: Alerts, truth: TrueFlows, mine: I64, tolerance_ns: int) -> Pairs:
    if not len(mine):
        return _nothing()
    stamps = alerts.time[mine]
    ports = np.maximum(alerts.src_port[mine], 0), np.maximum(alerts.dst_port[mine], 0)
    asked = keyed(
        alerts.src[mine],
        alerts.dst[mine],
        ports,
        alerts.protocol[mine],
        (stamps - tolerance_ns, stamps + tolerance_ns),
    )
    return _own(pair_truth(keyed_truth(truth), asked), mine)


def _by_community_id(alerts: Alerts, truth: TrueFlows, mine: I64, tolerance_ns: int, seed: int) -> Pairs:
    if not len(mine):
        return _nothing()
    low, high, protocol = (numbers(truth.table, n).astype(np.uint16) for n in ("src_port", "dst_port", "protocol"))
    ids = community_ids(truth.src, truth.dst, low, high, protocol, seed).to_pylist()
    wanted = alerts.community_id[mine]
    here, there = (_digests(list(names)) for names in (ids, wanted))
    stamps = alerts.time[mine]
    return _own(
        pair_truth(
            _single(here, (truth.first, truth.last)), _single(there, (stamps - tolerance_ns, stamps + tolerance_ns))
        ),
        mine,
    )


def _digests(names: list[str]) -> Bytes2D:
    made = b"".join(hashlib.blake2b(str(name).encode(), digest_size=16).digest() for name in names)
    return np.frombuffer(made, np.uint8).reshape(-1, 16)


def _single(key: Bytes2D, span: tuple[I64, I64]) -> pa.Table:
    nothing = np.zeros(len(key), np.int64)
    return keyed(key, np.zeros((len(key), 16), np.uint8), (nothing, nothing), nothing, span)


def _by_addresses(alerts: Alerts, truth: TrueFlows, mine: I64, tolerance_ns: int) -> Pairs:
    if not len(mine):
        return _nothing()
    nothing, stamps = np.zeros(len(truth), np.int64), alerts.time[mine]
    here = keyed(truth.src, truth.dst, (nothing, nothing), nothing, (truth.first, truth.last))
    none = np.zeros(len(mine), np.int64)
    there = keyed(
        alerts.src[mine], alerts.dst[mine], (none, none), none, (stamps - tolerance_ns, stamps + tolerance_ns)
    )
    return _agreeing(alerts, truth, _own(pair_truth(here, there), mine))


def _by_host(alerts: Alerts, truth: TrueFlows, mine: I64, tolerance_ns: int) -> Pairs:
    """An alert that names one address: what began or ended there."""
    host = np.where(alerts.src[mine].any(axis=1, keepdims=True), alerts.src[mine], alerts.dst[mine])
    known = np.asarray(host.any(axis=1), np.bool_)
    mine, host = mine[known], host[known]
    if not len(mine):
        return _nothing()
    stamps = alerts.time[mine]
    there = _single(host, (stamps - tolerance_ns, stamps + tolerance_ns))
    found = [_own(pair_truth(_single(side, (truth.first, truth.last)), there), mine) for side in (truth.src, truth.dst)]
    both = Pairs(*(np.concatenate([getattr(part, name) for part in found]) for name in ("truth", "flow")))
    return _agreeing(alerts, truth, both)


def _agreeing(alerts: Alerts, truth: TrueFlows, pairs: Pairs) -> Pairs:
    """Leave out what a port or protocol that the alert does name speaks against."""
    protocol, wanted = numbers(truth.table, "protocol")[pairs.flow], alerts.protocol[pairs.truth]
    agrees = (wanted < 0) | (protocol == wanted)
    kept = np.asarray(agrees, np.bool_)
    ends = [numbers(truth.table, side)[pairs.flow] for side in ("src_port", "dst_port")]
    for asked in (alerts.src_port[pairs.truth], alerts.dst_port[pairs.truth]):
        kept &= np.asarray((asked <= 0) | (ends[0] == asked) | (ends[1] == asked), np.bool_)
    return Pairs(pairs.truth[kept], pairs.flow[kept])


def _own(pairs: Pairs, mine: I64) -> Pairs:
    return Pairs(mine[pairs.truth], pairs.flow)


def _nothing() -> Pairs:
    return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64))
