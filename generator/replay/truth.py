"""Truth on its way: which flows of the replay are which family, told in its addresses and times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import array_to_column, column_to_array
from contract.clock import iso
from contract.families import catalogue, group_of
from contract.schemas import TIME, TRUTH
from contract.truth import FORMAT, PROTOCOLS, Entry, Truth
from generator.replay.mapping import AddressMap
from generator.replay.octets import I64

Clock = Callable[[I64], I64]  # times of the capture to times of the replay
_NAMES: Final = {number: name for name, number in reversed(PROTOCOLS.items())}
_OPERATIONS: Final = {1: "request", 2: "reply"}
Json = dict[str, Any]


def entries_of(truth: Truth, people: AddressMap, clock: Clock, *, alone: bool = True) -> list[Json]:
    """The entries of a capture's truth as JSON objects for one round of its replay.

    ``alone`` is false where other traffic is mixed in: an entry that names no attacker then names all hosts of the
    capture, so that it does not speak of the others.
    """
    return [_entry(entry, people, clock, alone=alone) for entry in truth.entries]


def _entry(entry: Entry, people: AddressMap, clock: Clock, *, alone: bool) -> Json:
    made: Json = {"family": entry.family, "technique": entry.technique or _technique(entry.family)}
    for name, moment in (("start", entry.start), ("end", entry.end)):
        # Truth has microseconds: an end is rounded up, so that what begins with it still belongs to it.
        more = 999 if name == "end" else 0
        made[name] = None if moment is None else iso(int(clock(np.array([moment], np.int64))[0]) + more)
    for name in ("attackers", "victims", "not_attackers", "not_victims"):
        given: Sequence[str] = getattr(entry, name)
        made[name] = people.networks(given) if given else []
    if not alone and not entry.attackers and not entry.attacker_macs:
        made["attackers"] = people.everybody()
    if entry.attacker_macs:
        macs = people.macs(entry.attacker_macs)
        made["attacker_macs"] = [":".join(f"{mac:012x}"[k : k + 2] for k in range(0, 12, 2)) for mac in macs]
    if entry.ports:
        made["ports"] = list(entry.ports)
    if entry.not_ports:
        made["not_ports"] = list(entry.not_ports)
    if entry.protocol is not None:
        made["protocol"] = _NAMES.get(entry.protocol, entry.protocol)
    if entry.arp_operation is not None:
        made["arp_operation"] = _OPERATIONS.get(entry.arp_operation, entry.arp_operation)
    return {name: value for name, value in made.items() if value != [] or name in ("attackers", "victims")}


def _technique(family: str) -> str:
    found = catalogue().get(family)
    return found.technique if found else ""


def merged(rounds: Sequence[list[Json]]) -> list[Json]:
    """The entries of all rounds: one that has no times is one entry, with the hosts of all rounds."""
    if len(rounds) < 2:
        return [entry for entries in rounds for entry in entries]
    found: list[Json] = []
    for same in zip(*rounds, strict=True):
        if same[0]["start"] is None and same[0]["end"] is None:
            lists = [name for name, value in same[0].items() if isinstance(value, list) and "ports" not in name]
            found.append(same[0] | {name: _union([entry[name] for entry in same]) for name in lists})
        else:
            found.extend(same)
    return found


def _union(lists: Sequence[list[Any]]) -> list[Any]:
    return list(dict.fromkeys(item for items in lists for item in items))


def document(entries: list[Json], capture: str, otherwise: str) -> Json:
    """A ``tenfold-truth/1`` object."""
    return {"format": FORMAT, "capture": capture, "entries": entries, "otherwise": otherwise}


def rows_of(rows: pa.Table, people: AddressMap, clock: Clock, first_attempt: int, stop_ns: int) -> pa.RecordBatch:
    """TRUTH rows of a capture (its addresses and times) as those of one round; what begins later is left out.

    Attempts are numbered from ``first_attempt`` on.
    """
    begun = clock(times(rows, "first"))
    inside = np.flatnonzero(begun < stop_ns)
    rows = rows.take(pa.array(inside))
    columns = {name: rows.column(name).combine_chunks() for name in rows.column_names}
    columns["attempt"] = pa.array(columns["attempt"].to_numpy() + first_attempt)
    for name in ("intended", "first", "last"):
        columns[name] = pa.array(np.minimum(clock(times(rows, name)), stop_ns - 1)).cast(TIME)
    for name in ("src", "dst"):
        columns[name] = array_to_column(people.addresses(column_to_array(rows.column(name))))
    arrays = [pa.array([], f.type) if not len(rows) else _single(columns[f.name]) for f in TRUTH]
    return pa.RecordBatch.from_arrays(arrays, schema=TRUTH)


def _single(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def times(table: pa.Table, name: str) -> I64:
    """A timestamp column as int64 nanoseconds."""
    values: I64 = table.column(name).cast(pa.int64()).to_numpy().astype(np.int64)
    return values


def starts_of(rows: pa.Table) -> I64:
    """When each attempt of an attack was to begin, ascending: int64 ``(attempts,)``."""
    names = rows.column("family").combine_chunks()
    chunks = names.chunks if isinstance(names, pa.ChunkedArray) else [names]
    parts = [
        np.array([group_of(word) not in ("benign", "unknown") for word in c.dictionary.to_pylist()], np.bool_)[
            c.indices.to_numpy(zero_copy_only=False)
        ]
        for c in chunks
        if len(c)
    ]
    attack: npt.NDArray[np.bool_] = np.concatenate(parts) if parts else np.zeros(0, np.bool_)
    attempts = rows.column("attempt").to_numpy()[attack]
    ids, which = np.unique(attempts, return_inverse=True)
    first = np.full(len(ids), np.iinfo(np.int64).max)
    np.minimum.at(first, which, times(rows, "intended")[attack])
    return np.sort(first)
