"""First messages in flows: read once from the frame, gathered from several, bounded, given back."""

from __future__ import annotations

import numpy as np
import pytest

from detector.message_row import PARTIAL
from detector.messages import BUFFER, BUFFERS, DISPLACED, WAITING
from detector.side_rows import rows_in_use
from tests.detector import hellos
from tests.detector.captured import ACK, MS, PSH, START, A, B, batch_of, eth, ip4, meter_of, tcp

REQUEST = b"GET /a?b=c HTTP/1.1\r\nHost: www.example.com\r\n\r\n"


def forth(payload, port=4000, seq=1):
    return eth(ip4(A, B, 6, tcp(port, 443, PSH | ACK, payload, seq)))


def back(payload, port=4000, seq=1):
    return eth(ip4(B, A, 6, tcp(443, port, PSH | ACK, payload, seq)))


def row_of(meter, slot=0):
    side = meter.table.messages.side
    return side.rows[side.of[slot]]


def fingerprint(meter, slot=0):
    return row_of(meter, slot)["ja4"].tobytes().rstrip(b"\0").decode()


def test_hellos_of_both_sides_lie_in_one_row():
    answer = hellos.server_hello(extensions=[hellos.extension(43, b"\3\4")])
    meter = meter_of([forth(hellos.client_hello()), back(answer), back(hellos.client_hello(), seq=500)])
    row = row_of(meter)
    assert fingerprint(meter) == hellos.EXAMPLE_JA4
    assert (row["chosen_version"], row["chosen_cipher"]) == (0x0304, 0x1301)
    assert rows_in_use(meter.table.messages.side) == 1


def test_a_request_and_its_response():
    meter = meter_of(
        [forth(REQUEST), back(b"HTTP/1.1 404 Not Found\r\n\r\n"), forth(b"POST /x HTTP/1.1\r\n\r\n", seq=99)]
    )
    row = row_of(meter)
    assert (row["method"], row["status"], row["parameters"]) == (1, 404, 1)


def in_pieces(record, size, port=4000):
    return [forth(record[at : at + size], port, 1 + at) for at in range(0, len(record), size)]


@pytest.mark.parametrize("size", [100, 150, 300])
def test_a_hello_in_several_segments_is_gathered(size):
    record = hellos.client_hello()
    meter = meter_of(in_pieces(record, size))
    assert fingerprint(meter) == hellos.EXAMPLE_JA4
    assert meter.table.messages.counters[WAITING] == 0
    assert not row_of(meter)["seen"] & PARTIAL


def test_pieces_of_many_flows_among_each_other_and_across_batches():
    record = hellos.client_hello()
    flows = [in_pieces(record, 200, 4000 + n) for n in range(20)]
    frames = [pieces[at] for at in range(len(flows[0])) for pieces in flows]
    meter = meter_of(frames[:25])
    meter.update(batch_of(frames[25:], START + MS * (25 + np.arange(len(frames) - 25))))
    assert {fingerprint(meter, slot) for slot in range(20)} == {hellos.EXAMPLE_JA4}


def test_a_missing_piece_leaves_what_the_first_one_said():
    pieces = in_pieces(hellos.client_hello(), 100)
    meter = meter_of([pieces[0], pieces[2]])
    assert fingerprint(meter) == ""
    assert row_of(meter)["seen"] & PARTIAL
    assert row_of(meter)["ciphers"] > 0
    assert meter.table.messages.counters[WAITING] == 0


def test_a_piece_sent_twice_is_taken_once():
    pieces = in_pieces(hellos.client_hello(), 150)
    assert fingerprint(meter_of([pieces[0], pieces[0], *pieces[1:]])) == hellos.EXAMPLE_JA4


def test_a_hello_longer_than_a_buffer_is_read_from_its_first_segment():
    longer = hellos.client_hello(extensions=[*hellos.example_extensions(), hellos.extension(0x15, bytes(BUFFER))])
    meter = meter_of(in_pieces(longer, 1000))
    assert fingerprint(meter) == ""
    assert row_of(meter)["ciphers"] > 0
    assert meter.table.messages.counters[[WAITING, DISPLACED]].tolist() == [0, 0]


def test_beyond_the_buffers_the_oldest_is_given_up_and_counted():
    first = [in_pieces(hellos.client_hello(), 150, 4000 + n)[0] for n in range(BUFFERS + 5)]
    meter = meter_of(first)
    assert meter.table.messages.counters[[WAITING, DISPLACED]].tolist() == [BUFFERS, 5]
    assert meter.counts()["hellos_displaced"] == 5
    meter.release(meter.finish())
    assert meter.table.messages.counters[WAITING] == 0
    assert rows_in_use(meter.table.messages.side) == 0


@pytest.mark.parametrize(
    "payload", [b"\x16\x03\x01\0\x05\x01", b"SSH-2.0-OpenSSH", b"GET", b"\x16" + bytes(60), b"\x17\x03\x03" + bytes(60)]
)
def test_other_payloads_have_no_row(payload):
    assert rows_in_use(meter_of([forth(payload)]).table.messages.side) == 0


def test_messages_after_the_first_packets_are_not_looked_at():
    frames = [forth(b"hello, who is it", seq=1 + 16 * n) for n in range(4)]
    assert rows_in_use(meter_of([*frames, forth(REQUEST, seq=65)]).table.messages.side) == 0
    assert rows_in_use(meter_of([*frames[:3], forth(REQUEST, seq=49)]).table.messages.side) == 1
