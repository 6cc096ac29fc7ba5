from __future__ import annotations

from contract.config_key import Key, Table


def test_a_key_bounds_nothing_unless_it_says_so():
    key = Key("a", "number", "What.")
    assert (key.low, key.high, key.needed) == (0, float("inf"), False)
    assert Table("t", "says", (key,)).keys == (key,)
