from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from contract.errors import InputError
from detector.sensor_link import SensorLink, parts_of, wait_until_sent
from detector.sensor_spool import SensorSpool


@contextlib.contextmanager
def centre(answers: list[int]) -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """A server that answers so, one after the other, then 202; and what it was sent."""
    heard: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.headers["Batch-Id"], self.headers.get("Authorization", ""), body))
            status = answers.pop(0) if answers else 202
            text = json.dumps({"detail": "so it is"}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            if status == 429:
                self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", heard
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def spool(tmp_path):
    found = SensorSpool(tmp_path, 1 << 20)
    for number in range(3):
        found.put(f"s-x-{number}", f"data {number}".encode(), patient=False)
    return found


def test_each_batch_is_sent_in_order_until_it_is_taken(spool):
    with centre([429, 202, 503]) as (url, heard):
        link = SensorLink(url, "tfk_secret", spool)
        link.start()
        assert wait_until_sent(link, spool, 30, threading.Event())
        link.stop()
    assert [name for name, _, _ in heard] == ["s-x-0", "s-x-0", "s-x-1", "s-x-1", "s-x-2"]
    assert heard[0] == ("s-x-0", "Bearer tfk_secret", b"data 0")
    assert (link.batches, link.told_to_wait, link.refused) == (3, 2, None)


def test_what_the_centre_refuses_ends_it_and_stays(spool):
    with centre([401]) as (url, heard):
        link = SensorLink(url, "", spool)
        link.start()
        assert not wait_until_sent(link, spool, 30, threading.Event())
        link.stop()
    assert len(heard) == 1
    assert "401" in str(link.refused)
    assert "so it is" in link.fault
    assert spool.batches == 3


def test_a_centre_that_is_away_is_tried_again(spool):
    with centre([]) as (url, _):
        pass
    link = SensorLink(url, "", spool)
    link.start()
    assert not wait_until_sent(link, spool, 0.5, threading.Event())
    link.stop()
    assert "cannot be reached" in link.fault
    assert spool.batches == 3


@pytest.mark.parametrize("url", ["centre:8150", "ftp://x", "http://", "http://x:y", "http://x/?a", "http://u:p@x"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(InputError, match="no address"):
        parts_of(url, secret=False)


def test_a_key_goes_over_https_only_or_to_this_machine():
    assert parts_of("https://c.example/base/", secret=True) == (True, "c.example", 443, "/base")
    assert parts_of("http://127.0.0.1:8150", secret=True) == (False, "127.0.0.1", 8150, "")
    assert parts_of("http://c.example", secret=False)[2] == 80
    with pytest.raises(InputError, match="https"):
        parts_of("http://c.example:8150", secret=True)
