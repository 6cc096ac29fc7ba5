from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
from pathlib import Path

import pytest
import uvicorn

from api.app import create_app
from api.settings import Settings
from store.writer import StoreWriter
from tests.api.conftest import finish
from tests.api.helpers import alert, make_run, serving, until


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


@contextlib.contextmanager
def bounded(runs: Path, **limits):
    """The application on a real socket, in this process, so that its limits can be small."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        app = create_app(Settings(runs=runs, port=port, **limits))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=3))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: server.started)
            yield port, app.state.service
        finally:
            app.state.service.broadcasts.stop()
            server.should_exit = True
            thread.join(60)


def raw(port: int, buffer: int | None = None) -> socket.socket:
    """A client that has asked for the stream; ``buffer`` bytes are all that it takes before it reads."""
    client = socket.socket()
    if buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.settimeout(60)
    client.connect(("127.0.0.1", port))
    client.sendall(f"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return client


def names_of(client: socket.socket, stop) -> list[tuple[str, str]]:
    """Events of a raw stream as (name, alert id), until one for which ``stop`` holds or the end."""
    found = []
    with client.makefile("rb") as lines:
        name = ""
        for line in lines:
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                data = json.loads(line[6:])
                found.append((name, data.get("alert_id", str(data.get("dropped", "")))))
                if stop(*found[-1]):
                    break
    return found


def heavy(number: int):
    one = alert(number)
    one.evidence = ["x" * 60_000]
    return one


def test_a_slow_client_is_told_of_the_gap_and_others_lose_nothing(tmp_path):
    finish(make_run(tmp_path / "one", alerts=1, seconds=1, per_second=1))
    with bounded(tmp_path, client_queue=16, patience_s=600.0) as (port, service):
        slow, quick = raw(port, 4096), raw(port)
        until(lambda: service.broadcasts.clients == 2)
        seen: list[tuple[str, str]] = []
        reading = threading.Thread(target=lambda: seen.extend(names_of(quick, lambda _, what: what == "1159")))
        reading.start()
        slow.recv(1)  # it is being served, and takes no more
        names_of(raw(port), lambda name, _: name == "tick")  # the poll has begun
        with StoreWriter(tmp_path / "one", compact_after=0) as writer:
            for number in range(1000, 1160, 4):
                writer.commit(alerts=[heavy(number + at) for at in range(4)])
                until(lambda number=number: service.metrics.events.labels("alert")._value.get() >= number - 1000 + 4)
        reading.join(60)
        got = [what for name, what in seen if name == "alert"]
        assert got == [str(number) for number in range(1000, 1160)]
        assert "gap" not in {name for name, _ in seen}
        late = names_of(slow, lambda name, what: name == "alert" and what == "1159")
        gaps = [int(what) for name, what in late if name == "gap"]
        told = [what for name, what in late if name == "alert"]
        assert gaps
        assert len(told) + sum(gaps) == 160
        slow.close(), quick.close()


def test_a_client_that_takes_nothing_is_cut_off(tmp_path):
    finish(make_run(tmp_path / "one", alerts=1, seconds=1, per_second=1))
    with bounded(tmp_path, patience_s=0.2) as (port, service):
        stuck = raw(port, 4096)
        until(lambda: service.broadcasts.clients == 1)
        number = 2000
        with StoreWriter(tmp_path / "one", compact_after=0) as writer:

            def gone() -> bool:
                nonlocal number
                writer.commit(alerts=[heavy(number + at) for at in range(20)])
                number += 20
                return service.broadcasts.clients == 0

            until(gone)
        stuck.close()
