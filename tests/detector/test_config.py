"""Settings of a detector."""

from __future__ import annotations

import pytest

from contract.errors import InputError
from detector.config import Config


def test_defaults_are_sound() -> None:
    assert Config().tick_ns == 50_000_000


@pytest.mark.parametrize("name", ["tick_ns", "tick_frames", "capacity", "hosts"])
def test_nothing_may_be_zero(name: str) -> None:
    with pytest.raises(InputError, match="positive"):
        Config(**{name: 0})


@pytest.mark.parametrize(("name", "value"), [("late_ns", -1), ("shards", 0), ("shards", 65)])
def test_nonsense_is_named(name: str, value: int) -> None:
    with pytest.raises(InputError, match=name):
        Config(**{name: value})
