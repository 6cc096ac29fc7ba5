from __future__ import annotations

from api.metrics import Metrics


def test_each_application_counts_for_itself():
    one, other = Metrics(), Metrics()
    one.gaps.inc(3)
    assert b"tenfold_stream_dropped_total 3.0" in one.render()
    assert b"tenfold_stream_dropped_total 0.0" in other.render()
