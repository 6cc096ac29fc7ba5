"""How sure the model is here against training: quantiles, their limits, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from contract.errors import InputError
from detector.drift import Drift
from detector.drift_reference import build
from detector.drift_scores import LEAST_ROWS, QUANTILES, ScoreReference, build_scores
from detector.drift_words import UNSURE
from tests.detector.drifting import IMPORTANCES, network, networks


def doubts(most: float, rows: int = 1000) -> np.ndarray:
    return np.linspace(0, most, rows, dtype=np.float32)


NETWORKS = [doubts(most) for most in (0.05, 0.08, 0.1, 0.12, 0.15, 0.2)]


def test_the_reference_holds_quantiles_by_network_and_forgets_small_ones() -> None:
    reference = build_scores([*NETWORKS, doubts(0.9, LEAST_ROWS - 1)])
    assert reference is not None
    assert reference.networks.shape == (6, len(QUANTILES))
    assert np.allclose(reference.networks[:, 0], [0.025, 0.04, 0.05, 0.06, 0.075, 0.1], atol=1e-3)
    assert (np.diff(reference.limits) > 0).all()
    assert build_scores(NETWORKS[:4]) is None


def test_a_card_gives_the_same_reference_back() -> None:
    reference = build_scores(NETWORKS)
    assert reference is not None
    again = ScoreReference.from_card({"drift_scores": reference.as_dict()})
    assert again is not None
    assert np.allclose(again.networks, reference.networks, atol=1e-3)
    assert ScoreReference.from_card({}) is None
    with pytest.raises(InputError, match="damaged reference of scores"):
        ScoreReference.from_card({"drift_scores": {"networks": [[1, 2]]}})


def test_doubt_beyond_that_of_training_is_told_and_the_same_is_not() -> None:
    reference = build_scores(NETWORKS)
    assert reference is not None
    usual = reference.report(doubts(0.12))
    assert not usual["unlike"]
    assert usual["text"].startswith("it is as sure as where it learned")
    unsure = reference.report(np.concatenate([doubts(0.1, 850), np.full(150, 0.45, np.float32)]))
    assert unsure["unlike"]
    assert "it gives 10 of 100 ordinary connections a chance of 45% or more" in unsure["text"]


def test_drift_says_it_with_the_features() -> None:
    reference, scores = build(networks(), IMPORTANCES), build_scores(NETWORKS)
    assert reference is not None
    assert scores is not None
    matrix = network("live", 0.5, 1000).matrix
    words = {}
    for doubt in (0.02, 0.4):
        drift = Drift({"drift": reference.as_dict(), "drift_scores": scores.as_dict()})
        for low in range(0, len(matrix), 50):
            rows = matrix[low : low + 50]
            drift.take(rows, np.zeros(50, np.int16), np.full(50, 1 - doubt, np.float32))
        words[doubt] = drift.report()
    assert (words[0.02]["state"], words[0.4]["state"]) == ("usual", "unlike")
    assert words[0.4]["text"] == UNSURE
    assert words[0.4]["differs"] == [words[0.4]["scores"]["text"]]
    assert words[0.02]["scores"]["unlike"] is False
