"""Drift as it is told: usual, unlike with its reasons, too little to say, no reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from detector.drift import KEPT, NO_REFERENCE, Drift
from detector.drift_reference import LEAST_ROWS, build
from detector.drift_words import UNLIKE, USUAL
from detector.features import NAMES, WIDTH
from tests.detector.drifting import IMPORTANCES, network, networks


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    reference = build(networks(), IMPORTANCES)
    assert reference is not None
    return {"drift": reference.as_dict()}


def sure(rows: int, doubt: float = 0.01) -> Any:
    return np.full(rows, 1 - doubt, np.float32)


def fed(card: dict[str, Any], mean: float, rows: int = 1000, attacks: int = 0) -> Drift:
    drift = Drift(card)
    matrix = network("live", mean, rows).matrix
    codes = (np.arange(rows) < attacks).astype(np.int16)
    for low in range(0, rows, 50):
        drift.take(matrix[low : low + 50], codes[low : low + 50], sure(50))
    return drift


def test_a_network_like_those_of_training_is_usual(card: dict[str, Any]) -> None:
    found = fed(card, 0.5).report()
    assert found["state"] == "usual"
    assert found["nearest"] in ("n5", "n6")
    assert found["distance"] < found["threshold"]
    assert (found["text"], found["differs"]) == (USUAL, [])


def test_another_is_unlike_and_the_features_say_why(card: dict[str, Any]) -> None:
    drift = Drift(card)
    matrix = network("live", 0.5, 1000).matrix
    matrix[:, :12] += 6
    matrix[:, 3] += 5
    drift.take(matrix[:64], np.zeros(64, np.int16), sure(64))
    for row in range(64, 1000, 36):
        drift.take(matrix[row : row + 36], np.zeros(len(matrix[row : row + 36]), np.int16), sure(36))
    found = drift.report()
    assert found["state"] == "unlike"
    assert len(found["features"]) == 3
    assert {feature["name"] for feature in found["features"]} <= set(NAMES[:12])
    assert found["features"][0]["here"] > found["features"][0]["training"][1]
    assert found["text"] == UNLIKE
    assert found["differs"] == [feature["text"] for feature in found["features"]]
    assert ": more, " in found["differs"][0]
    assert "on average" in found["differs"][0]


def test_few_looks_say_nothing(card: dict[str, Any]) -> None:
    found = fed(card, 9.0, LEAST_ROWS - 1).report()
    assert (found["state"], found["distance"]) == ("few", None)
    assert fed(card, 9.0, LEAST_ROWS).report()["state"] == "unlike"


def test_attacks_are_left_out_and_counted(card: dict[str, Any]) -> None:
    found = fed(card, 0.5, 1000, attacks=600).report()
    assert (found["looks"], found["called_attack"]) == (400, 0.6)


def test_a_busy_tick_is_sampled_evenly_and_the_last_looks_count(card: dict[str, Any]) -> None:
    drift = Drift(card)
    matrix = network("early", 9.0, 6400).matrix
    drift.take(matrix, np.zeros(len(matrix), np.int16), sure(len(matrix)))
    assert drift.report()["looks"] == 64
    usual = network("live", 0.5, KEPT).matrix
    for low in range(0, KEPT, 64):
        drift.take(usual[low : low + 64], np.zeros(64, np.int16), sure(64))
    found = drift.report()
    assert (found["looks"], found["state"]) == (KEPT, "usual")
    drift.take(matrix[:0], np.zeros(0, np.int16), sure(0))
    assert drift.report() == found


def test_a_model_without_a_reference_says_so() -> None:
    drift = Drift({})
    drift.take(np.zeros((9, WIDTH), np.float32), np.zeros(9, np.int16), sure(9))
    assert (drift.report()["state"], drift.report()["text"], drift.sources) == ("none", NO_REFERENCE, 0)
    assert "damaged" in Drift({"drift": {"format": "x"}}).report()["text"]
