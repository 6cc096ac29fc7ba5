"""Active and idle periods by hand; the meter's tests hold them, and the errors, to the oracle."""

from __future__ import annotations

import numpy as np
import pytest

from detector.rare_facts import ACTIVE_PERIOD, IDLE_PERIOD
from detector.side_rows import rows_in_use
from tests.detector.captured import START, A, B, eth, ip4, meter_of, tcp, udp

SECOND = 1_000_000_000


def metered(seconds):
    back = [eth(ip4(B, A, 17, udp(53, 4000, b"x"))), eth(ip4(A, B, 17, udp(4000, 53, b"x")))]
    frames = [back[i % 2] for i in range(len(seconds))]
    return meter_of(frames, START + (np.array(seconds) * SECOND).astype(np.int64))


def test_a_silence_of_more_than_five_seconds_parts_two_active_periods():
    meter = metered([0, 1, 2, 12, 15, 35, 36])
    rare = meter.table.rare.rows[meter.table.rare.of[0]]
    assert rare["period_count"].tolist() == [2, 2]  # the third active one goes on
    assert rare["period_mean"][ACTIVE_PERIOD] == pytest.approx(2.5)
    assert rare["period_mean"][IDLE_PERIOD] == pytest.approx(15)
    assert (rare["period_min"].tolist(), rare["period_max"].tolist()) == ([2, 10], [3, 20])
    assert rare["active_since"] == START + 35 * SECOND


def test_a_steady_flow_has_no_row_and_a_released_one_gives_it_back():
    assert rows_in_use(metered(range(0, 50, 5)).table.rare) == 0
    meter = metered([0, 6])
    assert rows_in_use(meter.table.rare) == 1
    meter.release(meter.finish())
    assert rows_in_use(meter.table.rare) == 0


def test_exchanges_by_who_ends_the_silence():
    talk = [(0, 0, b"hello"), (3, 1, b"id\n"), (3.1, 0, b"uid=0"), (9, 1, b"ls\n"), (9.2, 0, b"a b c d"), (20, 0, b"x")]
    seqs, frames = [1, 1], []
    for _, side, text in talk:
        pair, ports = ((A, B), (4000, 80)) if side == 0 else ((B, A), (80, 4000))
        frames.append(eth(ip4(*pair, 6, tcp(*ports, 24, text, seq=seqs[side]))))
        seqs[side] += len(text)
    meter = meter_of(frames, START + np.array([at * SECOND for at, *_ in talk]).astype(np.int64))
    rare = meter.table.rare.rows[meter.table.rare.of[0]]
    assert rare["resumed"].tolist() == [1, 2]
    assert rare["exchanged"].tolist() == [0, 0, 12, 6]  # the last has not ended
    assert rare["begun"] == 1
