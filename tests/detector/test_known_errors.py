"""Errors that flow meters are known for, CICFlowMeter above all, one test each: this meter does not make them.

[E] Engelen, Rimmer, Joosen: "Troubleshooting an Intrusion Detection Dataset: the CICIDS2017 Case Study" (WTMC 2021).
[L] Lanvin et al.: "Errors in the CICIDS2017 Dataset and the Significant Differences in Detection Performances It Makes"
    (CRiSIS 2022).
[R] Rosay et al.: "Network Intrusion Detection: A Comprehensive Analysis of CIC-IDS2017" (ICISSP 2022).
Then what TCP does that a meter must follow (RFC 9293), and when flows expire (RFC 7011 section 5.1.1).
"""

from __future__ import annotations

import numpy as np
import pytest

from contract.schemas import ENDED
from detector.flow_facts import facts_of_flows
from tests.detector.captured import ACK, FIN, MS, PSH, RST, START, SYN, A, B, eth, icmp, ip4, meter_of, tcp, udp

SECOND = 1000 * MS
THERE, BACK = (A, B, 4000, 80), (B, A, 80, 4000)


def segment(way, flags, payload=b"", seq=0, padding=0):
    src, dst, sport, dport = way
    return eth(ip4(src, dst, 6, tcp(sport, dport, flags, payload, seq))) + bytes(padding)


OPEN = [segment(THERE, SYN, seq=0), segment(BACK, SYN | ACK, seq=0), segment(THERE, ACK, seq=1)]
DATA = [segment(THERE, PSH | ACK, b"GET /", 1), segment(BACK, PSH | ACK, b"HTTP", 1)]
CLOSE = [segment(THERE, FIN | ACK, seq=6), segment(BACK, FIN | ACK, seq=5), segment(THERE, ACK, seq=7)]
WHOLE = [*OPEN, *DATA, *CLOSE]


def flows_of(frames, seconds=None, **options):
    """The facts of the flows that these frames make, in the order in which they began."""
    ts = None if seconds is None else START + (np.asarray(seconds) * SECOND).astype(np.int64)
    meter = meter_of(frames, ts, **options)
    rows = facts_of_flows(meter.table, meter.finish()).drop_columns(["first", "last"]).to_pylist()
    return sorted(rows, key=lambda row: row["flow_id"])


def packets(rows):
    return [(row["packets_fwd"], row["packets_bwd"]) for row in rows]


# What CICFlowMeter does


def test_a_flow_is_not_cut_at_the_first_fin():
    """The first FIN ended the flow, and the rest of the closing became a flow of its own [E, R]."""
    rows = flows_of([*OPEN, CLOSE[0], segment(BACK, PSH | ACK, b"half-closed", 1), *CLOSE[1:]])
    assert packets(rows) == [(4, 3)]
    assert rows[0]["payload_bwd"] == 11


def test_a_reset_ends_a_flow_and_late_frames_stay_with_it():
    """A RST did not end the flow, which then ran into the next one of the same ports [E, R]."""
    late = segment(BACK, PSH | ACK, b"late", 5)
    rows = flows_of([*OPEN, segment(THERE, RST, seq=1), late, *OPEN])
    assert packets(rows) == [(3, 2), (2, 1)]
    assert [row["ended"] for row in rows] == ["rst", "end_of_input"]


@pytest.mark.parametrize("flow_timeout", [{"idle_s": 5.0}, {"active_s": 5.0}])
def test_a_timeout_does_not_turn_the_direction(flow_timeout):
    """After a timeout the sender of the next frame, often the server, became the source [E]."""
    rows = flows_of(
        [*OPEN, segment(BACK, PSH | ACK, b"pushed", 1), segment(THERE, ACK, seq=1)], [0, 1, 2, 8, 9], **flow_timeout
    )
    assert [(row["src"], row["src_port"]) for row in rows] == [("198.18.0.1", 4000)] * 2
    assert packets(rows) == [(2, 1), (1, 1)]


