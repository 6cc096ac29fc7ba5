"""What a reader asks for: the same filters for alerts, detections and flows."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contract.addresses import MAPPED_PREFIX, Networks, column_to_array, is_mapped
from contract.community_id import community_ids
from contract.errors import InputError
from contract.families import BENIGN, GROUPS, catalogue, group_of
from contract.schemas import TIME

PORTED: Final = (6, 17, 132)  # protocols whose flows have ports: of others the columns hold types and codes


@dataclass(frozen=True)
class Filters:
    """All of what is set must hold. Times are epoch nanoseconds.

    ``host`` is an address or a prefix (``198.18.0.0/15``) in text, on either side. ``port`` is one of TCP, UDP or SCTP
    on either side, of an alert one of those attacked. ``technique`` is an ATT&CK id; without a part behind a dot it
    means its sub-techniques too. ``min_score`` is the score of a verdict, the confidence of an alert. ``severity`` and
    ``open`` are for alerts alone; ``attacks`` leaves out verdicts that say ``benign``. Flows know no family, group,
    technique or score.
    """

    family: str | None = None
    group: str | None = None
    host: str | None = None
    since: int | None = None
    until: int | None = None
    min_score: float | None = None
    community_id: str | None = None
    severity: str | None = None
    open: bool | None = None
    attacks: bool = False
    technique: str | None = None
    port: int | None = None

    def check(self) -> None:
        """Raise ``InputError`` where the family, group or host is none, or the port is out of range."""
        if self.family is not None:
            group_of(self.family)
        if self.group is not None and self.group not in (*GROUPS, BENIGN):
            raise InputError(f"no group is called {self.group!r}; there are {', '.join(GROUPS)} and {BENIGN}")
        if self.host is not None:
            bounds(self.host)
        if self.port is not None and not 0 <= self.port <= 65_535:
            raise InputError(f"port {self.port} is not between 0 and 65535")

    def families(self) -> frozenset[str] | None:
        """The families that may match by family, group and technique, None for any."""
        chosen: frozenset[str] | None = None
        if self.family is not None:
            chosen = frozenset({self.family})
        if self.group is not None:
            of_group = {name for name, family in catalogue().items() if family.group == self.group}
            if self.group == BENIGN:
                of_group.add(BENIGN)
            chosen = frozenset(of_group) if chosen is None else chosen & of_group
        if self.technique is not None:
            of_technique = frozenset(
                name for name, family in catalogue().items() if _is_of(family.technique, self.technique)
            )
            chosen = of_technique if chosen is None else chosen & of_technique
        return chosen


def bounds(host: str) -> list[tuple[bytes, bytes]]:
    """The first and last addresses (16 bytes) of a prefix or address: two stretches where IPv4's lies within.

    IPv4 addresses are kept as mapped ones (RFC 4291), yet ``::/0`` means IPv6. Raises ``InputError``.
    """
    try:
        network = ipaddress.ip_network(host, strict=False)
    except ValueError:
        raise InputError(f"{host!r} is neither an IP address nor a prefix") from None
    pad = MAPPED_PREFIX if network.version == 4 else b""
    low, high = pad + network.network_address.packed, pad + network.broadcast_address.packed
    first, last = MAPPED_PREFIX + bytes(4), MAPPED_PREFIX + b"\xff" * 4
    if low < first and last < high:
        return [(low, _next(first, -1)), (_next(last, 1), high)]
    return [(low, high)]


def _next(address: bytes, step: int) -> bytes:
    return (int.from_bytes(address) + step).to_bytes(16)


def _is_of(technique: str, wanted: str) -> bool:
    return technique == wanted or technique.startswith(f"{wanted}.")


def matching(table: pa.Table, filters: Filters, time: str) -> pa.Table:
    """The rows of verdicts or flows that match; ``time`` is the column that ``since`` and ``until`` mean."""
    conditions = []
    if filters.since is not None:
        conditions.append(pc.greater_equal(table.column(time), pa.scalar(filters.since, TIME)))
    if filters.until is not None:
        conditions.append(pc.less_equal(table.column(time), pa.scalar(filters.until, TIME)))
    if filters.host is not None:
        conditions.append(_of_host(table, filters.host))
    if filters.port is not None:
        conditions.append(_of_port(table, filters.port))
    if "family" in table.schema.names:
        conditions += _verdict_conditions(table, filters)
    for condition in conditions[1:]:
        conditions[0] = pc.and_(conditions[0], condition)
    if conditions:
        table = table.filter(conditions[0])
    return _of_community(table, filters.community_id) if filters.community_id else table


def _of_host(table: pa.Table, host: str) -> pa.Array:
    stretches = bounds(host)
    low, high = stretches[0]
    if low == high:
        one = pa.scalar(low, pa.binary(16))
        return pc.or_(pc.equal(table.column("src"), one), pc.equal(table.column("dst"), one))
    networks = Networks([host])
    found = np.zeros(table.num_rows, np.bool_)
    for name in ("src", "dst"):
        side = column_to_array(table.column(name))
        found |= networks.contains(side) & ~is_mapped(side) if len(stretches) > 1 else networks.contains(side)
    return pa.array(found)


def _of_port(table: pa.Table, port: int) -> pa.ChunkedArray:
    wanted = pa.scalar(port, pa.uint16())
    ported = pc.is_in(table.column("protocol"), value_set=pa.array(PORTED, pa.uint16()))
    return pc.and_(
        ported, pc.or_(pc.equal(table.column("src_port"), wanted), pc.equal(table.column("dst_port"), wanted))
    )


def _verdict_conditions(table: pa.Table, filters: Filters) -> list[pa.ChunkedArray]:
    conditions = []
    families = filters.families()
    words = table.column("family").cast(pa.string())
    if families is not None:
        conditions.append(pc.is_in(words, value_set=pa.array(sorted(families), pa.string())))
    if filters.attacks:
        conditions.append(pc.not_equal(words, BENIGN))
    if filters.min_score is not None:
        conditions.append(pc.greater_equal(table.column("score"), pa.scalar(filters.min_score, pa.float32())))
    return conditions


def _of_community(table: pa.Table, wanted: str) -> pa.Table:
    if not table.num_rows:
        return table
    numbers = [np.asarray(table.column(name)) for name in ("src_port", "dst_port", "protocol")]
    src, dst = column_to_array(table.column("src")), column_to_array(table.column("dst"))
    ids = community_ids(src, dst, numbers[0], numbers[1], numbers[2])
    return table.filter(pc.equal(ids, wanted))
