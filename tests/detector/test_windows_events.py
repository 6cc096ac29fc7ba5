import numpy as np
import pytest

from detector.windows_events import (
    ARP_REPLIES,
    CLOSES,
    COUNTS,
    HTTP,
    HTTP_ERRORS,
    LOGINS_REFUSED,
    ODD,
    OPENED,
    REFUSED,
    REPLY_FIRST,
    STARTS,
    SYNS,
    describe,
    first_words,
    http_status,
    is_http_request,
    is_reply,
)
from tests.detector.flows_by_hand import empty, put


def as_bytes(text):
    data = np.zeros(128, np.uint8)
    data[: len(text)] = np.frombuffer(text, np.uint8)
    return data


def gains_of(forward=b"", backward=b"", **facts):
    table = empty()
    put(table, 0, 1, 2, payload_kept=(len(forward), len(backward)), **facts)
    payload = np.stack((as_bytes(forward), as_bytes(backward)))
    gains = np.full(COUNTS, 99, np.float32)
    return gains, describe(table.flows[0], table.before[0], payload, gains)


def test_a_syn_starts():
    gains, event = gains_of()
    assert gains[STARTS] == gains[SYNS] == 1
    assert gains[ODD] == gains[CLOSES] == 0
    assert event.started
    assert not event.closed


@pytest.mark.parametrize(
    ("facts", "column"),
    [
        ({"tcp_state": 0, "flags": (16, 0)}, ODD),
        ({"tcp_state": 7}, OPENED),
        ({"tcp_state": 64, "flags": (2, 20)}, REFUSED),
        ({"unreachable": 1, "protocol": 17}, REFUSED),
        ({"tcp_state": 1 | 8}, CLOSES),
        ({"protocol": 17, "packets": (1, 1)}, CLOSES),
        ({"protocol": 0x0806, "arp_replies": 1}, ARP_REPLIES),
    ],
)
def test_what_happened_is_counted(facts, column):
    assert gains_of(**facts)[0][column] == 1


def test_a_reset_behind_an_answer_is_no_refusal():
    assert gains_of(tcp_state=64, flags=(2, 20), payload=(10, 500))[0][REFUSED] == 0


def test_http_counts_what_the_tick_brought():
    table = empty()
    put(table, 0, 1, 2, payload=(17, 24), packets=(3, 2), http_requests=5, http_refused=3, asked_hash=7)
    table.before[0]["http_requests"], table.before[0]["http_refused"] = 2, 2
    gains = np.full(COUNTS, 99, np.float32)
    event = describe(table.flows[0], table.before[0], table.payload[0], gains)
    assert (gains[HTTP], gains[HTTP_ERRORS]) == (3, 1)
    assert event.message == 7


def test_refused_logins_count_what_the_tick_brought():
    table = empty()
    put(table, 0, 1, 2, logins_refused=5)
    table.before[0]["logins_refused"] = 2
    gains = np.full(COUNTS, 99, np.float32)
    describe(table.flows[0], table.before[0], table.payload[0], gains)
    assert gains[LOGINS_REFUSED] == 3


def test_an_answer_that_comes_first():
    answer = b"\x12\x34\x81\x80" + bytes(40)
    assert gains_of(answer, payload=(44, 0), protocol=17, port=(53, 4444))[0][REPLY_FIRST] == 1
    question = b"\x12\x34\x01\x00" + bytes(40)
    assert gains_of(question, payload=(44, 0), protocol=17, port=(4444, 53))[0][REPLY_FIRST] == 0


@pytest.mark.parametrize(
    ("data", "is_one"),
    [(b"GET / HTTP/1.1", True), (b"PROPFIND /a", True), (b"SSH-2.0-x", False), (b"GET", False), (b"", False)],
)
def test_http_requests(data, is_one):
    assert is_http_request(as_bytes(data), len(data)) == is_one


def test_http_status():
    assert http_status(as_bytes(b"HTTP/1.0 503 no"), 15) == 5
    assert http_status(as_bytes(b"HELO"), 4) == 0


@pytest.mark.parametrize(
    ("data", "port", "answer"),
    [
        (b"HTTP/1.1 200 OK", 1900, True),
        (b"M-SEARCH * HTTP", 50000, False),
        (b"\x17\x00\x03\x2a", 123, False),
        (b"\x97\x00\x03\x2a", 123, True),
        (b"\x1b\x01\x00\xe9", 123, False),
        (b"\x24\x01\x00\xe9", 123, True),
        (b"0\x20\x02\x01\x01\x04\x06public\xa2\x13", 161, True),
        (b"0\x20\x02\x01\x01\x04\x06public\xa0\x13", 161, False),
        (b"\x02\x01\x06\x00", 67, True),
        (b"\x01\x01\x06\x00", 67, False),
        (b"\x12\x34\x85\x00", 137, True),
        (b"\x12\x34\x01\x10", 137, False),
    ],
)
def test_answers_by_protocol(data, port, answer):
    assert is_reply(as_bytes(data), len(data), port) == answer


def test_equal_messages_have_equal_hashes():
    assert first_words(as_bytes(b"abc"), 3) == first_words(as_bytes(b"abc"), 3) != first_words(as_bytes(b"abd"), 3)
