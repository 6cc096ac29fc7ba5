"""Rows of every kind that a format must stand, and the rules that its records must keep."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa

from contract.addresses import array_to_column, to_bytes
from contract.alert import Alert
from contract.families import catalogue
from contract.schemas import ARP, FLOWS, NAME, VERDICTS
from store.formats.base import Origin
from tests.store.helpers import START, times

ORIGIN = Origin("run-1", "sensor-1", "eth0", test=True)
# (src, dst, src_port, dst_port, protocol): TCP, UDP over IPv6, ICMP, ICMPv6, GRE, SCTP, ARP, an unknown protocol
KEYS = [
    ("198.18.0.1", "198.18.0.9", 40000, 443, 6),
    ("2001:2::1", "2001:2::9", 53, 5353, 17),
    ("198.18.0.1", "198.18.0.9", 8, 0, 1),
    ("2001:2::9", "2001:2::1", 129, 0, 58),
    ("198.18.0.1", "198.18.0.9", 0, 0, 47),
    ("198.18.0.9", "198.18.0.1", 5000, 5001, 132),
    ("198.18.0.1", "198.18.0.9", 0, 0, ARP),
    ("198.18.0.1", "198.18.0.9", 0, 0, 253),
]
FAMILIES = ["syn_flood", "dns_tunnel", "icmp_flood", "benign", "exfiltration", "port_scan", "arp_spoofing", "web_scan"]


def _addresses(side: int) -> pa.Array:
    packed = b"".join(to_bytes(key[side]) for key in KEYS)
    return array_to_column(np.frombuffer(packed, np.uint8).reshape(-1, 16))


def _table(schema: pa.Schema, more: dict[str, pa.Array]) -> pa.Table:
    count = len(KEYS)
    columns = {
        "flow_id": pa.array(np.arange(1, count + 1, dtype=np.uint64)),
        "src": _addresses(0),
        "dst": _addresses(1),
        **{name: pa.array([key[at] for key in KEYS], pa.uint16()) for at, name in ((2, "src_port"), (3, "dst_port"))},
        "protocol": pa.array([key[4] for key in KEYS], pa.uint16()),
        "first": times(START + np.arange(count) * 1_001_000),
        "last": times(START + 2_000_000_000 + np.arange(count) * 1_001_000),
        **more,
    }
    return pa.table([columns[f.name] for f in schema], schema=schema)


def flow_table() -> pa.Table:
    count = len(KEYS)
    counted = [f for f in FLOWS if f.name.startswith(("packets", "bytes", "payload"))]
    numbers = {f.name: pa.array((np.arange(count) * 3 + 1).astype(f.type.to_pandas_dtype())) for f in counted}
    return _table(
        FLOWS,
        numbers
        | {
            "packets_bwd": pa.array([5, 0, 1, 0, 0, 2, 1, 0], pa.uint32()),
            "ip_version": pa.array([4, 6, 4, 6, 4, 4, 4, 4], pa.uint8()),
            "tcp_flags_fwd": pa.array([0x1B, *[0] * 7], pa.uint8()),
            "tcp_flags_bwd": pa.array([0x1A, *[0] * 7], pa.uint8()),
            "src_mac": pa.array([0x020000000001, *[0] * 7], pa.uint64()),
            "dst_mac": pa.array([0] * 8, pa.uint64()),
            "arp_operation": pa.array([0] * 6 + [1, 0], pa.uint8()),
            "ended": pa.array([2, 0, 0, 1, 3, 4, 5, 9], pa.uint8()),
        },
    )


def verdict_table() -> pa.Table:
    count = len(KEYS)
    words = pa.array(FAMILIES).dictionary_encode().cast(NAME)
    return _table(
        VERDICTS,
        {
            "packets": pa.array(np.arange(count, dtype=np.uint32) + 1),
            "bytes": pa.array(np.arange(count, dtype=np.uint64) + 60),
            "decided": times(START + 2_050_000_000 + np.arange(count) * 1_000_000),
            "family": words,
            "score": pa.array([0.999, 0.95, 0.7, 0.8, 0.6, 0.55, 0.9, 0.3], pa.float32()),
            "final": pa.array([True, False] * (count // 2)),
            "alert_id": pa.array([7, 0] * (count // 2), pa.uint64()),
        },
    )


def alert_documents() -> list[dict[str, Any]]:
    """One alert of each family of attacks, over each kind of flow in turn, as a reader gives them."""
    found = []
    for number, family in enumerate(name for name, one in catalogue().items() if one.attack):
        src, dst, src_port, dst_port, protocol = KEYS[number % len(KEYS)]
        sample = {"src": src, "dst": dst, "src_port": src_port, "dst_port": dst_port, "protocol": protocol}
        sample |= {"flow_id": number + 1, "community_id": "1:wCb3OG7yAFWelaUydu0D+125CLM="}
        alert = Alert(
            alert_id=number + 1,
            family=family,
            severity=("low", "medium", "high", "critical")[number % 4],
            severity_reason='a "reason"\nof two lines',
            confidence=0.5 + number / 100,
            first_seen=START + number * 1000,
            last_seen=START + number * 1000 + 5_000_000_000,
            attackers=[src],
            victims=[dst],
            ports=[dst_port],
            attackers_total=1,
            victims_total=1,
            ports_total=1,
            protocol=protocol,
            flows=12,
            packets=40,
            bytes=4000,
            rate=2.5,
            evidence=["many SYNs", "few answers"],
            sample_flows=[sample],
            decided=START + number * 1000 + 1_000_000_000,
            revision=1 + number % 3,
            open=number % 2 == 0,
            direction=("", "inbound", "outbound", "internal", "external")[number % 5],
        )
        found.append(alert.as_dict() | {"committed_ns": START + 2_000_000_000, "raised_ns": START + 1_500_000_000})
    found.append(replace(alert, sample_flows=[], attackers=[], victims=[], ports=[]).as_dict())
    return found


def records(data: bytes) -> list[dict[str, Any]]:
    """The records of JSON lines; the last line must have its end."""
    assert data.endswith(b"\n")
    assert b"\n\n" not in data
    return [json.loads(line) for line in data.splitlines()]


def check(documents: list[dict[str, Any]], schema: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(schema)
    for document in documents:
        problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
        assert not problems, (problems, document)
