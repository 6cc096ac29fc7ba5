"""Detectors side by side on the same attempts, and the built-in one among them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from campaign.judging import Result, judge_detector
from campaign.side_by_side import built_in, side_by_side, summary
from campaign.true_flows import of_run
from contract.errors import InputError
from tests.campaign import judged, recorded, runs


def result(tmp_path: Path, name: str, *families: str) -> Result:
    detector, _ = judged.eve(tmp_path, [recorded.eve_alert(flow) for flow in judged.flows(*families)])
    return judge_detector(replace(detector, name=name), judged.truth())


def test_who_found_what_alone_both_or_nobody(tmp_path: Path) -> None:
    one = result(tmp_path, "one", "ssh_bruteforce", "syn_flood")
    two = result(tmp_path, "two", "syn_flood", "web_browsing")
    page = side_by_side("small", judged.truth(), [one, two])
    assert page["attempts"] == 16
    assert page["agreement"]["sets"] == [
        {"detectors": ["one"], "attempts": 10},
        {"detectors": ["one", "two"], "attempts": 5},
        {"detectors": [], "attempts": 1},
    ]
    assert page["agreement"]["alone"] == {"one": 10, "two": 0}
    (pair,) = page["pairs"]
    assert (pair["both"], pair["only_one"], pair["only_two"], pair["neither"]) == (5, 10, 0, 1)
    assert pair["overlap"] == pytest.approx(1 / 3, abs=1e-6)
    assert -1 <= pair["kappa"] <= 1
    family = page["families"]["ssh_bruteforce"]
    assert family["detectors"]["one"]["recall"] == 1.0
    assert family["detectors"]["two"]["time_to_detect_s"] is None
    assert (family["by_all"], family["by_nobody"]) == (0, 0)
    assert page["families"]["web_attack"]["by_nobody"] == 1
    assert summary(page) == ["Together they found 15 of 16 attempts (93.8 %).", "Found by nobody at all: web_attack."]


def test_two_of_one_name_and_too_many_are_refused(tmp_path: Path) -> None:
    one = result(tmp_path, "one", "syn_flood")
    with pytest.raises(InputError, match="give --name"):
        side_by_side("small", judged.truth(), [one, one])
    with pytest.raises(InputError, match="too many"):
        side_by_side("small", judged.truth(), [replace(one, name=str(n)) for n in range(13)])


def test_the_built_in_detector_on_the_same_attempts(tmp_path: Path) -> None:
    folder = runs.finished(tmp_path)
    itself = built_in(folder.path)
    assert itself is not None
    truth = of_run(folder.path)
    page = side_by_side(folder.id, truth, [itself])
    assert page["attempts"] == len(itself.attempts.family)
    assert page["detectors"][0]["name"] == "tenfold"
    assert page["pairs"] == []
    assert built_in(tmp_path) is None