def test_an_active_timeout_keeps_a_direction_that_no_port_tells():
    """The same where both ports are high."""
    there, back = eth(ip4(A, B, 17, udp(5000, 6000, b"x"))), eth(ip4(B, A, 17, udp(6000, 5000, b"x")))
    rows = flows_of([there, *[back] * 8], range(9), active_s=4)
    assert {row["src_port"] for row in rows} == {5000}


def test_the_duration_is_that_of_the_frames():
    """Frames out of order made durations and gaps wrong, even negative [L]; nanoseconds count."""
    rows = flows_of(WHOLE, [0, 0.000000001, 0.5, 1, 2, 3, 3.25, 2.75])
    assert rows[0]["duration"] == pytest.approx(3.25, abs=1e-9)
    assert flows_of(WHOLE[:2], [0, 0.000000001])[0]["duration"] == pytest.approx(1e-9)


def test_a_flow_of_one_frame_has_no_rate():
    """A duration of zero gave rates of infinity and nan in the tables of CICIDS2017."""
    (row,) = flows_of(OPEN[:1])
    assert (row["duration"], row["packets_per_s"], row["bytes_per_s"]) == (0, 0, 0)


def test_padding_of_short_frames_is_no_payload():
    """The padding of short Ethernet frames counted as payload of segments that have none [E]."""
    rows = flows_of(
        [segment(THERE, SYN, padding=6), segment(BACK, SYN | ACK, padding=6), segment(THERE, ACK, padding=6)]
    )
    assert (rows[0]["payload_fwd"], rows[0]["payload_bwd"], rows[0]["payload_packets_fwd"]) == (0, 0, 0)
    assert (rows[0]["bytes_fwd"], rows[0]["size_max_fwd"]) == (80, 40)
    udp_padded = eth(ip4(A, B, 17, udp(1, 2, b"abc"))) + bytes(15)
    assert flows_of([udp_padded])[0]["payload_fwd"] == 3


def test_sizes_of_packets_and_of_payloads_are_told_apart():
    """Lengths of packets, headers and payloads stood for each other [R]."""
    (row,) = flows_of([*OPEN, *DATA])
    assert (row["bytes_fwd"], row["header_bytes_fwd"], row["payload_fwd"]) == (125, 120, 5)
    assert row["bytes_fwd"] == row["header_bytes_fwd"] + row["payload_fwd"]
    assert (row["size_min_fwd"], row["size_max_fwd"], row["payload_max_fwd"]) == (40, 45, 5)


def test_each_flag_of_each_packet_is_counted_for_its_direction():
    """Counts of flags were no counts: 0 or 1, or those of another flag [E, R]."""
    (row,) = flows_of(WHOLE)
    counts = {
        name: (row[f"tcp_{name}_fwd"], row[f"tcp_{name}_bwd"]) for name in ("syn", "ack", "psh", "fin", "rst", "urg")
    }
    assert counts == {"syn": (1, 1), "ack": (4, 3), "psh": (1, 1), "fin": (1, 1), "rst": (0, 0), "urg": (0, 0)}


def test_a_frame_counts_once():
    """A frame at the edge of a timeout belongs to one flow."""
    frames = [eth(ip4(A, B, 17, udp(1, 2, b"x")))] * 30
    for options in ({"idle_s": 1.0}, {"active_s": 3.0}, {"idle_s": 0.5, "active_s": 2.0}):
        rows = flows_of(frames, np.arange(30), **options)
        assert sum(row["packets_fwd"] for row in rows) == 30


def test_active_and_idle_periods_of_a_flow_without_silence():
    """Active times were 0 for flows that never paused; such a flow is one active period."""
    (row,) = flows_of([*OPEN, *DATA], [0, 1, 2, 3, 4])
    assert (row["active_count"], row["active_mean"], row["idle_count"]) == (1, 4.0, 0)


def test_other_protocols_are_metered():
    """CICFlowMeter meters TCP and UDP only: pings, and what they ask and answer, are flows too."""
    rows = flows_of([eth(ip4(A, B, 1, icmp(8))), eth(ip4(B, A, 1, icmp(0))), eth(ip4(A, B, 47, bytes(8)))])
    assert [(row["protocol"], row["packets_fwd"], row["packets_bwd"]) for row in rows] == [(1, 1, 1), (47, 1, 0)]


