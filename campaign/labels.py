"""Which line of truth does each flow belong to? Truth is matched in columns, never row by row.

Two kinds of truth: a ``tenfold-truth/1`` file (rules over addresses, ports and time, written by hand or by the
generator), and a TRUTH table (one row an attempt or ordinary conversation, written by the generator during a run).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import Bytes2D, Networks, column_to_array
from contract.families import BENIGN, UNKNOWN, group_of
from contract.schemas import ARP
from contract.truth import Entry, Truth

Mask = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]
NO_ENTRY: Final = -1
_PORTED: Final = (6, 17, 33, 132)
_ICMP: Final = (1, 58)


def times(table: pa.Table | pa.RecordBatch, name: str) -> I64:
    """A timestamp column as int64 nanoseconds."""
    return numbers(table, name, pa.int64()).astype(np.int64, copy=False)


def numbers(table: pa.Table | pa.RecordBatch, name: str, as_type: pa.DataType | None = None) -> npt.NDArray[np.generic]:
    """A column of numbers (or, with ``as_type``, of what casts to one) as an array."""
    column = table.column(name)
    if as_type is not None:
        column = column.cast(as_type)
    array: npt.NDArray[np.generic] = (
        column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    )
    return array


def words(table: pa.Table | pa.RecordBatch, name: str) -> npt.NDArray[np.object_]:
    """A dictionary-encoded column of names as an array of str, each word made once."""
    column = table.column(name)
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = [
        np.array(c.dictionary.to_pylist(), object)[c.indices.to_numpy(zero_copy_only=False)] for c in chunks if len(c)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, object)


def label_flows(flows: pa.Table, truth: Truth) -> I64:
    """The index of the first entry that each row of a FLOWS table matches, ``NO_ENTRY`` where none: int64 ``(n,)``."""
    labels = np.full(flows.num_rows, NO_ENTRY, np.int64)
    if not flows.num_rows:
        return labels
    columns = _Columns.of(flows)
    for index in range(len(truth.entries) - 1, -1, -1):
        labels[_matches(truth.entries[index], columns)] = index
    return labels


@dataclass(frozen=True)
class _Columns:
    src: Bytes2D
    dst: Bytes2D
    src_port: npt.NDArray[np.generic]
    dst_port: npt.NDArray[np.generic]
    protocol: npt.NDArray[np.generic]
    first: I64
    last: I64
    src_mac: npt.NDArray[np.generic]
    dst_mac: npt.NDArray[np.generic]
    arp_operation: npt.NDArray[np.generic]

    @classmethod
    def of(cls, flows: pa.Table) -> _Columns:
        return cls(
            src=column_to_array(flows.column("src")),
            dst=column_to_array(flows.column("dst")),
            src_port=numbers(flows, "src_port"),
            dst_port=numbers(flows, "dst_port"),
            protocol=numbers(flows, "protocol"),
            first=times(flows, "first"),
            last=times(flows, "last"),
            src_mac=numbers(flows, "src_mac"),
            dst_mac=numbers(flows, "dst_mac"),
            arp_operation=numbers(flows, "arp_operation"),
        )


def _matches(entry: Entry, flows: _Columns) -> Mask:
    found: Mask = np.ones(len(flows.first), np.bool_)
    if entry.protocol is not None:
        found &= flows.protocol == entry.protocol
    if entry.start is not None:
        found &= flows.last >= entry.start
    if entry.end is not None:
        found &= flows.first <= entry.end
    if entry.attacker_macs:
        # An ARP flow has one sender; of other flows either side may be the attacker's.
        macs = np.array(entry.attacker_macs, np.uint64)
        found &= np.isin(flows.src_mac, macs) | ((flows.protocol != ARP) & np.isin(flows.dst_mac, macs))
    if entry.arp_operation is not None:
        found &= (flows.protocol == ARP) & (flows.arp_operation == entry.arp_operation)
    if entry.ports or entry.not_ports:
        found &= _port_matches(entry, flows)
    return found & (_sides(entry, flows.src, flows.dst) | _sides(entry, flows.dst, flows.src))


def _port_matches(entry: Entry, flows: _Columns) -> Mask:
    """Either side's port may be the one meant: whoever wrote the truth often did not know who started."""
    ported = np.isin(flows.protocol, _PORTED)
    found: Mask = np.ones(len(ported), np.bool_)
    if entry.ports:
        found &= ported & (np.isin(flows.src_port, entry.ports) | np.isin(flows.dst_port, entry.ports))
    if entry.not_ports:
        found &= ~(ported & (np.isin(flows.src_port, entry.not_ports) | np.isin(flows.dst_port, entry.not_ports)))
    return found


def _sides(entry: Entry, attacker: Bytes2D, victim: Bytes2D) -> Mask:
    """Whether the rows match when ``attacker`` and ``victim`` are taken for those sides."""
    found: Mask = np.ones(len(attacker), np.bool_)
    for given, column, wanted in (
        (entry.attackers, attacker, True),
        (entry.victims, victim, True),
        (entry.not_attackers, attacker, False),
        (entry.not_victims, victim, False),
    ):
        if given:
            found &= Networks(given).contains(column) == wanted
    return found


@dataclass(frozen=True)
class Pairs:
    """Which flow carries which row of a TRUTH table: ``truth[i]`` goes with ``flow[i]``, sorted by ``truth``."""

    truth: I64
    flow: I64


