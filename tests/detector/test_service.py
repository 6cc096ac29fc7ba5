"""The detector as a process: real sockets, a real store, SIGTERM in the middle."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contract.clock import Clock
from contract.schemas import FRAMES
from detector.model import DEFAULT
from store.reader import StoreReader
from tests.detector.streams import batch, tcp

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not DEFAULT.is_file(), reason="no trained model in this tree")


class Running:
    def __init__(self, folder: Path, *options: str) -> None:
        self.store, self.status_file, self.socket = folder / "store", folder / "status.json", folder / "s"
        arguments = ["--socket", str(self.socket), "--store", str(self.store), "--status", str(self.status_file)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "detector.service", *arguments, "--clock", Clock.start().anchor, *options],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.status_file.read_text()) if self.status_file.exists() else {}
        return found

    def until(self, condition: str, wanted: Any, patience_s: float = 90.0) -> dict[str, Any]:
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if self.status().get(condition) == wanted:
                return self.status()
            assert self.process.poll() is None, f"it ended: {self.status()}"
            time.sleep(0.02)
        raise AssertionError(f"{condition} never became {wanted}: {self.status()}")

    @contextmanager
    def stream(self) -> Iterator[pa.RecordBatchWriter]:
        self.until("state", "listening") if not self.status().get("frames") else None
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            with connection.makefile("wb", buffering=0) as sink, pa.ipc.new_stream(sink, FRAMES) as writer:
                yield writer


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    started: list[Running] = []

    def run(*options: str) -> Running:
        started.append(Running(tmp_path, *options))
        return started[-1]

    yield run
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()
        if one.process.stderr:
            one.process.stderr.close()


def scan(low: int, high: int) -> pa.RecordBatch:
    return batch((n * 1_000_000, tcp("198.18.0.9", "198.18.1.1", 40000, n)) for n in range(low, high))


def test_one_stream_from_end_to_end(start: Any) -> None:
    service = start("--once", "--capacity", "4096")
    with service.stream() as writer:
        for low in range(1, 600, 100):
            writer.write_batch(scan(low, low + 100))
    assert service.process.wait(120) == 0
    status = service.status()
    assert status["state"] == "done"
    assert status["frames"] == 600
    assert status["backlog"] == 0
    assert status["ledger"]["balanced"], status["ledger"]["faults"]
    assert status["ledger"]["stages"]["store_flows"]["delivered"] == 600
    with StoreReader(service.store) as store:
        assert store.counts()["rows"]["flows"] == 600
        assert status["readable_ns"] > 0
    assert not service.socket.exists()


def test_sigterm_ends_in_order_what_was_received(start: Any) -> None:
    service = start("--capacity", "4096")
    # The sender's last word may find nobody.
    with suppress(OSError), service.stream() as writer:
        writer.write_batch(scan(1, 200))
        service.until("frames", 199)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(120) == 0
    status = service.status()
    assert status["state"] == "done"
    assert status["ledger"]["balanced"], status["ledger"]["faults"]
    with StoreReader(service.store) as store:
        assert store.counts()["rows"]["flows"] == 199
        (alert,) = store.all_alerts()
    assert (alert.open, alert.flows) == (False, 199)
    again = start("--capacity", "4096")  # the scan goes on: it stays one alert
    again.until("state", "starting")
    with suppress(OSError), again.stream() as writer:
        writer.write_batch(scan(200, 400))
        again.until("frames", 200)
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(120) == 0
    with StoreReader(again.store) as store:
        (later,) = store.all_alerts()
    assert (later.alert_id, later.flows, later.decided) == (alert.alert_id, 399, alert.decided)
    assert later.revision > alert.revision


def test_it_serves_one_stream_after_the_other_and_survives_a_damaged_one(start: Any) -> None:
    service = start("--capacity", "4096")
    with service.stream() as writer:
        writer.write_batch(scan(1, 50))
    service.until("frames", 49)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(service.socket))
        connection.sendall(b"this is no Arrow stream at all")
    deadline = time.monotonic() + 60
    while not service.status().get("notes") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "not an Arrow stream" in service.status()["notes"][0]
    with service.stream() as writer:
        writer.write_batch(scan(50, 80))
    service.until("frames", 79)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(120) == 0


def test_bad_options_get_one_line(start: Any, tmp_path: Path) -> None:
    service = start("--model", str(tmp_path / "none.skops"))
    assert service.process.wait(120) == 2
    assert service.process.stderr.read().strip().splitlines()[-1].startswith("detector.service: ")
    assert service.status()["state"] == "failed"


def test_told_to_end_while_it_loads_it_ends_at_once_and_leaves_nothing(start: Any) -> None:
    """A campaign that is stopped early does not wait for kernels and models."""
    for number in (signal.SIGTERM, signal.SIGINT):
        running = start()
        running.until("state", "starting")
        running.process.send_signal(number)
        assert running.process.wait(60) == -number
        assert running.status()["state"] == "starting"  # it got no further
        assert not running.socket.exists()
        running.status_file.unlink()
