"""Stores with known contents, and a real server process on a free port."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import numpy as np
import pyarrow as pa

from contract.addresses import array_to_column, to_bytes
from contract.alert import Alert
from contract.arrow_io import write_stream
from contract.schemas import FLOWS, FRAMES, VERDICTS
from store.writer import StoreWriter

SECOND = 1_000_000_000
START = 1_722_022_200 * SECOND  # 2024-07-26T19:30:00Z
FAMILIES = ("syn_flood", "port_scan", "ssh_bruteforce", "udp_flood", "benign")


def addresses(numbers: np.ndarray, prefix: str = "198.18") -> pa.Array:
    rows = np.tile(np.frombuffer(to_bytes(f"{prefix}.0.0"), np.uint8), (len(numbers), 1)).copy()
    rows[:, 14], rows[:, 15] = numbers >> 8, numbers & 255
    return array_to_column(rows)


def times(values: np.ndarray) -> pa.Array:
    return pa.array(values.astype(np.int64)).cast(VERDICTS.field("first").type)


def verdicts(count: int, at_ns: int, first_id: int = 0, delay_ms: float = 60.0) -> pa.RecordBatch:
    """`count` verdicts decided within the second from `at_ns`, families in turn; every fifth is benign."""
    number = np.arange(first_id, first_id + count)
    decided = at_ns + (np.arange(count) * SECOND) // max(count, 1)
    names = pa.DictionaryArray.from_arrays(pa.array((number % 5).astype(np.int16)), pa.array(FAMILIES))
    columns = {
        "flow_id": pa.array(number.astype(np.uint64) + np.uint64(1 << 60)),
        "src": addresses(number % 4000),
        "dst": addresses(number % 120, "198.19"),
        "src_port": pa.array((1024 + number % 60000).astype(np.uint16)),
        "dst_port": pa.array(np.full(count, 443, np.uint16)),
        "protocol": pa.array(np.full(count, 6, np.uint16)),
        "first": times(decided - int(delay_ms * 1e6)),
        "last": times(decided),
        "packets": pa.array(np.full(count, 3, np.uint32)),
        "bytes": pa.array(np.full(count, 180, np.uint64)),
        "decided": times(decided),
        "family": names,
        "score": pa.array((0.5 + (number % 50) / 100).astype(np.float32)),
        "final": pa.array(np.zeros(count, bool)),
        "alert_id": pa.array((number % 5 + 1).astype(np.uint64)),
    }
    return pa.RecordBatch.from_arrays([columns[f.name] for f in VERDICTS], schema=VERDICTS)


def flows(count: int, at_ns: int, first_id: int = 0) -> pa.RecordBatch:
    """`count` ended flows."""
    number = np.arange(first_id, first_id + count)
    first = at_ns + (np.arange(count) * SECOND) // max(count, 1)
    zeros = {f.name: pa.array(np.zeros(count, f.type.to_pandas_dtype())) for f in FLOWS if pa.types.is_integer(f.type)}
    columns = zeros | {
        "flow_id": pa.array(number.astype(np.uint64)),
        "src": addresses(number % 4000),
        "dst": addresses(number % 120, "198.19"),
        "src_port": pa.array((1024 + number % 60000).astype(np.uint16)),
        "dst_port": pa.array(np.full(count, 443, np.uint16)),
        "protocol": pa.array(np.full(count, 6, np.uint16)),
        "packets_fwd": pa.array(np.full(count, 3, np.uint32)),
        "tcp_flags_fwd": pa.array(np.full(count, 0x12, np.uint8)),
        "ended": pa.array(np.full(count, 2, np.uint8)),
        "first": times(first),
        "last": times(first + 1000),
    }
    return pa.RecordBatch.from_arrays([columns[f.name] for f in FLOWS], schema=FLOWS)


def alert(number: int, family="syn_flood", severity="high", at_ns: int = START, revision: int = 1) -> Alert:
    return Alert(
        alert_id=number,
        family=family,
        severity=severity,
        severity_reason="the service behind it does not answer any more",
        confidence=0.9,
        first_seen=at_ns + number * SECOND // 10,
        last_seen=at_ns + number * SECOND // 10 + SECOND,
        attackers=[f"198.18.{number % 256}.{i}" for i in range(1, 4)],
        victims=[f"198.19.0.{number % 250 + 1}"],
        ports=[443],
        attackers_total=4200,
        victims_total=1,
        ports_total=1,
        protocol=6,
        flows=8150 * number,
        packets=12000,
        bytes=720000,
        rate=815.0,
        evidence=["8,150 connection attempts a second, 99 % never completed.", "4,200 sources, each seen once."],
        sample_flows=[
            {"flow_id": (1 << 60) + number, "community_id": "1:LQU9qZlK+B5F3KDmev6m5PMibrg=", "src": "198.18.0.1",
             "dst": "198.19.0.1", "src_port": 4711, "dst_port": 443}
        ],
        decided=at_ns,
        revision=revision,
    )  # fmt: skip


def make_run(folder: Path, *, alerts: int = 30, seconds: int = 3, per_second: int = 200) -> Path:
    """A finished run's store with alerts 1..n, verdicts and flows."""
    folder.mkdir(parents=True, exist_ok=True)
    severities = ("low", "medium", "high", "critical")
    with StoreWriter(folder, compact_after=0) as writer:
        for second in range(seconds):
            at = START + second * SECOND
            writer.commit(flows(per_second, at, second * per_second), verdicts(per_second, at, second * per_second))
        for number in range(1, alerts + 1):
            writer.commit(alerts=[alert(number, FAMILIES[number % 4], severities[number % 4])])
    return folder


