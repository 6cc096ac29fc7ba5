"""Rows for tests of the store."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from contract.addresses import array_to_column
from contract.alert import Alert
from contract.schemas import FLOWS, NAME, TIME, VERDICTS

START = 1_700_000_000_000_000_000
FAMILIES = ["benign", "syn_flood", "web_scan"]


def addresses(last: np.ndarray) -> pa.Array:
    rows = np.zeros((len(last), 16), np.uint8)
    rows[:, 10:12] = 255
    rows[:, 12], rows[:, 13], rows[:, 14] = 198, 18, (last >> 8) & 255
    rows[:, 15] = last & 255
    return array_to_column(rows)


def times(values: np.ndarray) -> pa.Array:
    return pa.array(values.astype(np.int64)).cast(TIME)


def key_columns(ids: np.ndarray) -> dict[str, pa.Array]:
    return {
        "src": addresses(ids % 1000),
        "dst": addresses(np.full(len(ids), 9)),
        "src_port": pa.array((1024 + ids % 60000).astype(np.uint16)),
        "dst_port": pa.array(np.full(len(ids), 80, np.uint16)),
        "protocol": pa.array(np.full(len(ids), 6, np.uint16)),
    }


def verdicts(rows: int, first_id: int = 0, *, codes: np.ndarray | None = None, final: bool = True) -> pa.RecordBatch:
    """Verdicts of flows ``first_id`` onwards; a third each benign, syn_flood, web_scan unless ``codes`` says else."""
    ids = np.arange(first_id, first_id + rows)
    chosen = ids % 3 if codes is None else codes
    columns = {
        "flow_id": pa.array(ids.astype(np.uint64)),
        **key_columns(ids),
        "first": times(START + ids * 1000),
        "last": times(START + ids * 1000 + 500),
        "packets": pa.array(np.full(rows, 2, np.uint32)),
        "bytes": pa.array(np.full(rows, 120, np.uint64)),
        "decided": times(START + ids * 1_000_000),
        "family": pa.DictionaryArray.from_arrays(pa.array(chosen.astype(np.int16)), pa.array(FAMILIES)).cast(NAME),
        "score": pa.array((0.5 + (ids % 50) / 100).astype(np.float32)),
        "final": pa.array(np.full(rows, final)),
        "alert_id": pa.array(np.zeros(rows, np.uint64)),
    }
    return pa.RecordBatch.from_arrays([columns[f.name] for f in VERDICTS], schema=VERDICTS)


def flows(rows: int, first_id: int = 0) -> pa.RecordBatch:
    ids = np.arange(first_id, first_id + rows)
    columns = {"flow_id": pa.array(ids.astype(np.uint64)), **key_columns(ids)}
    columns["first"] = times(START + ids * 1000)
    columns["last"] = times(START + ids * 1_000_000)
    values = [
        columns[f.name] if f.name in columns else pa.array(np.full(rows, 4, f.type.to_pandas_dtype())) for f in FLOWS
    ]
    return pa.RecordBatch.from_arrays(values, schema=FLOWS)


def alert(number: int, revision: int = 1, family: str = "syn_flood") -> Alert:
    return Alert(
        alert_id=number,
        family=family,
        severity="high",
        severity_reason="many",
        confidence=0.9,
        first_seen=START + number,
        last_seen=START + number + revision * 1000,
        attackers=[f"198.18.0.{number % 250}"],
        victims=["198.18.1.1"],
        ports=[80],
        protocol=6,
        flows=10 * revision,
        evidence=["many SYNs"],
        sample_flows=[{"flow_id": number, "community_id": f"1:{number}"}],
        revision=revision,
    )
