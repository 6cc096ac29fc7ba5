"""When flows of the bare meter end, and that their slots come back."""

from __future__ import annotations

from detector.bare import BareMeter
from tests.detector.captured import ACK, START, SYN, A, B, batch_of, eth, ip4, tcp
from tests.detector.test_bare import same
from tests.detector.test_meter import SECOND, many


def test_a_full_table_ends_flows_and_counts_them():
    same(batch_of(many(30)), capacity=20)


def test_slots_are_used_again():
    bare = BareMeter(capacity=4, seed=1)
    for turn in range(40):
        assert not bare.update(batch_of(many(4, 4 * turn)))
        bare.release(bare.finish())
    assert bare.counts()["slots_used"] <= 68
    assert not bare.table.places.any()


def test_a_closed_flow_lingers():
    close = [eth(ip4(A, B, 6, tcp(4000, 80, flags))) for flags in (SYN, ACK | 4, ACK)]
    bare = BareMeter(seed=1)
    bare.update(batch_of(close))
    assert len(bare.expire(START + SECOND)) == 0
    assert len(bare.expire(START + 3 * SECOND)) == 1
