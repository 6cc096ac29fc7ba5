"""A capture through the meter alone: each frame in a row, in bounded room, whatever the table's size."""

from __future__ import annotations

import struct

import pyarrow as pa
import pytest

from detector.bare_facts import BARE_FACTS
from detector.flow_facts import FLOW_FACTS
from detector.metering import meter_capture
from tests.detector.captured import A, B, arp, eth, ip4, udp

SECOND = 1_000_000_000


def capture(path, frames):
    """A pcap with nanoseconds of (ns, frame)."""
    rows = [struct.pack("<IIII", *divmod(ns, SECOND), len(frame), len(frame)) + frame for ns, frame in frames]
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1) + b"".join(rows))
    return path


@pytest.fixture
def busy(tmp_path):
    """500 UDP flows of three frames, two seconds apart, an ARP message and a frame of no IP."""
    frames = [
        (n * 10_000_000 + 2 * SECOND * turn, eth(ip4(A, B, 17, udp(1000 + n, 53, b"x" * turn))))
        for turn in range(3)
        for n in range(500)
    ]
    frames += [(8 * SECOND, eth(arp(1, A, B), 0x0806)), (8 * SECOND, eth(bytes(20), 0x88CC))]
    return capture(tmp_path / "busy.pcap", sorted(frames, key=lambda row: row[0]))


def test_bare_metering_finds_the_same_flows(busy):
    full, bare = [], []
    told, found = meter_capture(busy, full.append, idle_s=1.0), meter_capture(busy, bare.append, idle_s=1.0, bare=True)
    assert (found.flows, found.protocols, found.ended) == (told.flows, told.protocols, told.ended)
    assert found.ledger.as_dict() == told.ledger.as_dict()
    by = [(name, "ascending") for name in ("first", "src_port")]
    everything = pa.Table.from_batches(full, FLOW_FACTS).select(BARE_FACTS.names).sort_by(by)
    assert pa.Table.from_batches(bare, BARE_FACTS).sort_by(by).to_pydict() == everything.to_pydict()


def test_each_frame_is_in_a_row_or_in_the_ledger(busy):
    batches: list[pa.RecordBatch] = []
    found = meter_capture(busy, batches.append)
    table = pa.Table.from_batches(batches, FLOW_FACTS)
    assert (found.flows, table.num_rows, found.frames) == (501, 501, 1502)
    assert found.protocols["udp"] == {"flows": 500, "packets": 1500, "bytes": 1500 * 29}
    assert found.protocols["arp"]["packets"] == 1
    assert found.ledger.balanced
    assert found.ledger.stages["decode"].dropped == {"not_ip": 1}
    assert found.ended == {"end_of_input": 501}
    assert found.traffic_seconds == pytest.approx(8.99)


def test_a_small_table_and_short_timeouts_lose_no_frame(busy):
    for options in ({"capacity": 20}, {"idle_s": 1.0}, {"active_s": 1.0}):
        found = meter_capture(busy, None, **options)
        assert found.ledger.balanced
        assert found.protocols["udp"]["packets"] == 1500
        assert found.ledger.stages["decode"].dropped == {"not_ip": 1}
        assert found.flows > 501


def test_an_empty_capture_has_no_flow(tmp_path):
    found = meter_capture(capture(tmp_path / "empty.pcap", []), None)
    assert (found.flows, found.frames, found.seconds, found.traffic_seconds) == (0, 0, 0.0, 0.0)
    assert found.ledger.balanced
