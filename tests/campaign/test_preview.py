from __future__ import annotations

import pytest

from campaign.preview import preview
from campaign.scenario import Overrides, load
from contract.errors import InputError


def test_the_curve_goes_from_start_to_end():
    found = preview(load("smoke"), Overrides(), 11)
    assert found["t"] == [float(second) for second in range(11)]
    assert found["multiplier"][0] == 0.5
    assert found["multiplier"][-1] == 1.0
    assert sum(found["families"].values()) == pytest.approx(1.0, abs=1e-3)


def test_overrides_hold_and_are_checked():
    found = preview(load("smoke"), Overrides(multiplier=4, duration_s=20, seed=9), 3)
    assert found["attempts"] == 4 * 815 * 20
    assert found["seed"] == 9
    assert found["overrides"] == {"multiplier": 4, "duration_s": 20, "seed": 9}
    with pytest.raises(InputError, match="duration"):
        preview(load("smoke"), Overrides(duration_s=0.1))


def test_ordinary_traffic_alone_has_no_attempts():
    found = preview(load("benign-day"), Overrides(), 5)
    assert found["attempts"] == 0
    assert found["ordinary"] > 0
    assert found["families"] == {}
