from __future__ import annotations

import numpy as np

from generator.segment_rng import SegmentGenerator

N = 1000


def stretch(own: int) -> SegmentGenerator:
    return SegmentGenerator(np.random.default_rng(1), np.random.default_rng(own), N)


def test_what_holds_for_the_campaign_is_alike_in_every_stretch() -> None:
    first, second = stretch(5), stretch(6)
    for draw in (
        lambda rng: rng.random(),
        lambda rng: rng.integers(0, 50, 7).tolist(),
        lambda rng: rng.permutation(20).tolist(),
        lambda rng: rng.choice((1, 3, 30)),
        lambda rng: rng.lognormal(0.0, 1.0, 3).tolist(),
        lambda rng: rng.bytes(16),
    ):
        assert draw(first) == draw(second)


def test_what_holds_for_an_attempt_is_the_stretch_s_own_and_leaves_the_other_stream_alone() -> None:
    means = np.ones(N)
    for draw in (
        lambda rng: rng.random(N),
        lambda rng: rng.integers(0, 2**63, N),
        lambda rng: rng.integers(0, 9, size=(N, 2)),
        lambda rng: rng.choice(5, N, p=[0.2] * 5),
        lambda rng: rng.exponential(means),
        lambda rng: rng.permutation(N),
    ):
        first, second = stretch(5), stretch(6)
        assert not np.array_equal(draw(first), draw(second))
        assert np.array_equal(draw(stretch(5)), draw(stretch(5)))
        assert first.random() == second.random() == stretch(7).random()


def test_one_actor_more_changes_nothing_that_is_drawn_later() -> None:
    first, second = stretch(5), stretch(6)
    more, fewer = first.gamma(0.8, 1.0, 13), second.gamma(0.8, 1.0, 12)
    assert np.array_equal(more[:12], fewer)
    assert first.choice((1, 3, 30)) == second.choice((1, 3, 30))
    assert first.permutation(50).tolist() == second.permutation(50).tolist()
