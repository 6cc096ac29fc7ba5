"""A service on a small disk that fills up, over HTTP, with a real detector behind it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from store.reader import StoreReader
from tests.api.helpers import START, frames_stream, serving, until
from tests.faults.disks import fill, small_disk
from tests.faults.length import FULL

MIB = 1 << 20
HEADERS = {"Content-Type": "application/vnd.apache.arrow.stream"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 64) as found:
        yield found


def post(client: httpx2.Client, number: int, frames: int = 3) -> httpx2.Response:
    data = frames_stream(frames, START + number * 1_000_000)
    return client.post("/v1/ingest/frames", content=data, headers=HEADERS | {"Batch-Id": f"batch-{number}"})


def free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def test_it_stops_taking_first_and_takes_again_when_there_is_room(disk):
    """An eighth of a small disk is kept free, so what was taken can still be worked off."""
    runs = disk / "runs"
    with serving(runs) as client:
        filler = fill(disk, leave=7 * MIB)
        for answer in (post(client, 0), client.post("/v1/campaigns", json={"scenario": "smoke"})):
            assert answer.status_code == 507, answer.text
            assert answer.json()["type"] == "urn:tenfold:problem:full"
            assert answer.headers["Retry-After"] == "5"
        assert client.get("/v1/campaigns").status_code == 200  # reading goes on
        assert [path for path in runs.rglob("*") if path.suffix == ".arrows"] == []
        filler.unlink()
        assert post(client, 0).status_code == 202
        filler = fill(disk, leave=7 * MIB)
        assert post(client, 1).status_code == 507
        filler.unlink()
        again = post(client, 0)
        assert (again.status_code, again.json()["duplicate"]) == (202, True)
        assert 'tenfold_ingest_batches_total{outcome="full"} 2.0' in client.get("/metrics").text


@pytest.mark.skipif(not FULL, reason="optional: in full only (make faults)")
def test_what_was_taken_until_it_was_full_is_found_once(disk):
    runs, number = disk / "runs", 0
    with serving(runs) as client:
        while (answer := post(client, number, 4000)).status_code == 202:
            number += 1
        assert answer.status_code == 507
        assert free(disk) > 4 * MIB
        until(lambda: not list((runs / "live" / "spool").glob("*.arrows")), 300)  # worked off in what was kept free
        deadline = time.monotonic() + 60
        while post(client, number).status_code == 507 and time.monotonic() < deadline:
            time.sleep(0.2)
    with StoreReader(runs / "live") as reader:
        assert reader.counts()["flows"] > 0
