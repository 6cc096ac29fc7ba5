"""What is read of the first request and response."""

from __future__ import annotations

import numpy as np
import pytest

from detector.http_facts import METHODS, http_request, http_response, is_request
from detector.message_row import MESSAGE


def request(text):
    row = np.zeros(1, MESSAGE)
    data = np.frombuffer(text + b"&/" * 50, np.uint8)  # what lies behind must not be read
    assert is_request(data, 0, len(text))
    http_request(row[0], data, 0, len(text))
    return row[0]


@pytest.mark.parametrize(
    ("target", "length", "depth", "parameters"),
    [
        (b"/", 1, 1, 0),
        (b"/a/b/c.php?x=1&y=/&z", 20, 3, 3),
        (b"/a?", 3, 1, 0),
        (b"http://h.example/a/b", 20, 2, 0),
        (b"*", 1, 0, 0),
    ],
)
def test_the_shape_of_the_target(target, length, depth, parameters):
    row = request(b"GET " + target + b" HTTP/1.1\r\n\r\n")
    assert (row["uri_length"], row["uri_depth"], row["parameters"]) == (length, depth, parameters)


def test_host_and_agent_in_any_case_and_only_in_the_headers():
    text = b"POST /a HTTP/1.1\r\nHOST:  www.Example.com\r\nuser-agent: curl/8\r\n\r\nHost: other\r\n"
    row = request(text)
    assert METHODS[row["method"]] == "POST"
    assert row["host"][: row["host_length"]].tobytes() == b"www.Example.com"
    assert row["agent_length"] == 6
    assert row["name_hash"] == request(b"GET / HTTP/1.1\nHost: WWW.example.COM\n\n")["name_hash"]


@pytest.mark.parametrize("method", METHODS[1:])
def test_each_method(method):
    assert METHODS[request(method.encode() + b" /x HTTP/1.1\r\n\r\n")["method"]] == method


@pytest.mark.parametrize(
    "text", [b"GETS / HTTP/1.1\r\n", b"get / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", b"GET     ", b"SSH-2.0-x"]
)
def test_other_words_are_no_request(text):
    assert is_request(np.frombuffer(text, np.uint8), 0, len(text)) == (text == b"GET     ")


def test_cut_requests_are_read_as_far_as_they_go():
    whole = b"GET /a/b?c=d HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: curl/8.0\r\n\r\n"
    for cut in range(6, len(whole)):
        row = request(whole[:cut])
        assert row["uri_length"] <= 8
        assert row["host_length"] <= 15
        assert row["agent_length"] <= 8


@pytest.mark.parametrize(("text", "status"), [(b"HTTP/1.1 404 Not", 404), (b"HTTP/1.0 200", 200), (b"HTTP/1.1 2x0", 0)])
def test_the_status(text, status):
    row = np.zeros(1, MESSAGE)
    http_response(row[0], np.frombuffer(text, np.uint8), 0)
    assert row[0]["status"] == status
