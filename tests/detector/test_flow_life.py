"""When flows end, and why."""

from __future__ import annotations

import numpy as np
import pytest

from contract.schemas import ENDED
from detector.flowtable import LIVE
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


def test_rows_of_payload_go_from_flow_to_flow():
    """A flow gets a row with its first payload and gives it back; another one begins without what it held."""
    meter = meter_of([eth(ip4(A, B, 17, udp(i, 2, b"abc"))) for i in range(3)] + [eth(ip4(A, B, 17, udp(9, 2)))])
    assert meter.table.flows["payload_row"][:4].tolist() == [1, 2, 3, 0]
    meter.release(meter.finish())
    meter.update(batch_of([eth(ip4(A, B, 17, udp(i, 2, b"xy"))) for i in range(5)]))
    flows = meter.table.flows[meter.table.flows["state"] == LIVE]
    assert sorted(flows["payload_row"].tolist()) == [1, 2, 3, 4, 5]
    for row in flows["payload_row"]:
        assert meter.table.payload[row, 0, :2].tobytes() == b"xy"
    assert not meter.table.payload[0].any()


@pytest.mark.parametrize("ticks", [1, 2])
def test_a_slot_forgets_what_its_last_flow_had(ticks):
    frame = eth(ip4(A, B, 17, udp(1, 2, b"abc")))
    meter = meter_of([frame])
    meter.clear_dirty()
    meter.update(batch_of([frame]))
    assert meter.table.before["packets"][0, 0] == 1
    meter.release(meter.finish())
    for _ in range(ticks):
        meter.clear_dirty()
    meter.update(batch_of([frame]))
    assert not np.frombuffer(meter.table.before.tobytes(), np.uint8).any()


def test_deadlines_are_lower_bounds_and_flows_end_in_time():
    frame = eth(ip4(A, B, 17, udp(1, 2)))
    meter = meter_of([frame, frame], [START, START + 50 * SECOND])
    assert meter.table.deadline[0] == START + 60 * SECOND
    assert ends(meter, 60) == []
    assert meter.table.deadline[0] == START + 110 * SECOND
    assert ends(meter, 110) == ["idle"]
