"""Requests that could be read in two ways, over plain sockets: each has one end and one answer, or none."""

from __future__ import annotations

import contextlib
import re
import socket
from dataclasses import replace

import pytest

from api import key_file
from api.connections import Bounds
from tests.api.helpers import until
from tests.api.raw import Running, read

BOUNDS = Bounds(head_s=600, head_bytes=8192, body_s=600, refused_bytes=65536)
HOST = b"Host: 127.0.0.1\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\n" + HOST
HIDDEN = HEALTH + b"Connection: close\r\n\r\n"  # whoever gets an answer to it is told that the connection ends
SESSION = b"POST /v1/session HTTP/1.1\r\n" + HOST  # open to all, and refuses a body that does not say its size
INGEST = b"POST /v1/ingest/frames HTTP/1.1\r\n" + HOST + b"Content-Type: application/vnd.apache.arrow.stream\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
NO_CHUNKS = b"0\r\n\r\n"
NO_BODY = b"Content-Length: 0\r\n\r\n"
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
STATUS = re.compile(rb"HTTP/1\.1 (\d\d\d) ")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("framing")
    key, text = key_file.new_key("wall", ["read", "ingest"])
    key_file.change(folder / "keys.json", lambda _: [key])
    found = Running(folder / "runs", BOUNDS, keep_alive=600, keys=folder / "keys.json", heartbeat_s=0.05)
    found.key = b"Authorization: Bearer " + text.encode() + b"\r\n"
    until(found.answers)
    yield found
    found.end()


def said(running: Running, data: bytes) -> tuple[list[int], list[tuple[str, bytes]]]:
    """The statuses of all answers until the server ended the connection, and what it took for requests."""
    before = len(running.asked)
    with running.connect() as link:
        with contextlib.suppress(ConnectionError):
            link.sendall(data)
        reply = read(link)
    return [int(status) for status in STATUS.findall(reply)], running.asked[before:]


LENGTHS = {
    "length and chunks": b"Content-Length: 6\r\n" + CHUNKED + NO_CHUNKS,
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 50\r\n\r\n" + NO_CHUNKS,
    "two lengths": b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
    "the same length twice": b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "a list of lengths": b"Content-Length: 0, 44\r\n\r\n",
    "no length": b"Content-Length:\r\n\r\n",
    "a length in parts": b"Content-Length: 0 0\r\n\r\n",
    "a signed length": b"Content-Length: +0\r\n\r\n",
    "a negative length": b"Content-Length: -1\r\n\r\n",
    "a length in hexadecimal": b"Content-Length: 0x2c\r\n\r\n",
    "a length with a low line": b"Content-Length: 4_4\r\n\r\n",
    "a huge length": b"Content-Length: 99999999999999999999999\r\n\r\n",
    "a length that some read": b"Content_Length: 44\r\n\r\n",
}
CODINGS = {
    name: b"Transfer-Encoding" + rest + b"\r\n\r\n" + NO_CHUNKS
    for name, rest in {
        "a space before the colon": b" : chunked",
        "a tab before the colon": b"\t: chunked",
        "another kind": b": xchunked",
        "chunks and identity": b": chunked, identity",
        "identity and chunks": b": identity, chunked",
        "compressed chunks": b": gzip, chunked",
        "identity": b": identity",
        "chunks in chunks": b": chunked, chunked",
        "chunks on two lines": b": chunked\r\nTransfer-Encoding: chunked",
        "nothing": b":",
        "quoted": b': "chunked"',
        "with a parameter": b": chunked;q=1",
        "a comma too many": b": chunked,",
        "a control character": b": \x0bchunked",
        "on the next line": b":\r\n chunked",
    }.items()
} | {"that some read": b"Transfer_Encoding: chunked\r\n\r\n" + NO_CHUNKS}
CHUNKS = {
    "an overflow": b"10000000000000000\r\n",
    "a minus": b"-1\r\n",
    "a plus": b"+0\r\n\r\n",
    "a prefix": b"0x0\r\n\r\n",
    "a space before": b" 0\r\n\r\n",
    "a space behind": b"0 \r\n\r\n",
    "a low line": b"1_0\r\n\r\n",
    "no size": b"\r\n\r\n",
    "bare line feeds": b"2\n{}\n0\n\n",
    "a bare line feed behind an extension": b"0;a\n\r\n\r\n",
    "more data than its size": b"1\r\n{}\r\n0\r\n\r\n",
    "no end of its data": b"2\r\n{}0\r\n\r\n",
    "a length behind it": b"0\r\nContent-Length: 44\r\n\r\n",
    "a long header behind it": b"0\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
}
LINES = {
    "a folded header": b"X: a\r\n Transfer-Encoding: chunked\r\n",
    "a header of nothing": b": x\r\n",
    "a header without a colon": b"X\r\n",
    "a space in a name": b"X Y: a\r\n",
    "a null in a name": b"X\x00Y: a\r\n",
    "eight bits in a name": b"X\xffY: a\r\n",
    "a null in a value": b"X: a\x00b\r\n",
    "a bare line feed": b"X: a\nY: b\r\n",
    "a bare carriage return": b"X: a\rContent-Length: 44\r\n",
    "a carriage return too many": b"X: a\r\r\n",
    "a second host": b"Host: evil.example\r\n",
    "a long value": b"X: " + b"a" * 9000 + b"\r\n",
    "a long name": b"X" * 9000 + b": a\r\n",
    "many headers": b"".join(b"X%d: a\r\n" % number for number in range(3000)),
}
DEVIOUS = (
    {f"length: {name}": SESSION + rest for name, rest in LENGTHS.items()}
    | {f"coding: {name}": SESSION + rest for name, rest in CODINGS.items()}
    | {f"chunk: {name}": SESSION + CHUNKED + rest for name, rest in CHUNKS.items()}
    | {f"line: {name}": SESSION + rest + b"Connection: close\r\n" + NO_BODY for name, rest in LINES.items()}
    | {
        "chunks of HTTP/1.0": b"POST /v1/session HTTP/1.0\r\n" + HOST + CHUNKED + NO_CHUNKS,
        "a length before another protocol": SESSION + H2C + b"Content-Length: %d\r\n\r\n" % len(HIDDEN),
        "chunks before another protocol": SESSION + H2C + CHUNKED + NO_CHUNKS,
    }
)


