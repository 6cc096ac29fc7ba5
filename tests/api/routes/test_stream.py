from __future__ import annotations

import json
import random
import threading
from pathlib import Path

import pytest

from store.writer import StoreWriter
from tests.api.conftest import finish
from tests.api.helpers import alert, make_run, serving


def events(reply):
    """Events of a stream as (name, data, id)."""
    fields: dict[str, str] = {}
    for line in reply.iter_lines():
        if not line:
            if "data" in fields:
                yield fields.get("event", ""), json.loads(fields["data"]), fields.get("id", "")
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("stream")
    finish(make_run(folder / "one", alerts=3, seconds=1, per_second=10))
    return folder


@pytest.fixture(scope="module")
def streaming(runs):
    with serving(runs) as client:
        yield client


def test_a_new_alert_reaches_an_open_stream(streaming, runs):
    with streaming.stream("GET", "/v1/stream") as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        found = events(reply)
        name, data, identity = next(found)
        assert name == "tick"
        assert data["run"]["id"] == "one"
        assert identity.startswith("one/")
        with StoreWriter(runs / "one", compact_after=0) as writer:
            writer.commit(alerts=[alert(77)])
        name, data, identity = next(event for event in found if event[0] == "alert")
        assert data["alert_id"] == "77"
        assert identity.startswith("one/")


def test_last_event_id_brings_what_was_missed(streaming, runs):
    with streaming.stream("GET", "/v1/stream") as reply:
        _, _, identity = next(events(reply))
    with StoreWriter(runs / "one", compact_after=0) as writer:
        writer.commit(alerts=[alert(88), alert(89)])
    with streaming.stream("GET", "/v1/stream", headers={"Last-Event-ID": identity}) as reply:
        found = events(reply)
        missed = [data["alert_id"] for name, data, _ in (next(found) for _ in range(2)) if name == "alert"]
    assert missed == ["88", "89"]


@pytest.mark.parametrize("identity", ["nonsense", "one/x", "other/1", "one/99999999999999999999"])
def test_a_strange_last_event_id_is_harmless(streaming, identity):
    with streaming.stream("GET", "/v1/stream", headers={"Last-Event-ID": identity}) as reply:
        assert next(events(reply))[0] == "tick"


def test_a_run_that_is_not_there_is_404(streaming):
    assert streaming.get("/v1/stream", params={"run": "nothing"}).status_code == 404


def test_without_any_run_a_tick_says_so_and_the_server_ends_in_order(tmp_path):
    with serving(tmp_path) as client, client.stream("GET", "/v1/stream") as reply:
        found = events(reply)
        name, data, _ = next(found)
        assert name == "tick"
        assert data["reason"] == "no-run"
        assert data["run"] is None
        client.process.terminate()
        rest = threading.Thread(target=lambda: list(found), daemon=True)
        rest.start()
        rest.join(30)
        assert not rest.is_alive()
        assert client.process.wait(30) == 0


def test_resuming_again_and_again_loses_nothing(streaming, runs):
    wanted = {str(number) for number in range(1000, 1090)}

    def write() -> None:
        with StoreWriter(runs / "one", compact_after=0) as writer:
            for number in range(1000, 1090, 3):
                writer.commit(alerts=[alert(number), alert(number + 1), alert(number + 2)])

    with streaming.stream("GET", "/v1/stream") as reply:
        _, _, last = next(events(reply))
    writing = threading.Thread(target=write)
    writing.start()
    chance, seen = random.Random(4), set()
    for _ in range(400):
        with streaming.stream("GET", "/v1/stream", headers={"Last-Event-ID": last}) as reply:
            found = events(reply)
            for _ in range(chance.randint(1, 7)):
                name, data, identity = next(found)
                assert name != "gap"
                assert identity.startswith("one/"), (name, data)
                last = identity
                seen |= {data["alert_id"]} if name == "alert" else set()
        if wanted <= seen:
            break
    writing.join()
    assert wanted <= seen
