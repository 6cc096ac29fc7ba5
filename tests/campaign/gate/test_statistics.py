from __future__ import annotations

import numpy as np
import pytest

from campaign.gate.statistics import Word, interval

# CPU seconds of blocks of the same build (A/A) on a machine of two cores with a load of about six, and of a build whose
# tick works a fifth longer (docs/ci.md)
BASE = [1.5535, 1.6405, 1.3436, 1.4102, 1.5211, 1.4876, 1.6023, 1.3921, 1.4590, 1.5302]
SAME = [1.6051, 1.5424, 1.4382, 1.3911, 1.5530, 1.4702, 1.5817, 1.4203, 1.4433, 1.5466]


def test_the_median_lies_within_its_bounds_and_the_same_seed_gives_the_same():
    found = interval(SAME, BASE)
    assert found.lower <= found.median <= found.upper
    assert found == interval(SAME, BASE)
    assert found.pairs == 10


def test_the_same_build_is_never_called_slower():
    assert interval(SAME, BASE).word(1.05) is Word.CLEAR
    assert interval(BASE, SAME).word(1.05) is not Word.SLOWER


def test_a_fifth_more_work_is_found():
    slow = [1.2 * value for value in SAME]
    found = interval(slow, BASE)
    assert found.word(1.05) is Word.SLOWER
    assert found.median == pytest.approx(1.2 * interval(SAME, BASE).median)


def test_one_wild_block_decides_nothing():
    wild = [*SAME[:-1], 40.0]
    assert interval(wild, BASE).word(1.05) is not Word.SLOWER


def test_a_limit_within_the_interval_is_undecided():
    noisy = [base * factor for base, factor in zip(BASE, [0.9, 1.2] * 5, strict=True)]
    assert interval(noisy, BASE).word(1.05) is Word.UNDECIDED


def test_false_alarms_and_found_slowdowns_in_drawn_noise():
    """60 checks of 10 pairs with 10 % of noise in each block."""
    rng = np.random.default_rng(1)
    alarms = found = 0
    for _ in range(60):
        a, b = np.exp(rng.normal(0, 0.1, (2, 10)))
        alarms += interval(b, a).word(1.05) is Word.SLOWER
        found += interval(1.3 * b, a).word(1.05) is Word.SLOWER
    assert alarms <= 2
    assert found >= 55


@pytest.mark.parametrize(("new", "old"), [([], []), ([1.0], []), ([1.0, 2.0], [1.0]), ([0.0], [1.0]), ([1.0], [-1.0])])
def test_what_is_no_pair_of_positive_values_is_refused(new, old):
    with pytest.raises(ValueError, match=r"pairs|above 0"):
        interval(new, old)