@pytest.mark.parametrize("name", DEVIOUS)
def test_a_request_within_a_request_is_not_answered(running, name):
    """Whatever the lengths say: the hidden request is refused with its carrier, never answered as one of its own."""
    statuses, asked = said(running, DEVIOUS[name] + HIDDEN)
    assert len(statuses) <= 1, statuses
    assert all(400 <= status < 500 for status in statuses), statuses
    assert ("GET", b"/healthz") not in asked
    late = name.startswith("chunk: ") or name == "line: a second host"  # the parser finds no fault with the head
    assert len(asked) <= late


@pytest.mark.parametrize("name", ["length: length and chunks", "a length before another protocol", "coding: identity"])
def test_the_service_as_it_is_started_refuses_them(client, name):
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=60) as link:
        with contextlib.suppress(ConnectionError):
            link.sendall(DEVIOUS[name] + HIDDEN)
        assert STATUS.findall(read(link)) in ([b"400"], [])


TARGETS = [
    b"GET http://evil.example/healthz HTTP/1.1\r\n" + HOST,
    b"GET http://evil.example/v1/runs HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n",
    b"GET http://127.0.0.1@evil.example/healthz HTTP/1.1\r\n" + HOST,
    b"GET http://a@127.0.0.1/healthz HTTP/1.1\r\n" + HOST,
    b"GET http:///healthz HTTP/1.1\r\n" + HOST,
    b"GET http://127.0.0.1 HTTP/1.1\r\n" + HOST,
    b"GET ftp://127.0.0.1/healthz HTTP/1.1\r\n" + HOST,
    b"GET file:///etc/passwd HTTP/1.1\r\n" + HOST,
    b"GET 127.0.0.1:80 HTTP/1.1\r\n" + HOST,
    b"GET healthz HTTP/1.1\r\n" + HOST,
    b"GET /healthz#part HTTP/1.1\r\n" + HOST,
    b"GET //evil.example/healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n",
    b"GET * HTTP/1.1\r\n" + HOST + b"Connection: close\r\n",
    b"OPTIONS * HTTP/1.1\r\n" + HOST + b"Connection: close\r\n",
    b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n" + HOST,
    b"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n",
    b"GET /healthz\r\n",
    b"GET /healthz HTTP/0.9\r\n" + HOST,
    b"GET /healthz HTTP/1.2\r\n" + HOST,
    b"GET /healthz HTTP/2.0\r\n" + HOST,
    b"GET /healthz HTTP/9.9\r\n" + HOST,
    b"GET /v1/runs HTTP/1.1\r\nConnection: close\r\n",
    b"GET /\xff HTTP/1.1\r\n" + HOST,
    b"GET /a b HTTP/1.1\r\n" + HOST,
    b"GET\t/healthz HTTP/1.1\r\n" + HOST,
    b"get /healthz HTTP/1.1\r\n" + HOST,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n",
    b" X: a\r\n" + HEALTH,
]


@pytest.mark.parametrize("head", TARGETS, ids=range(len(TARGETS)))
def test_what_is_no_request_for_us_is_refused(running, head):
    statuses, asked = said(running, head + b"\r\n" + HIDDEN)
    assert len(statuses) <= 1, statuses
    assert all(400 <= status < 500 for status in statuses), statuses
    assert ("GET", b"/healthz") not in asked
    assert running.answers()


