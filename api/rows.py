"""Rows of the store as JSON objects. 64-bit ids are strings: a browser's numbers hold 53 bits."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from api.wire import encode
from contract.addresses import column_to_array, texts
from contract.clock import iso
from contract.community_id import community_ids
from contract.families import ATTACK_VERSION, TECHNIQUES, catalogue
from contract.schemas import ARP, ENDED

PROTOCOLS: Final = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 47: "gre", 58: "icmpv6", 132: "sctp", ARP: "arp"}
_FLAGS: Final = "FSRPAUEC"
_MOST_BYTES: Final = 16 << 20
_INSTANTS: Final = ("committed_ns", "raised_ns")


def alert_item(document: dict[str, Any]) -> dict[str, Any]:
    """An alert of the store as the API shows it: times as text and in ms, ids as text."""
    item = {name: value for name, value in document.items() if name not in ("first_seen", "last_seen", "decided")}
    item["alert_id"] = str(document["alert_id"])
    item["attack_version"] = ATTACK_VERSION
    item["first_seen_ms"] = document["first_seen"] / 1e6
    item["last_seen_ms"] = document["last_seen"] / 1e6
    item["decided_text"] = iso(document["decided"])
    for name in _INSTANTS:
        item.pop(name, None)
        if document.get(name):
            item[name.removesuffix("_ns") + "_text"] = iso(document[name])
    item["sample_flows"] = [row | {"flow_id": str(row.get("flow_id", ""))} for row in document.get("sample_flows", [])]
    return item


class AlertCache:
    """Alerts encoded once a revision, since many ask for the same ones. May be shared by threads.

    Of each alert the revision that was asked for last is kept, of all together no more than ``_MOST_BYTES``.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], tuple[tuple[int, int], bytes]] = OrderedDict()
        self._turn = threading.Lock()
        self._bytes = 0

    def encoded(self, run: str, document: dict[str, Any]) -> bytes:
        """One alert of the store as JSON bytes."""
        key, version = (run, document["alert_id"]), (document["revision"], document["committed_ns"])
        known = self._known.get(key)
        if known is not None and known[0] == version:
            return known[1]
        found = encode(alert_item(document))
        with self._turn:
            self._forget(key)
            self._known[key] = version, found
            self._bytes += len(found)
            while self._bytes > _MOST_BYTES:
                self._forget(next(iter(self._known)))
        return found

    def _forget(self, key: tuple[str, int]) -> None:
        known = self._known.pop(key, None)
        self._bytes -= len(known[1]) if known else 0

    def items(self, run: str, documents: list[dict[str, Any]]) -> list[orjson.Fragment]:
        """Alerts as ready pieces of a JSON list."""
        return [orjson.Fragment(self.encoded(run, document)) for document in documents]


def detection_items(table: pa.Table) -> list[dict[str, Any]]:
    """Verdicts of a page of the store."""
    items = _common(table)
    families = table.column("family").cast(pa.string()).to_pylist()
    known = catalogue()
    columns = {name: np.asarray(table.column(name)).tolist() for name in ("packets", "bytes", "score", "alert_id")}
    final = table.column("final").to_pylist()
    decided, committed = _instants(table, "decided"), _instants(table, "committed")
    for at, item in enumerate(items):
        family = known.get(families[at])
        technique = family.technique if family else ""
        item |= {
            "family": families[at],
            "group": family.group if family else families[at],
            "technique": {"id": technique, "name": TECHNIQUES.get(technique, "")},
            "score": round(columns["score"][at], 4),
            "final": final[at],
            "packets": columns["packets"][at],
            "bytes": columns["bytes"][at],
            "alert_id": str(columns["alert_id"][at]) if columns["alert_id"][at] else None,
            "decided": decided[at],
            "committed": committed[at],
        }
    return items


def flow_items(table: pa.Table) -> list[dict[str, Any]]:
    """Ended flows of a page of the store."""
    items = _common(table)
    names = ("packets_fwd", "packets_bwd", "bytes_fwd", "bytes_bwd", "payload_fwd", "payload_bwd")
    columns = {name: np.asarray(table.column(name)).tolist() for name in names}
    flags = {name: np.asarray(table.column(f"tcp_flags_{name}")).tolist() for name in ("fwd", "bwd")}
    ended = np.asarray(table.column("ended")).tolist()
    committed = _instants(table, "committed")
    for at, item in enumerate(items):
        item |= {name: columns[name][at] for name in names}
        item |= {f"tcp_flags_{side}": _flag_text(flags[side][at]) for side in flags}
        item |= {"ended": ENDED[ended[at]] if ended[at] < len(ENDED) else "unknown", "committed": committed[at]}
    return items


def _common(table: pa.Table) -> list[dict[str, Any]]:
    src, dst = column_to_array(table.column("src")), column_to_array(table.column("dst"))
    ports = [np.asarray(table.column(name)) for name in ("src_port", "dst_port", "protocol")]
    columns: list[list[Any]] = [
        [str(number) for number in np.asarray(table.column("flow_id")).tolist()],
        community_ids(src, dst, ports[0], ports[1], ports[2]).to_pylist(),
        texts(src),
        texts(dst),
        *(column.tolist() for column in ports),
        _instants(table, "first"),
        _instants(table, "last"),
    ]
    names = ("flow_id", "community_id", "src", "dst", "src_port", "dst_port", "protocol", "first", "last")
    items = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    for item in items:
        item["protocol_name"] = PROTOCOLS.get(item["protocol"], str(item["protocol"]))
    return items


def _instants(table: pa.Table, name: str) -> list[str]:
    numbers: npt.NDArray[np.int64] = np.asarray(table.column(name).cast(pa.int64()))
    texts_of: list[str] = np.datetime_as_string((numbers // 1000).astype("datetime64[us]")).tolist()
    return [f"{text}Z" for text in texts_of]


def _flag_text(flags: int) -> str:
    return "".join(letter for bit, letter in enumerate(_FLAGS) if flags >> bit & 1)
