"""When flows end, and why."""

from __future__ import annotations

import numpy as np
import pytest

from contract.schemas import ENDED
from tests.detector.captured import ACK, FIN, RST, START, SYN, A, B, batch_of, eth, ip4, meter_of, tcp, udp

SECOND = 10**9


def there(flags):
    return eth(ip4(A, B, 6, tcp(4000, 80, flags)))


def back(flags):
    return eth(ip4(B, A, 6, tcp(80, 4000, flags)))


def ends(meter, seconds):
    """What ended until then, by name."""
    return [ENDED[e] for e in meter.table.flows["ended"][meter.expire(START + int(seconds * SECOND))]]


@pytest.mark.parametrize(
    ("frames", "still", "over", "reason"),
    [
        ([there(SYN)], 59.9, 60, "idle"),
        ([there(SYN), back(SYN | ACK), there(FIN | ACK)], 60, 60.01, "idle"),  # closed from one side only
        ([there(FIN | ACK), back(FIN | ACK)], 2, 2.002, "fin"),
        ([there(SYN), back(RST | ACK)], 2, 2.002, "rst"),
        ([there(FIN | ACK), back(FIN | ACK), there(RST)], 2, 2.002, "rst"),  # the last word says why
        ([there(RST), back(ACK), back(ACK), back(ACK)], 1.99, 2, "rst"),  # late frames do not prolong it
    ],
)
def test_timeouts(frames, still, over, reason):
    meter = meter_of(frames)
    assert ends(meter, still) == []
    assert ends(meter, over) == [reason]
    assert ends(meter, over + 100) == []


def test_the_end_of_input():
    meter = meter_of([there(SYN), eth(ip4(A, B, 17, udp(1, 2)))])
    assert {ENDED[e] for e in meter.table.flows["ended"][meter.finish()]} == {"end_of_input"}
    assert meter.counts()["live"] == 0
    assert len(meter.finish()) == 0


def test_frames_older_than_their_flow_are_counted_and_widen_it():
    udp_frame = eth(ip4(A, B, 17, udp(1, 2)))
    meter = meter_of([udp_frame] * 3, [START + 10, START, START + 20])
    flow = meter.table.flows[0]
    assert (flow["first"] - START, flow["last"] - START) == (0, 20)
    assert meter.counts()["backwards"] == 1


def test_a_slot_is_listed_once_though_its_flow_changed():
    meter = meter_of([there(SYN)])
    meter.release(meter.finish())
    meter.update(batch_of([back(SYN)], [START]))
    assert meter.dirty().tolist() == [0]
    assert meter.table.flows[0]["flow_id"] == 2
    assert meter.table.flows[0]["port"].tolist() == [80, 4000]


def test_ended_flows_stay_readable_until_released():
    meter = meter_of([there(SYN), back(RST | ACK), there(SYN)])
    slots = meter.expire(START)
    assert meter.export(slots).column("packets_fwd").to_pylist() == [1]
    assert meter.table.flows["state"][:2].tolist() == [2, 1]
    meter.release(slots)
    assert meter.table.flows["state"][:2].tolist() == [0, 1]
    assert np.array_equal(meter.dirty(), [1])
