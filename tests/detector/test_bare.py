"""The bare meter finds the flows of the full one, which is held to a plain-Python oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.bare import BARE_FLOWS, BareMeter
from detector.meter import Meter
from tests.detector.captured import START, A, B, batch_of, eth, ip4, udp
from tests.detector.test_meter import dense, frames, gaps

SHARED = [name for name in BARE_FLOWS.names if name != "tcp_state"]


def rows_of(meter, slots):
    """What the meter exports of these slots and their TCP states, as a set would hold it."""
    batch = meter.export(slots)
    columns = [batch.column(name).to_pylist() for name in SHARED if name not in {"first", "last"}]
    columns += [batch.column(name).cast("int64").to_pylist() for name in ("first", "last")]
    return sorted(zip(*columns, meter.table.flows["tcp_state"][slots].tolist(), strict=True))


def same(batch, cuts=(), capacity=1000, **options):
    full, bare = (kind(capacity=capacity, seed=1, **options) for kind in (Meter, BareMeter))
    for low, high in zip([0, *cuts], [*cuts, batch.num_rows], strict=True):
        assert bare.update(batch, low, high) == full.update(batch, low, high)
        now = full.counts()["last_ts"]
        ended, other = bare.expire(now), full.expire(now)
        assert rows_of(bare, ended) == rows_of(full, other)
        bare.release(ended)
        full.release(other)
    for name in ("live", "backwards", "last_ts", "evicted"):
        assert bare.counts()[name] == full.counts()[name], name
    assert rows_of(bare, bare.finish()) == rows_of(full, full.finish())


@settings(max_examples=60)
@given(st.lists(st.tuples(frames(), gaps), min_size=1, max_size=40), st.data())
def test_any_frames_make_the_same_flows(rows, data):
    link, frame, wire = zip(*(row[0] for row in rows), strict=True)
    ts = START + np.cumsum([row[1] for row in rows])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    same(batch_of(frame, ts, list(link), list(wire)), cuts, active_s=100)


@pytest.mark.parametrize("seed", range(8))
def test_long_flows_are_the_same(seed):
    rows = dense(seed)
    same(batch_of([row[0] for row in rows], [row[1] for row in rows]), [50, 177])


def test_wrong_ranges_are_refused():
    with pytest.raises(ValueError, match="frames 0 to 2"):
        BareMeter(seed=1).update(batch_of([eth(ip4(A, B, 17, udp(1, 2)))]), 0, 2)
