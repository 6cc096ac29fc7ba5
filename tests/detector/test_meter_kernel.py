"""Who starts a flow, and when a frame begins a new one (all else is held to the oracle in test_meter)."""

from __future__ import annotations

import numpy as np
import pytest

from detector.flow_life import blank_record
from detector.flowtable import FLOW
from detector.meter_kernel import AHEAD, new_work
from detector.packet import REASONS
from tests.detector.captured import ACK, PSH, RST, SYN, A, B, eth, ip4, meter_of, tcp, udp


@pytest.mark.parametrize(
    ("frame", "starter"),
    [
        (tcp(4000, 80, SYN), 4000),
        (tcp(80, 4000, SYN), 80),
        (tcp(80, 4000, SYN | ACK), 4000),
        (tcp(4000, 80, SYN | ACK), 80),
        (tcp(80, 4000, PSH | ACK), 4000),  # met in mid-connection: the system port serves
        (tcp(4000, 80, PSH | ACK), 4000),
        (tcp(5000, 4000, ACK), 5000),
        (tcp(80, 443, ACK), 80),
        (tcp(80, 4000, RST), 4000),
        (udp(53, 4000), 53),
    ],
)
def test_who_starts(frame, starter):
    protocol = 17 if len(frame) == 8 else 6
    assert meter_of([eth(ip4(A, B, protocol, frame))]).table.flows[0]["port"][0] == starter


@pytest.mark.parametrize(
    ("before", "flows"),
    [
        ([SYN], 1),  # a SYN sent again
        ([SYN, RST | ACK], 2),
        ([SYN, ACK, 1 | ACK], 2),
        ([ACK], 2),
        ([ACK, ACK], 2),
        ([SYN | ACK], 1),  # the SYN came late
    ],
)
def test_a_syn_begins_a_new_flow_after_an_end_or_in_mid_connection(before, flows):
    packets = [ip4(A, B, 6, tcp(4000, 5000, flags)) for flags in before]
    if before == [SYN | ACK]:
        packets = [ip4(B, A, 6, tcp(5000, 4000, SYN | ACK))]
    meter = meter_of([eth(p) for p in [*packets, ip4(A, B, 6, tcp(4000, 5000, SYN))]])
    assert len(meter.finish()) == flows


def test_chunks_change_nothing():
    frames = [eth(ip4(A, B, 17, udp(i % 7, 9))) for i in range(3 * AHEAD + 5)]
    assert meter_of(frames).table.flows["packets"][:7, 0].sum() == len(frames)


def test_work_begins_clean():
    work = new_work(blank_record(FLOW), 1)
    assert work.dropped.tolist() == [0] * len(REASONS)
    assert np.array_equal(work.blank["rtt"], [[-1, -1]])
