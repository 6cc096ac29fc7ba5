"""Recorded outputs of other detectors, written from their documented formats for flows whose truth is known.

None of Suricata, Zeek and Snort can be installed where these tests run: what their records look like is taken from
their public documentation (EVE's JSON schema; Zeek's log reference; Snort 3's alert_json and alert_fast).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pyarrow as pa

from campaign.labels import numbers, times, words
from contract.addresses import column_to_array, texts
from contract.community_id import community_ids
from contract.families import group_of

PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "IPv6-ICMP", 0x0806: "ARP"}
# What a rule set might say of each family: signature id, name, category.
SIGNATURES = {
    "ssh_bruteforce": (2001219, "ET SCAN Potential SSH Scan", "Attempted Information Leak"),
    "port_scan": (2010935, "ET SCAN Suspicious inbound to MSSQL port 1433", "Potentially Bad Traffic"),
    "web_attack": (2006446, "ET WEB_SERVER Possible SQL Injection Attempt UNION SELECT", "Web Application Attack"),
    "syn_flood": (9000001, "ET DOS Inbound SYN flood", "Attempted Denial of Service"),
    "c2_beacon": (9000002, "ET MALWARE Generic CnC Checkin", "Malware Command and Control Activity Detected"),
}
OTHER = (9000003, "ET ATTACK_RESPONSE odd", "Misc Attack")
POLICY = (2013504, "ET POLICY GNU/Linux APT User-Agent Outbound", "Not Suspicious Traffic")


@dataclass(frozen=True)
class Flow:
    """One row of the truth, as a detector would see it."""

    family: str
    first: int
    last: int
    src: str
    dst: str
    src_port: int
    dst_port: int
    protocol: int
    community_id: str


def flows_of(table: pa.Table, families: Iterable[str] | None = None) -> list[Flow]:
    """The rows of a TRUTH table, of some families or all."""
    src, dst = (column_to_array(table.column(side)) for side in ("src", "dst"))
    ports = [numbers(table, side).astype(np.uint16) for side in ("src_port", "dst_port")]
    protocol = numbers(table, "protocol").astype(np.uint16)
    ids = community_ids(src, dst, *ports, protocol).to_pylist()
    columns = (
        words(table, "family").tolist(),
        times(table, "first").tolist(),
        times(table, "last").tolist(),
        texts(src),
        texts(dst),
        ports[0].tolist(),
        ports[1].tolist(),
        protocol.tolist(),
        ids,
    )
    wanted = set(families) if families is not None else None
    return [Flow(*row) for row in zip(*columns, strict=True) if wanted is None or row[0] in wanted]


def eve_time(ns: int, hours: float = 0.0) -> str:
    """A stamp as EVE writes it: microseconds and an offset without a colon."""
    zone = timezone(timedelta(hours=hours))
    moment = datetime.fromtimestamp(ns // 10**9, UTC).replace(microsecond=ns % 10**9 // 1000).astimezone(zone)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f%z")


def eve_alert(flow: Flow, at: int | None = None, *, hours: float = 0.0, answer: bool = False) -> dict[str, object]:
    """One EVE alert record; of an ``answer`` source and destination are swapped."""
    number, name, category = SIGNATURES.get(flow.family, OTHER if group_of(flow.family) != "benign" else POLICY)
    ends = {"src_ip": flow.src, "src_port": flow.src_port, "dest_ip": flow.dst, "dest_port": flow.dst_port}
    if answer:
        ends = {"src_ip": flow.dst, "src_port": flow.dst_port, "dest_ip": flow.src, "dest_port": flow.src_port}
    if flow.protocol in (1, 58):
        ends |= {"icmp_type": flow.src_port, "icmp_code": flow.dst_port}
        del ends["src_port"], ends["dest_port"]
    return {
        "timestamp": eve_time(flow.first if at is None else at, hours),
        "flow_id": 1_000_000 + flow.src_port,
        "in_iface": "tf-listen",
        "event_type": "alert",
        **ends,
        "proto": PROTOCOLS.get(flow.protocol, str(flow.protocol)),
        "pkt_src": "wire/pcap",
        "community_id": flow.community_id,
        "alert": {
            "action": "allowed",
            "gid": 1,
            "signature_id": number,
            "rev": 7,
            "signature": name,
            "category": category,
            "severity": 2,
        },
        "direction": "to_client" if answer else "to_server",
        "flow": {"pkts_toserver": 3, "pkts_toclient": 1, "bytes_toserver": 180, "bytes_toclient": 60},
    }


def eve_flow(flow: Flow) -> dict[str, object]:
    """One EVE flow record."""
    record = eve_alert(flow, flow.last + 10**9)
    del record["alert"]
    return record | {
        "event_type": "flow",
        "flow": {
            "start": eve_time(flow.first),
            "end": eve_time(flow.last),
            "age": 0,
            "state": "new",
            "reason": "timeout",
        },
    }


def eve_stats(at: int, packets: int, drops: int) -> dict[str, object]:
    """One EVE stats record."""
    return {
        "timestamp": eve_time(at),
        "event_type": "stats",
        "stats": {
            "uptime": 8,
            "capture": {"kernel_packets": packets, "kernel_drops": drops, "kernel_ifdrops": 0},
            "decoder": {"pkts": packets - drops, "invalid": 0},
            "detect": {"alert": 5, "alert_queue_overflow": 0},
            "flow": {"memcap": 0, "emerg_mode_entered": 0},
            "tcp": {"segment_memcap_drop": 0, "ssn_memcap_drop": 0, "reassembly_gap": 2},
        },
    }


def write_eve(path: Path, records: Iterable[dict[str, object]]) -> Path:
    """An EVE file."""
    path.write_text("".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records))
    return path


def zeek_log(path: str, fields: dict[str, str], rows: Iterable[Iterable[object]]) -> str:
    """A Zeek log as TSV, header and all; ``fields`` are names and types."""
    head = ["#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", f"#path\t{path}"]
    head += ["#open\t2026-07-14-10-00-00", "\t".join(["#fields", *fields]), "\t".join(["#types", *fields.values()])]
    body = ["\t".join("-" if value is None else str(value) for value in row) for row in rows]
    return "\n".join([*head, *body, "#close\t2026-07-14-11-00-00"]) + "\n"


CONN = {
    "ts": "time", "uid": "string", "id.orig_h": "addr", "id.orig_p": "port", "id.resp_h": "addr", "id.resp_p": "port",
    "proto": "enum", "service": "string", "duration": "interval", "orig_bytes": "count", "resp_bytes": "count",
    "conn_state": "string", "missed_bytes": "count", "history": "string", "orig_pkts": "count", "resp_pkts": "count",
    "community_id": "string",
}  # fmt: skip
NOTICE = {
    "ts": "time", "uid": "string", "id.orig_h": "addr", "id.orig_p": "port", "id.resp_h": "addr", "id.resp_p": "port",
    "proto": "enum", "note": "enum", "msg": "string", "sub": "string", "src": "addr", "dst": "addr", "p": "port",
    "n": "count", "peer_descr": "string", "actions": "set[enum]", "suppress_for": "interval",
}  # fmt: skip


def zeek_time(ns: int) -> str:
    """Seconds with six digits."""
    return f"{ns // 10**9}.{ns % 10**9 // 1000:06d}"


def zeek_conn(flows: Iterable[Flow]) -> str:
    """A conn.log."""
    names = {1: "icmp", 58: "icmp", 6: "tcp", 17: "udp"}
    rows = (
        [
            zeek_time(f.first), f"C{n:06d}", f.src, f.src_port, f.dst, f.dst_port,
            names.get(f.protocol, "unknown_transport"), None,
            f"{(f.last - f.first) / 1e9:.6f}", 0, 0, "S0", 0, "S", 1, 0, f.community_id,
        ]
        for n, f in enumerate(flows)
    )  # fmt: skip
    return zeek_log("conn", CONN, rows)


def zeek_notices(rows: Iterable[tuple[int, str, str, str | None, int | None]]) -> str:
    """A notice.log without connections: stamp, note, source, destination, port."""
    full = (
        [zeek_time(at), None, None, None, None, None, "tcp" if p else None, note, f"{src} did it", None, src, dst, p,
         None, "zeek", "Notice::ACTION_LOG", "3600.000000"]
        for at, note, src, dst, p in rows
    )  # fmt: skip
    return zeek_log("notice", NOTICE, full)


def snort_json(flow: Flow, at: int | None = None) -> dict[str, object]:
    """One Snort 3 alert_json record with the fields that people usually ask for."""
    number, name, category = SIGNATURES.get(flow.family, OTHER)
    return {
        "timestamp": snort_time(flow.first if at is None else at),
        "pkt_num": 17,
        "proto": PROTOCOLS[flow.protocol],
        "pkt_gen": "raw",
        "pkt_len": 60,
        "dir": "C2S",
        "src_ap": f"{flow.src}:{flow.src_port}",
        "dst_ap": f"{flow.dst}:{flow.dst_port}",
        "rule": f"1:{number}:3",
        "action": "allow",
        "msg": name,
        "class": category,
    }


def snort_time(ns: int) -> str:
    """A stamp without a year."""
    moment = datetime.fromtimestamp(ns // 10**9, UTC)
    return moment.strftime("%m/%d-%H:%M:%S") + f".{ns % 10**9 // 1000:06d}"


def snort_fast(flow: Flow, at: int | None = None) -> str:
    """One line of Snort 3's alert_fast."""
    number, name, category = SIGNATURES.get(flow.family, OTHER)
    return (
        f'{snort_time(flow.first if at is None else at)} [**] [1:{number}:3] "{name}" [**] '
        f"[Classification: {category}] [Priority: 2] {{{PROTOCOLS[flow.protocol]}}} "
        f"{flow.src}:{flow.src_port} -> {flow.dst}:{flow.dst_port}"
    )


def lines(records: Iterable[dict[str, object]]) -> Iterator[bytes]:
    """JSON records as lines."""
    for record in records:
        yield json.dumps(record).encode()
