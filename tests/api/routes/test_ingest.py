"""Batches over HTTP into a real detector, and what it found read back."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from pathlib import Path

import pyarrow as pa
import pytest

from api import key_file
from api.connections import Bounds
from contract.arrow_io import write_stream
from contract.flow_batch import Note, write_batch
from contract.schemas import FLOW_UPDATES, FRAMES
from detector.flow_rows import from_batch, to_batch
from tests.api.helpers import frames_stream, serving, syn_frames, until
from tests.api.raw import Running
from tests.contract import test_flow_batch

ARROW = {"Content-Type": "application/vnd.apache.arrow.stream"}
PATH = "/v1/ingest/frames"


def compressed() -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, FRAMES, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(syn_frames(1000, time.time_ns()))
    return sink.getvalue().to_pybytes()


def too_short() -> bytes:
    batch = syn_frames(2, time.time_ns())
    wire = pa.array([54, 10], pa.uint32())
    return write_stream([batch.set_column(2, FRAMES.field(2), wire)], FRAMES)


@pytest.mark.parametrize(
    ("body", "headers", "status", "kind"),
    [
        (b"x", {"Content-Type": "application/json"}, 415, "media-type"),
        (b"x", {}, 415, "media-type"),
        (b"x", ARROW | {"Content-Encoding": "gzip"}, 415, "media-type"),
        (b"", ARROW, 400, "batch"),
        (b"this is no Arrow stream", ARROW, 400, "batch"),
        (frames_stream(50)[:-100], ARROW, 400, "batch"),
        (compressed(), ARROW, 400, "batch"),
        (too_short(), ARROW, 400, "batch"),
        (frames_stream(1), ARROW | {"Batch-Id": "../x"}, 422, "invalid"),
    ],
)
def test_what_is_no_batch_is_refused_and_kept_nowhere(client, runs_folder: Path, body, headers, status, kind):
    reply = client.post(PATH, content=body, headers=headers)
    assert reply.status_code == status, reply.text
    assert reply.json()["type"] == f"urn:tenfold:problem:{kind}"
    assert not (runs_folder / "live").exists()


def test_posted_attacks_are_detected_once_and_survive_a_restart(tmp_path):
    with serving(tmp_path) as client:
        now = time.time_ns()
        for number in range(5):
            body = write_stream([syn_frames(1000, now + number * 100_000_000, 1000 * number)], FRAMES)
            for duplicate in (False, True):
                reply = client.post(PATH, content=body, headers=ARROW | {"Batch-Id": f"b-{number}"})
                assert reply.status_code == 202, reply.text
                assert reply.json() == {
                    "batch": f"b-{number}",
                    "frames": 1000,
                    "bytes": len(body),
                    "duplicate": duplicate,
                    "run": "live",
                }
        query = {"run": "live", "family": "syn_flood", "limit": 1000}
        found = until(lambda: _items(client, "/v1/detections", query), 300)
        assert found[0]["dst"] == "198.19.0.7"
        assert until(lambda: _items(client, "/v1/alerts", {"run": "live", "family": "syn_flood"}))
        until(
            lambda: (
                client.get("/v1/stats", params={"run": "live"}).json()["ledger"]["stages"]["meter"]["offered"] == 5000
            )
        )
        assert client.get("/readyz").json()["checks"]["ingest"]["ok"]
    assert not list((tmp_path / "live" / "spool").iterdir())
    with serving(tmp_path) as client:
        reply = client.post(PATH, content=frames_stream(10), headers=ARROW | {"Batch-Id": "b-3"})
        assert reply.json()["duplicate"]
        assert _items(client, "/v1/detections", query)


def _items(client, path, query):
    reply = client.get(path, params=query)
    return reply.json()["items"] if reply.status_code == 200 else None


def flows_stream(sequence: int = 0, **more: object) -> bytes:
    rows = to_batch(from_batch(test_flow_batch.rows(5)))
    return write_batch(Note("north", "x1", sequence, **more), [rows])


@pytest.mark.parametrize(
    ("body", "headers", "status", "word"),
    [
        (flows_stream(), {"Content-Type": "application/json"}, 415, "arrow"),
        (b"", ARROW, 400, "empty"),
        (frames_stream(3), ARROW, 400, "flow-updates/1"),
        (flows_stream()[:-60], ARROW, 400, "batch"),
        (flows_stream(), ARROW | {"Batch-Id": "another"}, 400, "north-x1-00000000"),
    ],
)
def test_what_is_no_batch_of_flows_is_refused_and_kept_nowhere(client, runs_folder: Path, body, headers, status, word):
    reply = client.post("/v1/ingest/flows", content=body, headers=headers)
    assert reply.status_code == status, reply.text
    assert word in reply.json()["detail"]
    assert not (runs_folder / "sensors").exists()


def test_the_schema_of_flows_can_be_asked_for(client):
    reply = client.get("/v1/ingest/flows/schema")
    with pa.ipc.open_stream(reply.content) as reader:
        assert reader.schema.equals(FLOW_UPDATES, check_metadata=True)
    assert client.get("/v1/ingest/flows/schema", headers={"If-None-Match": reply.headers["ETag"]}).status_code == 304


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A service for which anything that waits is too much, with a key that may ask as it likes and one that may not."""
    folder = tmp_path_factory.mktemp("busy")
    made = [key_file.new_key("quick", ["ingest"]), key_file.new_key("slow", ["ingest"], rate=0.1)]
    key_file.change(folder / "keys.json", lambda _: [key for key, _ in made])
    bounds = Bounds(head_s=600, body_s=600)
    found = Running(folder / "runs", bounds, keep_alive=600, max_backlog=-1, keys=folder / "keys.json")
    found.keys = {key.name: text for key, text in made}
    yield found
    found.end()


@pytest.mark.parametrize(("key", "why"), [("quick", "busy"), ("slow", "rate")])
@pytest.mark.parametrize("path", ["frames", "flows"])
def test_who_is_told_to_wait_is_told_so_after_any_body_and_keeps_the_connection(busy, path, key, why):
    headers = ARROW | {"Authorization": f"Bearer {busy.keys[key]}"}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", busy.port, timeout=60)) as link:

        def kind(body) -> str:
            link.request("POST", f"/v1/ingest/{path}", body, headers)
            reply = link.getresponse()
            assert reply.status == 429
            assert int(reply.headers["Retry-After"]) >= 1
            found = json.loads(reply.read())["type"]
            assert link.sock is not None
            return found.rpartition("/")[2].rpartition(":")[2]

        until(lambda: kind(bytes(3 << 20)) == why)
        until(lambda: kind(iter([bytes(1 << 20)] * 3)) == why)
    assert not busy.desk.cut
