from __future__ import annotations

from tests.store.outputs.helpers import batch


def test_a_batch_is_known_by_what_is_in_it():
    assert batch(3).id == batch(3).id
    assert batch(3).id != batch(3, first=1).id
    first, second = batch(3).halves()
    assert first.lines + second.lines == batch(3).lines
    assert (len(first.levels), len(second.levels)) == (1, 2)
