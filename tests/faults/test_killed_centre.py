"""Three sensors as people run them, and a centre that is killed and started again: one picture, nothing lost or twice.

Real processes, captures and spools. ``make faults`` has more traffic, and kills again and again while sensors tell.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pyarrow as pa
import pytest

from contract.flow_batch import read_batch
from detector.capture.opening import open_capture
from detector.config import Config
from detector.model import load_default
from detector.offline import Result, detect
from generator.sinks import open_sink
from store.reader import StoreReader
from tests.api.helpers import until
from tests.cli.helpers import ROOT, tenfold
from tests.conformance.test_many_sensors import gist, split
from tests.conformance.test_same_answer import traffic
from tests.detector.streams import Frame, batch
from tests.faults.length import FULL

SENSORS = 3
CLI = (sys.executable, "-m", "cli.main")
LONG_S = 600


class Serve:
    """`tenfold serve`, always on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sensors = folder / "runs" / "sensors"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "tenfold.toml"
        self.config.write_text(f'[[outputs]]\nkind = "eve_file"\nname = "file"\npath = "{folder}/eve.json"\n')
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        words = [*CLI, "serve", "--runs", self.folder / "runs", "--port", self.port, "--config", self.config, "--json"]
        with (self.folder / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(word) for word in words], cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
            )
        with self._process.stdout as ready:
            assert ready.readline(), (self.folder / "serve.log").read_text()

    def kill(self, *, detector: bool) -> None:
        """As a power cut would, or of the service alone: then its detector is told to end, and does so in order."""
        child = int(self.status().get("pid", 0)) if detector else 0
        self._process.kill()
        if child:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(120)

    def status(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            return dict(json.loads((self.sensors / "detector.status.json").read_bytes()))
        return {}

    def kept(self) -> int:
        """Batches acknowledged so far."""
        with suppress(OSError):
            return (self.sensors / "batches.log").read_bytes().count(b"\n")
        return 0

    def done(self) -> bool:
        """All sensors have said that they are done, all of it is detected, and the picture is closed."""
        return self.status().get("state") == "done" and not list((self.sensors / "spool").iterdir())


@contextmanager
def sensors(url: str, parts: list[Path], *flags: object) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A sensor for each capture, with a spool of its own beside it."""
    found = []
    for part in parts:
        words = [*CLI, "sensor", part, "--to", url, "--name", part.stem, "--peers", SENSORS, "--json"]
        words += ["--spool", part.with_suffix(".spool"), "--wait", LONG_S, *flags]
        found.append(subprocess.Popen([str(word) for word in words], cwd=ROOT, stdout=subprocess.PIPE))
    try:
        yield found
    finally:
        for one in found:
            one.kill()
            one.wait()
            one.stdout.close()


def ended(started: list[subprocess.Popen[bytes]]) -> list[dict[str, Any]]:
    """What sensors say at their end, which is a good one."""
    told = [json.loads(one.communicate(timeout=LONG_S)[0]) for one in started]
    assert [one.returncode for one in started] == [0] * len(started)
    assert all(document["sent"]["waiting"] == document["dropped"] == 0 for document in told)
    assert all(document["ledger"]["balanced"] for document in told)
    return told


def waits(spool: Path) -> bool:
    """Whether all that a sensor has to tell lies in its spool."""
    files = sorted(spool.glob("*.arrows"))
    return bool(files) and read_batch(files[-1].read_bytes(), "batch")[0].done


def written(path: Path, frames: list[Frame]) -> Path:
    sink = open_sink(path)
    sink.write(batch(frames))
    sink.close()
    return path


def stored(folder: Path) -> pa.Table:
    with StoreReader(folder) as store:
        return pa.concat_tables(table.drop_columns(["committed"]) for table in store.flow_tables())


def named(alert: dict[str, Any]) -> tuple[object, ...]:
    return (alert["family"], tuple(sorted(alert["attackers"])), tuple(sorted(alert["victims"])), alert["flows"])


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    found = Serve(tmp_path)
    found.start()
    yield found
    found.stop()


def test_what_one_sensor_told_before_and_two_after_a_kill_is_one_picture(serve: Serve, tmp_path: Path) -> None:
    frames = sorted(traffic(2.0), key=lambda frame: frame[0])
    whole = detect(written(tmp_path / "whole.pcap", frames), load_default(), Config())
    assert whole.alerts
    parts = [written(tmp_path / f"s{n}.pcap", part) for n, part in enumerate(split(frames, SENSORS))]
    with sensors(serve.url, parts[:1]) as first:
        told = ended(first)  # the centre has all of it, and waits for the others
    until(lambda: serve.status().get("sensing", {}).get("batches") == told[0]["told"]["batches"], 60)
    serve.kill(detector=True)
    with sensors(serve.url, parts[1:]) as others:
        until(lambda: all(waits(part.with_suffix(".spool")) for part in parts[1:]), 60)  # on disk: nobody is there
        serve.start()
        told += ended(others)
        assert sum(document["frames"] for document in told) == len(frames)
        until(serve.done, 60)
    with httpx2.Client(base_url=serve.url, timeout=30) as client:
        alerts = client.get("/v1/alerts", params={"run": "sensors", "limit": 1000}).json()["items"]
        until(lambda: 'tenfold_output_waiting{output="file",run="sensors"} 0.0' in client.get("/metrics").text, 60)
    check(serve, whole)
    assert {named(alert) for alert in alerts} == {named(alert.as_dict()) for alert in whole.alerts}
    events = [json.loads(line) for line in (tmp_path / "eve.json").read_text().splitlines()]
    contexts = [event["alert"]["context"]["tenfold"] for event in events]
    found = {(context["run"], context["alert_id"]) for context in contexts}
    assert found == {("sensors", int(alert["alert_id"])) for alert in alerts}


def check(serve: Serve, whole: Result) -> None:
    """Every flow once, with all that is counted of it."""
    assert gist(stored(serve.sensors)) == gist(whole.flows)
    assert serve.status()["ledger"]["balanced"]
    assert serve.status()["sensing"].get("batches_missing", 0) == 0


if FULL:

    @pytest.mark.parametrize("seed", range(4))
    def test_kills_again_and_again_while_sensors_tell(serve: Serve, tmp_path: Path, seed: int) -> None:
        """Service alone or with its detector, at random moments; spools are small, so sensors wait for the centre."""
        capture, by_chance = tmp_path / "whole.pcap", random.Random(seed)
        flags = ("--multiplier", 4, "--duration", 8, "--seed", seed, "--out", capture)
        assert tenfold("generate", "smoke", *flags).returncode == 0
        parts = shared(capture, tmp_path)
        whole = detect(capture, load_default(), Config())
        with sensors(serve.url, parts, "--spool-mib", 1) as started:
            for _ in range(6):
                enough = serve.kept() + by_chance.randrange(1, 12)
                until(lambda least=enough: serve.kept() >= least or all(one.poll() == 0 for one in started), LONG_S)
                time.sleep(by_chance.random())
                serve.kill(detector=by_chance.random() < 0.5)
                serve.start()
            told = ended(started)
            assert sum(document["frames"] for document in told) == whole.frames
            until(serve.done, LONG_S)
        check(serve, whole)
        assert alarmed(serve) >= {alert.family for alert in whole.alerts if alert.flows > 1}


def shared(capture: Path, folder: Path) -> list[Path]:
    """A capture's frames shared by both ends over as many captures as there are sensors."""
    paths = [folder / f"s{number}.pcap" for number in range(SENSORS)]
    sinks = [open_sink(path) for path in paths]
    for piece in open_capture(capture).batches():
        homes = pa.array([zlib.crc32(hosts(frame)) % SENSORS for frame in piece.column("frame").to_pylist()])
        for number, sink in enumerate(sinks):
            sink.write(piece.filter(pa.compute.equal(homes, number)))
    for sink in sinks:
        sink.close()
    return paths


def hosts(frame: bytes) -> bytes:
    """Both hosts of a frame, whichever sent it; their cards where it is neither IP nor ARP."""
    at = 12
    while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):  # VLAN tags
        at += 4
    first, second, size = {b"\x08\x00": (14, 18, 4), b"\x86\xdd": (10, 26, 16), b"\x08\x06": (16, 26, 4)}.get(
        frame[at : at + 2], (-at, 6 - at, 6)
    )
    return b"".join(sorted([frame[at + first : at + first + size], frame[at + second : at + second + size]]))


def alarmed(serve: Serve) -> set[str]:
    with StoreReader(serve.sensors) as store:
        return {alert.family for alert in store.all_alerts()}