def syn_frames(count: int, at_ns: int, first: int = 0) -> pa.RecordBatch:
    """TCP SYN frames from `count` sources against one host, 100 us apart."""
    payload = []
    for number in range(first, first + count):
        ip = bytearray.fromhex("450000280001000040060000") + bytes([198, 18, 1 + (number >> 8) % 200, number % 256])
        ip += bytes([198, 19, 0, 7])
        tcp = (1024 + number % 60000).to_bytes(2, "big") + bytes.fromhex("01bb00000001000000005002ffff00000000")
        payload.append(bytes.fromhex("020000000002020000000001") + b"\x08\x00" + bytes(ip) + tcp)
    stamps = at_ns + np.arange(count, dtype=np.int64) * 100_000
    columns = [
        times(stamps),
        pa.array(payload, pa.binary()),
        pa.array([54] * count, pa.uint32()),
        pa.array([1] * count, pa.uint16()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=FRAMES)


def frames_stream(count: int, at_ns: int | None = None) -> bytes:
    return write_stream([syn_frames(count, at_ns or time.time_ns())], FRAMES)


@contextlib.contextmanager
def serving(runs: Path, *options: str, config: Path | None = None) -> Iterator[httpx2.Client]:
    """A real server process on a free port; gives a client whose base URL is its address."""
    command = [sys.executable, "-m", "api.server", "--runs", str(runs), "--port", "0", *options]
    command += ["--config", str(config)] if config else []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        lines: list[str] = []
        try:
            url = ""
            for line in process.stderr:
                lines.append(line)
                if "serves http" in line:
                    url = line.split("serves ")[1].split()[0]
                    break
            assert url, "".join(lines)
            # Whatever else it says must not fill the pipe.
            drain = threading.Thread(target=lambda: lines.extend(process.stderr), daemon=True)
            drain.start()
            with httpx2.Client(base_url=url, timeout=30) as client:
                client.process, client.lines = process, lines
                yield client
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            drain.join(5) if lines and url else None


def until(probe, seconds: float = 60.0):
    """Ask until the answer is true; the answer. Fails after a generous time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := probe():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")
