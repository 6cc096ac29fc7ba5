from types import SimpleNamespace

import numpy as np

from campaign.model_card import build_card, markdown
from detector.baseline import Rule
from detector.features import WIDTH
from detector.training import Result, Source


def card():
    source = Source(
        "a",
        "capture",
        "a",
        np.zeros((4, WIDTH), np.float32),
        np.array(["benign", "benign", "syn_flood", "unknown"]),
        np.arange(4, dtype=np.uint64),
    )
    rows = np.array([[0.95, 0.05], [0.5, 0.5], [0.05, 0.95], [0.5, 0.5]], np.float32)
    held = SimpleNamespace(
        probabilities=[rows],
        rules=[Rule(0, 1.0, 1)],
        baseline=[("a", "benign", 2, 1), ("a", "syn_flood", 1, 1)],
    )
    results = [Result("a", "benign", 2, 1, 0, 0), Result("a", "syn_flood", 1, 1, 1, 0)]
    tree = SimpleNamespace(importances=lambda count: np.eye(1, count)[0])
    thresholds = np.array([0.5, 0.7], np.float32)
    return build_card(7, "2026-01-01", [source], ("benign", "syn_flood"), thresholds, results, held, tree)


def test_scores_stand_beside_the_trivial_baseline():
    found = card()["held_out"]
    assert found["families"]["benign"] == {"captures": 1, "false_positive_rate": 0.5, "baseline": 0.5}
    assert found["families"]["syn_flood"]["recall"] == 1
    assert found["families"]["syn_flood"]["right_family"] == 0
    assert found["captures"][1]["baseline"] == 1


def test_calibration_counts_known_looks_only():
    steps = card()["held_out"]["calibration"]
    assert sum(step["looks"] for step in steps) == 3
    assert steps[-1] == {"said": 0.95, "was": 1.0, "looks": 1}


def test_the_text_says_what_and_when():
    text = markdown(card())
    for word in ("2026-01-01", "seed 7", "syn_flood", "flow_packets_fwd", "Limits", "Calibration"):
        assert word in text


def test_without_enough_ordinary_looks_there_is_no_reference_for_drift():
    assert card()["drift"] is None
    assert "too few for a reference" in markdown(card())
