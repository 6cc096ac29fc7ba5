"""Rows as a table for people and their tools: addresses, protocols and ids in words, one plain column each."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa

from contract.addresses import column_to_array, text_column
from contract.community_id import community_ids
from contract.families import catalogue
from contract.schemas import ENDED, TIME
from store.formats import words
from store.formats.base import FLOWS, Rows
from store.formats.columns import column, distinct, plain

_LISTS: Final = pa.list_(pa.string())
# Of a document, in this order; what else it holds (samples) has no place in a row.
_ALERT: Final[dict[str, pa.DataType]] = {
    "alert_id": pa.int64(), "family": pa.string(), "group": pa.string(), "technique": pa.string(),
    "tactic": pa.string(), "severity": pa.string(), "severity_reason": pa.string(), "confidence": pa.float64(),
    "first_seen": TIME, "last_seen": TIME, "decided": TIME, "attackers": _LISTS, "victims": _LISTS,
    "ports": pa.list_(pa.int64()), "attackers_total": pa.int64(), "victims_total": pa.int64(),
    "ports_total": pa.int64(), "protocol": pa.int64(), "flows": pa.int64(), "packets": pa.int64(),
    "bytes": pa.int64(), "rate": pa.float64(), "evidence": _LISTS, "revision": pa.int64(), "open": pa.bool_(),
    "direction": pa.string(),
}  # fmt: skip


def tabular(rows: Rows, what: str) -> pa.Table:
    """Alerts, detections or flows as a table of strings, numbers, times and (of alerts) lists."""
    return _alerts(rows) if isinstance(rows, list) else _flows(rows, what)


def _alerts(documents: list[dict[str, Any]]) -> pa.Table:
    columns = {name: [document.get(name) for document in documents] for name in _ALERT}
    for name in ("technique", "tactic"):
        columns[name] = [(document.get(name) or {}).get("id", "") for document in documents]
    return pa.table({name: pa.array(columns[name], kind) for name, kind in _ALERT.items()})


def _flows(table: pa.Table, what: str) -> pa.Table:
    src, dst = column_to_array(table.column("src")), column_to_array(table.column("dst"))
    src_port, dst_port, protocol = (plain(table, name) for name in ("src_port", "dst_port", "protocol"))
    made: dict[str, pa.Array] = {
        "src": text_column(src),
        "dst": text_column(dst),
        "protocol_name": distinct(protocol, words.protocol_word),
        "community_id": community_ids(src, dst, src_port, dst_port, protocol),
    }
    if what == FLOWS:
        ended = plain(table, "ended")
        made |= {name: distinct(plain(table, name), _mac) for name in ("src_mac", "dst_mac")}
        made["ended"] = distinct(ended, lambda code: ENDED[code] if code < len(ENDED) else "unknown")
    else:
        made |= _families(column(table, "family"))
    order = [name for name in table.schema.names if name != "row"]
    order[5:5] = [name for name in made if name not in order]
    return pa.table({name: made[name] if name in made else table.column(name) for name in order})


def _families(column_of: pa.Array) -> dict[str, pa.Array]:
    encoded = column_of.cast(pa.string()).dictionary_encode()
    codes, names, known = np.asarray(encoded.indices), encoded.dictionary.to_pylist(), catalogue()

    def of(name: str, code: int) -> str:
        found = known.get(names[code])
        return str(getattr(found, name)) if found else names[code] if name == "group" else ""

    made = {name: distinct(codes, partial(of, name)) for name in ("group", "technique", "tactic")}
    return {"family": encoded.dictionary_decode(), **made}


def _mac(number: int) -> str:
    """A MAC address as text, empty where the link has none."""
    return number.to_bytes(8, "big")[2:].hex(":") if number else ""
