"""HTTP messages counted, against a plain reading of the segments."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from detector.signs import signs
from tests.detector.captured import ACK, PSH, A, B, eth, ip4, meter_of, tcp


def conversation(segments, snap=None):
    """Frames of one connection: ``segments`` are (asks, bytes)."""
    frames, seqs = [], [1, 1]
    for asks, text in segments:
        side = 0 if asks else 1
        pair, ports = ((A, B), (5000, 80)) if asks else ((B, A), (80, 5000))
        frames.append(eth(ip4(*pair, 6, tcp(*ports, PSH | ACK, text, seq=seqs[side]))))
        seqs[side] += len(text)
    return frames if snap is None else [frame[:snap] for frame in frames]


def facts(segments):
    flow = meter_of(conversation(segments)).table.flows[0]
    return {name: int(flow[name]) for name in ("http_requests", "http_refused", "http_open", "http_signs")}


def oracle(segments):
    found = dict.fromkeys(("http_requests", "http_refused", "http_open", "http_signs"), 0)
    for asks, text in segments:
        if len(text) < 4:
            continue
        if not asks:
            found["http_refused"] += bool(found["http_requests"] and re.match(rb"HTTP/.{4}4..", text, re.DOTALL))
            continue
        begins = re.match(rb"[A-Z]{3,12} [/*h]", text)
        if begins:
            found["http_requests"] += 1
            line = re.split(rb"[\r\n]", text)[0][begins.end() - 2 :]
            head, blank, body = text.partition(b"\r\n\r\n")
            lured = lure(text, len(re.split(rb"[\r\n]", text)[0]), len(head + blank) if blank else len(text))
            body = b"" if body.startswith(b"--") else re.match(rb"[ -~]*", body).group()
            found["http_signs"] = max(found["http_signs"], count(line[:512]) + count(body[:512]) + lured)
        if begins or found["http_open"]:
            found["http_open"] = int(b"\r\n\r\n" not in text)
    return found


def lure(text, begin, end):
    """Signs behind what begins an expression in the headers."""
    found = re.search(rb"\$\{|\(\) \{", text[begin : max(end - 2, begin)])
    return count(text[begin + found.start() :][:160]) if found and begin + found.start() < end - 3 else 0


def count(text):
    return sum(sign.text.encode() in text.lower() for sign in signs())


SEGMENTS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /?id=1'+UNION+SELECT+1--+ HTTP/1.1\r\n\r\n",
    b"POST /login HTTP/1.1\r\nContent-Length: 9\r\n\r\nuser='+or+1=1",
    b"POST /up HTTP/1.1\r\n\r\n--x\r\n'|--",
    b"GET / HTTP/1.1\r\nX-Api: ${jndi:ldap://a/b}\r\nAccept: a\r\n\r\n",
    b"GET /cgi HTTP/1.1\r\nUser-Agent: () { :;}; /bin/id\r\n\r\nx",
    b"GET /slow HTTP/1.1\r\nX-a: ",
    b"b\r\nX-b: c\r\n",
    b"\r\n\r\n",
    b"GETX",
    b"ABCDEFGHIJKLMNOP /",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\n\r\n",
    b"HTTP/1.1 40",
    b"\x16\x03\x01\x00\x05hello",
]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(SEGMENTS) | st.binary(min_size=1, max_size=40)), max_size=12))
def test_segments_are_counted_as_a_plain_reader_would(segments):
    segments = [(True, b"GET / HTTP/1.1\r\n\r\n"), *segments]  # who asks first started the connection
    assert facts(segments) == oracle(segments)


def test_requests_within_one_connection():
    page, missing = SEGMENTS[0], b"HTTP/1.1 404 Not Found\r\n\r\n"
    assert facts([(True, page), (False, missing)] * 5)["http_requests"] == 5
    assert facts([(True, page), (False, missing)] * 5)["http_refused"] == 5


def test_a_head_that_was_cut_by_the_capture_counts_as_ended():
    whole = conversation([(True, b"GET /slow HTTP/1.1\r\nX-a: " + b"b" * 60)])
    assert meter_of(whole).table.flows[0]["http_open"] == 1


def test_expressions_in_headers_are_signs_and_other_headers_are_none():
    assert facts([(True, SEGMENTS[4])])["http_signs"] >= 3
    assert facts([(True, SEGMENTS[5])])["http_signs"] >= 3
    assert facts([(True, b"GET / HTTP/1.1\r\nX-Price: $5 (net) {a}\r\n\r\n")])["http_signs"] == 0