def test_the_minimum_is_not_what_the_first_frame_left():
    """A minimum that begins at 0 stays there."""
    rows = flows_of([*OPEN, *DATA], [0, 1, 3, 7, 8])
    assert (rows[0]["gap_min_fwd"], rows[0]["gap_max_fwd"]) == (3, 4)
    assert rows[0]["size_min_bwd"] == 40


# What TCP does


def test_ports_used_again_after_a_close_are_a_new_flow():
    rows = flows_of([*WHOLE, *WHOLE])
    assert packets(rows) == [(5, 3), (5, 3)]
    assert [row["ended"] for row in rows] == ["fin", "end_of_input"]


def test_a_syn_sent_again_is_the_same_flow_and_its_round_trip_the_last_ones():
    rows = flows_of([OPEN[0], OPEN[0], *OPEN[1:]], [0, 1, 1.02, 1.03])
    assert packets(rows) == [(3, 1)]
    assert rows[0]["tcp_retransmissions_fwd"] == 1
    assert rows[0]["tcp_rtt_fwd"] == pytest.approx(0.02)


def test_half_open_connections_idle_out():
    rows = flows_of([OPEN[0], OPEN[0]], [0, 61])
    assert [row["ended"] for row in rows] == ["idle", "end_of_input"]
    assert rows[0]["tcp_rtt_fwd"] != rows[0]["tcp_rtt_fwd"]  # nan: never answered


def test_a_simultaneous_open_is_one_flow_of_who_was_first():
    """RFC 9293 figure 7: two SYNs cross, two SYN/ACKs follow."""
    frames = [
        OPEN[0],
        segment(BACK, SYN, seq=0),
        segment(THERE, SYN | ACK, seq=0),
        segment(BACK, SYN | ACK, seq=0),
        *DATA,
    ]
    rows = flows_of(frames)
    assert packets(rows) == [(3, 3)]
    assert (rows[0]["src_port"], rows[0]["payload_fwd"]) == (4000, 5)


def test_frames_that_come_after_the_close_belong_to_it_until_the_linger_is_over():
    late = segment(BACK, ACK, seq=6)
    assert packets(flows_of([*WHOLE, late], [*range(8), 7.9])) == [(5, 4)]
    assert packets(flows_of([*WHOLE, late], [*range(8), 8.1])) == [(5, 3), (0, 1)]


def test_a_late_frame_keeps_its_direction_after_the_linger():
    rows = flows_of([*WHOLE, segment(BACK, ACK, seq=6)], [*range(8), 30])
    assert [row["src_port"] for row in rows] == [4000, 4000]


def test_keep_alives_are_neither_payload_sent_twice_nor_the_end():
    probes = [segment(THERE, ACK, b"\0", 5), segment(BACK, ACK, seq=5)]
    (row,) = flows_of([*OPEN, *DATA, *probes * 3], [*range(5), *range(30, 180, 25)], idle_s=60)
    assert (row["tcp_retransmissions_fwd"], row["packets_fwd"], row["idle_count"]) == (0, 6, 6)


def test_met_in_mid_connection_the_service_is_the_answering_side():
    rows = flows_of([DATA[1], DATA[0]])
    assert (rows[0]["src_port"], rows[0]["packets_fwd"], rows[0]["packets_bwd"]) == (4000, 1, 1)


# When flows expire (RFC 7011 section 5.1.1)


def test_the_idle_timeout_counts_from_the_last_frame():
    frames = [eth(ip4(A, B, 17, udp(1, 2, b"x")))] * 4
    rows = flows_of(frames, [0, 59.999, 119.998, 179.998])
    assert packets(rows) == [(3, 0), (1, 0)]
    assert (rows[0]["ended"], rows[0]["duration"]) == ("idle", pytest.approx(119.998))


def test_the_active_timeout_counts_from_the_first_frame():
    frames = [eth(ip4(A, B, 17, udp(1, 2, b"x")))] * 121
    rows = flows_of(frames, np.arange(121) * 30, active_s=1800)
    assert packets(rows) == [(60, 0), (60, 0), (1, 0)]
    assert {row["ended"] for row in rows[:2]} == {ENDED[1]}
