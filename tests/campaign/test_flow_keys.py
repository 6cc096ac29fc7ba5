"""A flow's key as a number is that of its frames, and no other flow's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from campaign.flow_keys import hashes, hashes_of, key_ports
from detector.frame_keys import FrameKeys
from detector.meter import Meter
from tests.detector.captured import arp, batch_of, eth, icmp, ip4, tcp

A, B = bytes([198, 18, 0, 1]), bytes([198, 18, 0, 2])


def test_a_key_is_the_same_in_both_directions_and_no_other() -> None:
    rng = np.random.default_rng(1)
    address = rng.integers(0, 1 << 63, (1000, 2, 2)).astype(np.uint64)
    port = rng.integers(0, 1 << 16, (1000, 2)).astype(np.uint16)
    protocol = np.full(1000, 6, np.uint16)
    found = hashes(address, port, protocol)
    assert (found == hashes(address[:, ::-1], port[:, ::-1], protocol)).all()
    assert len(np.unique(found)) == 1000
    assert not (found == hashes(address, port[:, ::-1], protocol)).any()
    assert not (found == hashes(address, port, protocol, seed=7)).any()


def test_of_icmp_request_and_reply_are_one_and_other_types_are_not() -> None:
    port = np.array([[8, 0], [0, 0], [3, 1], [128, 0], [129, 0], [40, 50]], np.uint16)
    protocol = np.array([1, 1, 1, 58, 58, 50], np.uint16)
    found = key_ports(port, protocol)
    assert (found[0] == found[1]).all()
    assert (found[3] == found[4]).all()
    assert (found[0] != found[2]).all()
    assert found[5].tolist() == [0, 0]


def test_rows_have_the_keys_of_their_frames() -> None:
    frames = [eth(ip4(A, B, 6, tcp(5, 80, 2))), eth(ip4(B, A, 1, icmp(0, 0))), eth(ip4(A, B, 1, icmp(3, 1)))]
    frames += [eth(arp(1, A, B), 0x0806), eth(ip4(A, B, 50, bytes(8)))]
    batch = batch_of(frames)
    meter = Meter(capacity=64)
    meter.update(batch)
    rows = pa.Table.from_batches([meter.export(meter.finish())])
    keys = FrameKeys().of(batch)
    of_frames = hashes(keys.address, keys.key_port, keys.protocol, 3)
    assert len(set(of_frames.tolist())) == len(frames)
    assert hashes_of(rows, 3).tolist() == of_frames.tolist()
