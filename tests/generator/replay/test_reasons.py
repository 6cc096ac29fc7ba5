"""Each reason has one name and one number."""

from __future__ import annotations

from generator.replay import reasons


def test_numbers_and_names_agree() -> None:
    for name, value in vars(reasons).items():
        if isinstance(value, int):
            assert reasons.REASONS[value] == name.lower()
    assert len(set(reasons.REASONS)) == len(reasons.REASONS)
