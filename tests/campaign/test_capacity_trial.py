"""What is kept of a trial, and whose fault it is where it was not held."""

from __future__ import annotations

import pytest

from campaign.capacity_search import FAILED, GENERATOR, HELD
from campaign.capacity_trial import BROKEN, Limits, indicators, losses, outcome, slim, summary
from campaign.report import render
from campaign.runfolder import read_json
from contract.errors import InputError
from tests.campaign.runs import finished

LIMITS = Limits()


def card(**run: object) -> dict:
    rows = run.pop("targets", [])
    base = {"valid": True, "reasons": [], "targets": rows, "bottleneck": None, "sent_frames": 1000}
    stage = {"unit": "frames", "dropped": {"ring_full": run.pop("lost", 0)}}
    return {"run": base | run, "ledger": {"stages": {"capture": stage}}}


MISSED = [{"name": "latency p99", "got": "900 ms", "wanted": "at most 500 ms", "met": False}]


@pytest.mark.parametrize(
    ("found", "word", "said"),
    [
        (card(), HELD, ""),
        (card(targets=MISSED), FAILED, "latency p99 900 ms, at most 500 ms"),
        (card(lost=3), FAILED, "3 frames lost (capture: ring_full 3)"),
        (card(valid=False, bottleneck="detector", reasons=["held back"]), FAILED, "held back"),
        (card(valid=False, bottleneck="generator", reasons=["late"], targets=MISSED), GENERATOR, "late"),
        (card(valid=False, reasons=["a process died"]), BROKEN, "a process died"),
    ],
)
def test_the_outcome_of_a_trial(found: dict, word: str, said: str) -> None:
    got, why = outcome(found, LIMITS)
    assert got == word
    assert said in "; ".join(why)


def test_loss_may_be_accepted() -> None:
    assert outcome(card(lost=3), LIMITS.changed(loss=0.01)) == (HELD, [])
    with pytest.raises(InputError, match="loss: 2 is not between 0 and 1"):
        LIMITS.changed(loss=2)
    with pytest.raises(InputError, match="p99_ms: -1 is not more than 0"):
        LIMITS.changed(p99_ms=-1)


def test_what_was_not_of_the_campaign_is_not_lost() -> None:
    stages = {"foreign": {"unit": "frames", "dropped": {"not_of_the_campaign": 5}}}
    stages["store"] = {"unit": "flows", "dropped": {"x": 5}}
    assert losses({"stages": stages}) == {"frames": 0, "by": {}}


def test_figures_of_a_real_run_folder(tmp_path) -> None:
    folder = finished(tmp_path)
    found = summary(folder, read_json(folder.scorecard), LIMITS)
    assert found["outcome"] == HELD
    assert found["recall"] == 1.0
    assert found["sent_per_s"] == 20.0
    kpi = found["kpi"]
    # 300 flows of 4 + 4 packets and 4 + 4 bytes from the network header on, in 10 s
    assert kpi["flows_per_s"] == 30.0
    assert kpi["frames_per_s"] == 240.0
    assert kpi["inspected_bit_per_s"] == (300 * 8 + 2400 * 14) * 8 / 10
    assert 1 <= kpi["concurrent_flows"] <= 300
    slim(folder)
    assert indicators(folder, 10)["flows_per_s"] == 0
    assert render(folder).is_file()
