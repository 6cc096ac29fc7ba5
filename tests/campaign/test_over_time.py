"""The course of a run: bins that add up, and latencies of what was detected in them."""

from __future__ import annotations

import numpy as np

from campaign.attempts import Attempts
from campaign.flow_words import NEVER
from campaign.over_time import NS, over_time

START = 1_700_000_000 * NS


def attempts(seconds: list[float], found: list[bool]) -> Attempts:
    intended = START + (np.array(seconds) * NS).astype(np.int64)
    mask = np.array(found)
    family = np.array(["syn_flood", "port_scan"] * len(seconds), object)[: len(seconds)]
    since = np.where(mask, intended + 20_000_000, NEVER)
    return Attempts(np.arange(len(seconds)), family, mask, mask, intended, since)


def test_every_attempt_is_in_one_bin() -> None:
    course = over_time(attempts([0, 0.5, 1, 9.9], [True, False, True, False]), np.zeros(0, np.int64), np.zeros(0, bool))
    assert course["bin_s"] == 1
    assert course["t"] == list(range(10))
    every = course["families"]["all"]
    assert every["attempts"] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert every["detected"] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert every["p50_ms"][:3] == [20, 20, None]
    assert course["families"]["port_scan"]["attempts"] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]


def test_a_long_run_has_few_bins_and_false_alarms_keep_their_time() -> None:
    wrong = START + np.array([30 * NS, 7200 * NS])
    course = over_time(attempts([0, 7100], [True, True]), wrong, np.array([True, True]))
    assert len(course["t"]) <= 61
    assert sum(course["false"]) == 2
    assert course["false"][0] == 1


def test_a_run_without_attempts_has_no_course() -> None:
    nothing = np.zeros(0, np.int64)
    assert over_time(attempts([], []), nothing, nothing.astype(bool)) == {}
