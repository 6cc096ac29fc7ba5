from __future__ import annotations

import numpy as np
import pytest

from campaign.gate.statistics import Word, interval

# Processor time of blocks of one build against itself, as recorded on two cores with a load of 17: the one check of ten
# that raised an alarm while every look was granted the same error (docs/ci.md).
SAME = [1.0014, 1.0326, 0.754, 1.0748, 0.8045, 1.0236, 1.0473, 0.9358, 0.9957, 1.0025]
BASE = [0.7849, 0.8129, 0.7502, 0.6731, 1.1109, 0.9777, 0.7122, 0.8519, 0.802, 0.9012]


def test_the_median_lies_within_its_bounds_and_the_same_seed_gives_the_same():
    found = interval(SAME, BASE)
    assert found.lower <= found.median <= found.upper
    assert found == interval(SAME, BASE)
    assert found.pairs == 10


def test_an_early_look_at_a_wild_machine_raises_no_alarm():
    assert interval(SAME, BASE).word(1.05) is Word.SLOWER  # were it the only look
    assert interval(SAME, BASE, 20).word(1.05) is Word.UNDECIDED
    assert interval(BASE, SAME, 20).word(1.05) is Word.CLEAR


def test_the_bound_of_an_early_look_is_stricter_and_that_of_the_last_is_not():
    lower = [interval(SAME, BASE, most).lower for most in (40, 20, 13, 10)]
    assert lower == sorted(lower)
    assert interval(SAME, BASE, 10) == interval(SAME, BASE)


def test_half_as_much_work_again_is_found_at_the_first_look():
    slow = [1.5 * value for value in SAME]
    found = interval(slow, BASE, 20)
    assert found.word(1.05) is Word.SLOWER
    assert found.median == pytest.approx(1.5 * interval(SAME, BASE).median)


def test_one_wild_block_decides_nothing():
    calm = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01, 0.99, 1.02]
    assert interval([*calm, 40.0], [1.0] * 10, 20).word(1.05) is Word.CLEAR


def test_a_limit_within_the_interval_is_undecided():
    noisy = [base * factor for base, factor in zip(BASE, [0.9, 1.2] * 5, strict=True)]
    assert interval(noisy, BASE).word(1.05) is Word.UNDECIDED


def test_false_alarms_and_found_slowdowns_in_drawn_noise():
    """60 checks of 10 pairs with 10 % of noise in each block."""
    rng = np.random.default_rng(1)
    alarms = found = 0
    for _ in range(60):
        a, b = np.exp(rng.normal(0, 0.1, (2, 10)))
        alarms += interval(b, a, 20).word(1.05) is Word.SLOWER
        found += interval(1.3 * b, a, 20).word(1.05) is Word.SLOWER
    assert alarms <= 2
    assert found >= 55


@pytest.mark.parametrize(("new", "old"), [([], []), ([1.0], []), ([1.0, 2.0], [1.0]), ([0.0], [1.0]), ([1.0], [-1.0])])
def test_what_is_no_pair_of_positive_values_is_refused(new, old):
    with pytest.raises(ValueError, match=r"pairs|above 0"):
        interval(new, old)
