"""Facts of a flow that a reader can check by hand; the oracle of test_meter checks them on any frames."""

from __future__ import annotations

import numpy as np

from tests.detector.captured import ACK, MS, PSH, START, SYN, A, B, arp, eth, ip4, meter_of, tcp, udp


def sent(seq, payload=b"", flags=PSH | ACK, **more):
    return eth(ip4(A, B, 6, tcp(4000, 80, flags, payload, seq, **more)))


def test_sequence_numbers_wrap_and_repeat():
    frames = [sent(2**32 - 2, b"abcd"), sent(2, b"ef"), sent(2**32 - 2, b"abcd"), sent(10, b"later"), sent(3, b"x")]
    flow = meter_of(frames).table.flows[0]
    assert flow["retransmissions"][0] == 1
    assert flow["out_of_order"][0] == 1
    assert flow["next_seq"][0] == 15
    assert flow["sizes"][:5].tolist() == [4, 2, 5, 1, 0]  # a keep-alive-like byte counts, a repetition does not


def test_first_payload_bytes_are_kept_in_each_direction():
    table = meter_of(
        [sent(1, b"GET /" + bytes(90)), sent(96, b"y" * 60), eth(ip4(B, A, 6, tcp(80, 4000, ACK, b"ok")))]
    ).table
    assert table.flows[0]["payload_kept"].tolist() == [128, 2]
    assert table.payload[1, 0].tobytes() == b"GET /" + bytes(90) + b"y" * 33
    assert table.payload[1, 1, :2].tobytes() == b"ok"


def test_gaps():
    ts = START + np.array([0, 10, 30, 2030]) * MS
    flow = meter_of([eth(ip4(A, B, 17, udp(1, 2)))] * 4, ts).table.flows[0]
    gaps = np.array([0.01, 0.02, 2.0])
    np.testing.assert_allclose(flow["gap_mean"][0], gaps.mean())
    np.testing.assert_allclose(flow["gap_m2"][0], ((gaps - gaps.mean()) ** 2).sum())
    np.testing.assert_allclose([flow["gap_min"][0], flow["gap_max"][0]], [0.01, 2.0])
    assert flow["pauses"][0] == 1


def test_windows():
    frames = [sent(0, flags=SYN, window=0), sent(1, flags=ACK, window=500), sent(1, flags=ACK, window=0)]
    flow = meter_of(frames).table.flows[0]
    assert (flow["zero_windows"][0], flow["window_min"][0], flow["window_min"][1]) == (1, 0, 65535)


def test_arp_claims():
    macs = [b"\x02" * 6, b"\x02" * 6, b"\x04" * 6]
    frames = [eth(arp(2, A, A, mac), 0x0806) for mac in macs]
    flow = meter_of(frames).table.flows[0]
    assert (flow["arp_mac_changes"], flow["arp_gratuitous"], flow["arp_replies"]) == (1, 3, 3)
    assert flow["arp_mac"][0] == 0x040404040404


def test_a_heartbeat_that_claims_more_than_it_brings():
    hello = b"\x16\3\2\0\4\1\0\0\0"
    greedy, honest = b"\x18\3\2\0\3\1\x40\0", b"\x18\3\2\0\x15\1\0\2ab" + bytes(16)
    for heartbeat, count in ((greedy, 1), (honest, 0)):
        flow = meter_of([sent(1, hello), sent(10, heartbeat)]).table.flows[0]
        assert flow["over_reads"] == count


def test_refused_logins_are_counted_also_within_one_connection():
    frames = [sent(1, b"PASS a\r\n")]
    for turn, answer in enumerate((b"530 no\r\n", b"530 no\r\n", b"230 ok\r\n")):
        frames.append(eth(ip4(B, A, 6, tcp(80, 4000, PSH | ACK, answer, 1 + 8 * turn))))
    assert meter_of(frames).table.flows[0]["logins_refused"] == 2
