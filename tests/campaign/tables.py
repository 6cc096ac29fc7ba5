"""Small tables of flows, verdicts and truth for tests of the judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from contract.addresses import to_bytes
from contract.alert import Alert
from contract.schemas import FLOWS, TRUTH, VERDICTS

SECOND = 1_000_000_000
_TEXT = {"src", "dst"}
_KEY = {
    "src": "198.18.0.1",
    "dst": "198.18.1.1",
    "src_port": 40000,
    "dst_port": 80,
    "protocol": 6,
    "first": 0,
    "last": SECOND,
}
_FLOW = _KEY | {
    "flow_id": 1,
    "ip_version": 4,
    "packets_fwd": 2,
    "packets_bwd": 1,
    "bytes_fwd": 120,
    "bytes_bwd": 60,
    "payload_fwd": 0,
    "payload_bwd": 0,
    "tcp_flags_fwd": 2,
    "tcp_flags_bwd": 18,
    "src_mac": 0,
    "dst_mac": 0,
    "arp_operation": 0,
    "ended": 0,
}
_VERDICT = _KEY | {
    "flow_id": 1,
    "packets": 3,
    "bytes": 180,
    "decided": SECOND,
    "family": "benign",
    "score": 0.9,
    "final": True,
    "alert_id": 0,
}
_TRUTH = _KEY | {"attempt": 0, "family": "web_browsing", "intended": 0, "frames": 3}


def _table(rows: list[dict[str, Any]], default: dict[str, Any], schema: pa.Schema) -> pa.Table:
    whole = [default | row for row in rows]
    columns = []
    for field in schema:
        values = [row[field.name] for row in whole]
        if field.name in _TEXT:
            values = [to_bytes(value) for value in values]
        if pa.types.is_dictionary(field.type):
            columns.append(pa.array(values, pa.string()).dictionary_encode().cast(field.type))
        elif pa.types.is_timestamp(field.type):
            columns.append(pa.array(np.array(values, np.int64)).cast(field.type))
        else:
            columns.append(pa.array(values, field.type))
    return pa.table(columns, schema=schema)


def flows_table(*rows: dict[str, Any]) -> pa.Table:
    """FLOWS; flow ids count from 1 unless given."""
    return _table([{"flow_id": n} | row for n, row in enumerate(rows, 1)], _FLOW, FLOWS)


def verdicts_table(*rows: dict[str, Any]) -> pa.Table:
    """VERDICTS."""
    return _table(list(rows), _VERDICT, VERDICTS)


def truth_table(*rows: dict[str, Any]) -> pa.Table:
    """TRUTH; attempts count from 0 unless given."""
    return _table([{"attempt": n} | row for n, row in enumerate(rows)], _TRUTH, TRUTH)


def alert(**given: Any) -> Alert:
    """An alert from 0 to 10 s of a SYN flood at 198.18.1.1."""
    fields: dict[str, Any] = {
        "alert_id": 1,
        "family": "syn_flood",
        "severity": "high",
        "severity_reason": "",
        "confidence": 0.9,
        "first_seen": 0,
        "last_seen": 10 * SECOND,
        "attackers": ["198.18.0.1"],
        "victims": ["198.18.1.1"],
        "attackers_total": 1,
        "victims_total": 1,
        "decided": 2 * SECOND,
    }
    return Alert(**(fields | given))