SOUND = {
    "chunks by another name": (SESSION + b"TRANSFER-ENCODING:\tCHUNKED \r\n\r\n" + NO_CHUNKS, [411, 200]),
    "a size of many zeros": (SESSION + CHUNKED + b"0" * 40 + b"\r\n\r\n", [411, 200]),
    "a small extension": (SESSION + CHUNKED + b"0;a=b\r\n\r\n", [411, 200]),
    "space around a length": (SESSION + b"Content-Length:  0 \r\n\r\n", [401, 200]),
    "a name with a low line": (SESSION + b"X_Y: a\r\n" + NO_BODY, [401, 200]),
    "more than its length": (SESSION + b"Content-Length: 2\r\n\r\n{}", [401, 200]),
    "a length where none is wanted": (b"GET /v1/runs HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}", [401, 200]),
    "a length that holds a request": (
        SESSION + b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN.replace(b"/healthz", b"/readyz/"),
        [401, 200],
    ),
    "the same host twice": (HEALTH.replace(b"/healthz", b"http://127.0.0.1/healthz") + b"\r\n", [200, 200]),
    "the last of a connection": (HIDDEN, [200]),
    "HTTP/1.0": (HEALTH.replace(b"1.1", b"1.0", 1) + b"\r\n", [200]),
    "HTTP/1.0 that would stay": (HEALTH.replace(b"1.1", b"1.0", 1) + b"Connection: keep-alive\r\n\r\n", [200]),
    "another protocol": (HEALTH + H2C + b"\r\n", [200]),
    "another protocol without a key": (b"GET /v1/runs HTTP/1.1\r\n" + HOST + H2C + b"\r\n", [401]),
}


@pytest.mark.parametrize("name", SOUND)
def test_what_follows_a_request_is_answered_as_its_own_or_not_at_all(running, name):
    data, wanted = SOUND[name]
    statuses, asked = said(running, data + HIDDEN)
    assert statuses == wanted
    assert len(asked) == len(wanted)


def test_what_is_no_request_takes_no_answer_from_the_one_before(running):
    assert said(running, HEALTH + b"\r\nNONSENSE\r\n\r\n" + HIDDEN) == ([200], [("GET", b"/healthz")])


def test_what_follows_a_body_is_no_part_of_the_head(running):
    """A header behind the last chunk gives no key, takes none away and names no host (RFC 9110 section 6.5.1)."""
    get = b"GET /v1/runs HTTP/1.1\r\n" + HOST
    assert said(running, get + CHUNKED + b"0\r\n" + running.key + b"\r\n" + HIDDEN)[0] == [401, 200]
    behind = b"0\r\nAuthorization: Bearer none\r\nHost: evil.example\r\n\r\n"
    assert said(running, get + running.key + CHUNKED + behind + HIDDEN)[0] == [200, 200]


def test_a_body_that_comes_after_its_refusal_is_not_read_as_a_request(running):
    hidden = HEALTH + b"\r\n"
    before = len(running.asked)
    with running.connect() as link:
        link.sendall(SESSION + b"Content-Length: %d\r\n\r\n" % len(hidden))
        assert link.recv(65536).startswith(b"HTTP/1.1 401")
        link.sendall(hidden + HIDDEN)
        assert STATUS.findall(read(link)) == [b"200"]
    assert running.asked[before:].count(("GET", b"/healthz")) == 1


@pytest.mark.parametrize("rest", [b"", b"zz\r\n", b"5\r\n"])
def test_one_request_has_one_answer_whatever_becomes_of_its_body(running, monkeypatch, rest):
    """Refused at its head; then its body is no body, or does not come."""
    monkeypatch.setattr(running.desk, "bounds", replace(BOUNDS, body_s=0.1))
    with running.connect() as link:
        link.sendall(INGEST + CHUNKED)
        assert link.recv(65536).startswith(b"HTTP/1.1 401")
        with contextlib.suppress(ConnectionError):
            link.sendall(rest)
        assert STATUS.findall(read(link)) == []


def test_nonsense_is_not_answered_in_the_middle_of_a_stream(running):
    before = running.desk.cut.get("bad request", 0)
    with running.connect() as link:
        link.sendall(b"GET /v1/stream HTTP/1.1\r\n" + HOST + running.key + b"\r\n")
        assert link.recv(65536).startswith(b"HTTP/1.1 200")
        link.sendall(b"NONSENSE\r\n\r\n" + HIDDEN)
        until(lambda: running.desk.cut.get("bad request", 0) > before)
        assert b"HTTP/1.1" not in b"".join(link.recv(65536) for _ in range(3))


@pytest.mark.parametrize("keyed", [True, False])
def test_a_chunk_is_not_mostly_padding(running, keyed):
    """An extension of a megabyte, or a chunk for every byte with an extension of its own."""
    before = running.desk.cut.get("padded body", 0)
    head = INGEST + (running.key if keyed else b"") + CHUNKED
    for body in (b"1;" + b"a" * (1 << 20), (b"1;" + b"a" * 100 + b"\r\nx\r\n") * 10_000):
        statuses, _ = said(running, head + body + b"\r\nx\r\n" + NO_CHUNKS + HIDDEN)
        assert statuses in ([400], []) if keyed else statuses in ([401], [400], [])
    assert running.desk.cut["padded body"] == before + 2


def test_many_requests_without_reading_are_answered_in_order_or_not_at_all(running):
    statuses, asked = said(running, (HEALTH + b"\r\n" + b"GET /v1/runs HTTP/1.1\r\n" + HOST + b"\r\n") * 200)
    assert statuses == ([200, 401] * 200)[: len(statuses)]
    assert len(statuses) <= len(asked) <= 400
