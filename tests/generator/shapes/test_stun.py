from __future__ import annotations

import zlib

import numpy as np
from scapy.contrib.stun import STUN

from generator.shapes import stun


def test_messages_read_back_with_their_attributes_and_fingerprint() -> None:
    rng = np.random.default_rng(1)
    pairs = [stun.binding(rng, b"agent"), stun.check(rng, b"ab:cd", controlling=True, nominates=True)]
    for asked, told in [*pairs, *stun.allocation(rng, b"example.org")]:
        for data in (asked, told):
            read = STUN(data)
            assert read.length == len(data) - 20
            assert read.magic_cookie == 0x2112A442
        assert asked[8:20] == told[8:20], "the answer has the question's number"
    marked = pairs[1][0]
    assert int.from_bytes(marked[-4:], "big") == zlib.crc32(marked[:-8]) ^ 0x5354554E