def pair_truth(flows: pa.Table, truth: pa.Table) -> Pairs:
    """Join a TRUTH table to a FLOWS table: same addresses, ports and protocol in either direction, at the same time.

    An attempt may lie in several flows (a timeout cut it), and a flow may carry several attempts (ICMP has no ports).
    """
    if not flows.num_rows or not truth.num_rows:
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64))
    flow_key, truth_key = flow_keys(flows), flow_keys(truth)
    first, last = times(flows, "first"), times(flows, "last")
    order = np.lexsort((first, flow_key))
    keys, first, last = flow_key[order], first[order], last[order]
    # Flows of one key follow each other in time, so those that an attempt overlaps are one range of the sorted rows.
    ranks = np.unique(keys)
    flow_rank = np.searchsorted(ranks, keys)
    truth_rank = np.searchsorted(ranks, truth_key)
    known = (truth_rank < len(ranks)) & (ranks[np.minimum(truth_rank, len(ranks) - 1)] == truth_key)
    rows = np.flatnonzero(known)
    begin = search_in_groups(flow_rank, last, truth_rank[rows], times(truth, "first")[rows], after=False)
    end = search_in_groups(flow_rank, first, truth_rank[rows], times(truth, "last")[rows], after=True)
    counts = np.maximum(end - begin, 0)
    truth_row = np.repeat(rows, counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return Pairs(truth_row.astype(np.int64), order[np.repeat(begin, counts) + offset].astype(np.int64))


def search_in_groups(ranks: I64, values: I64, wanted_rank: I64, wanted: I64, *, after: bool) -> I64:
    """``searchsorted`` over rows sorted by rank, then value: how many come before each wanted (rank, value).

    Equal ones count where ``after``.
    """
    together = np.lexsort(
        (
            np.concatenate((np.zeros(len(values), np.int8), np.full(len(wanted), 1 if after else -1, np.int8))),
            np.concatenate((values, wanted)),
            np.concatenate((ranks, wanted_rank)),
        )
    )
    is_flow = together < len(values)
    before = np.cumsum(is_flow)
    found = np.empty(len(wanted), np.int64)
    found[together[~is_flow] - len(values)] = before[~is_flow]
    return found


def flow_keys(table: pa.Table) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of the 5-tuple that is the same for both directions.

    A chance collision among a million keys has a probability of about 3e-8 and could mislabel one flow.
    """
    protocol = numbers(table, "protocol").astype(np.uint64)
    ported = np.isin(protocol, _PORTED)
    # An ICMP flow carries the type of its first message in place of a port; it belongs to neither side.
    kind = protocol + np.where(np.isin(protocol, _ICMP), numbers(table, "src_port"), 0).astype(np.uint64) * np.uint64(
        65536
    )
    low = _end(column_to_array(table.column("src")), numbers(table, "src_port"), ported)
    high = _end(column_to_array(table.column("dst")), numbers(table, "dst_port"), ported)
    key: npt.NDArray[np.uint64] = mix(np.minimum(low, high) ^ mix(np.maximum(low, high) + kind))
    return key


def _end(address: Bytes2D, port: npt.NDArray[np.generic], ported: Mask) -> npt.NDArray[np.uint64]:
    halves = np.ascontiguousarray(address).view(np.uint64).reshape(-1, 2)
    return mix(mix(halves[:, 0] ^ mix(halves[:, 1])) ^ np.where(ported, port, 0).astype(np.uint64))


def mix(words_: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of SplitMix64: each input bit changes each output bit with probability one half."""
    x = words_ + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def family_per_flow(flows: pa.Table, truth: Truth | pa.Table) -> npt.NDArray[np.object_]:
    """The true family of each flow, ``benign`` or ``unknown`` where it is no attack: str ``(n,)``.

    Where attempts of several families share a flow, an attack counts before ordinary traffic, the earliest first.
    A flow that a TRUTH table does not know is ``unknown``; an ordinary family is given as ``benign``.
    """
    if isinstance(truth, Truth):
        names = np.array(
            [*(e.family if group_of(e.family) != BENIGN else BENIGN for e in truth.entries), truth.otherwise], object
        )
        found: npt.NDArray[np.object_] = names[label_flows(flows, truth)]
        return found
    return families_of_pairs(flows.num_rows, truth, pair_truth(flows, truth))


def families_of_pairs(flow_count: int, truth: pa.Table, pairs: Pairs) -> npt.NDArray[np.object_]:
    """``family_per_flow`` of a TRUTH table that is already joined."""
    labels = np.full(flow_count, UNKNOWN, object)
    family = words(truth, "family")[pairs.truth] if len(pairs.truth) else np.zeros(0, object)
    attack = is_attack(family)
    order = np.lexsort((times(truth, "first")[pairs.truth], ~attack)) if len(family) else np.zeros(0, np.int64)
    backwards = order[::-1]  # the last to be written is the one that counts most
    labels[pairs.flow[backwards]] = np.where(attack, family, BENIGN)[backwards]
    return labels


def is_attack(family: npt.NDArray[np.object_]) -> Mask:
    """Which of these family names are attacks: bool ``(n,)``."""
    encoded = pa.array(family, pa.string()).dictionary_encode()  # to sort the words takes ten times as long
    known = np.array([group_of(name) not in (BENIGN, UNKNOWN) for name in encoded.dictionary.to_pylist()], np.bool_)
    found: Mask = known[np.asarray(encoded.indices)] if len(known) else np.zeros(len(family), np.bool_)
    return found
