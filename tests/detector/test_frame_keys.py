from __future__ import annotations

import numpy as np

from detector.frame_keys import UNREADABLE, FrameKeys
from tests.detector.captured import arp, batch_of, eth, icmp, ip4, tcp


def test_keys_are_those_of_the_headers():
    a, b = bytes([198, 18, 0, 1]), bytes([198, 18, 0, 2])
    frames = [eth(ip4(a, b, 6, tcp(5, 80, 2))), eth(ip4(b, a, 1, icmp(0, 3))), eth(arp(1, a, b), 0x0806), b"\x00" * 9]
    keys = FrameKeys().of(batch_of(frames))
    assert keys.protocol.tolist() == [6, 1, 0x0806, UNREADABLE]
    assert keys.port[:2].tolist() == [[5, 80], [0, 3]]
    low = (keys.address[:3, :, 1] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    one, two = (int.from_bytes(address, "big") for address in (a, b))
    assert low.tolist() == [[one, two], [two, one], [one, two]]
    assert FrameKeys().of(batch_of([])).protocol.tolist() == []
