"""The table of keys is sound in itself."""

from __future__ import annotations

from detector.config_keys import KINDS, TABLES, bounds
from detector.config_values import value


def test_every_default_and_example_is_what_the_key_takes() -> None:
    from datetime import date

    for table in TABLES:
        assert len({key.name for key in table.keys}) == len(table.keys)
        for key in table.keys:
            assert key.kind in KINDS
            assert key.says.endswith(".")
            for given in (key.default, key.example):
                if given is not None:
                    meant = date.fromisoformat(given) if key.kind == "date" else given
                    assert value(key, meant) == meant


def test_bounds_in_words() -> None:
    capacity = next(key for key in TABLES[0].keys if key.name == "capacity")
    assert bounds(capacity) == "256 to 67,108,864"
