"""The document of a report: from the run folder alone, and the same whoever asks."""

from __future__ import annotations

import pytest

from campaign.report_content import confusion_table, content, read_timeline, verdict
from campaign.runfolder import create, read_json, write_json
from contract.errors import InputError
from tests.campaign.runs import finished


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("runs"))


def test_figures_are_those_of_the_scorecard(folder):
    found, card = content(folder), read_json(folder.scorecard)
    assert found["attempts"] == card["attempts"]
    assert found["rate"]["seen_attempts"] == card["attempts"]["seen"]
    assert {row["name"] for row in found["families"]} == set(card["families"])
    assert [row["name"] for row in found["stages"]] == ["decide", "commit", "total"]
    total = found["stages"][-1]
    assert total["beyond"]["50"] == total["count"] // 2
    assert total["beyond"]["99.99"] == 0
    assert "Of 200 attempts the detector found 200 (100.0 %)" in found["summary"][0]
    assert "Of floods and scans, which can be known on sight" in found["summary"][1]


def test_a_scorecard_of_before_is_shown_without_what_it_lacks(tmp_path):
    folder = finished(tmp_path)
    card = read_json(folder.scorecard)
    for name in ("over_time", "missed", "mistaken", "attempts"):
        card.pop(name)
    write_json(folder.scorecard, card)
    found = content(folder)
    assert found["missed"]["total"] == 0
    assert found["over_time"] == {}


def test_losses_are_those_of_the_ledger(tmp_path):
    found = content(finished(tmp_path, received=590))
    assert found["verdict"] == "not valid"
    assert found["ledger"]["balanced"] is False
    assert found["losses"] == []  # they are unexplained: no stage dropped them


@pytest.mark.parametrize(
    ("losses", "told"),
    [
        (
            {"lost": {"capture.kernel_drops": 1200}, "records": 2},
            "It says itself that it lost: capture.kernel_drops 1,200.",
        ),
        ({"lost": {}, "records": 2}, "It reports no loss of its own."),
        ({"lost": {}, "records": 0}, "what it lost inside is not known."),
    ],
)
def test_another_detector_is_named_and_its_own_losses_are_told(tmp_path, losses, told):
    folder = finished(tmp_path)
    card = read_json(folder.scorecard)
    card["detector"] = {"name": "suricata", "title": "Suricata EVE JSON", "losses": losses}
    write_json(folder.scorecard, card)
    summary = content(folder)["summary"]
    assert summary[0] == "Detector under test: suricata (Suricata EVE JSON)."
    assert summary[-1].endswith(told)
    assert "on the way to the detector" in summary[-1]


@pytest.mark.parametrize(
    ("run", "word"),
    [
        ({"passed": True, "valid": True}, "passed"),
        ({"passed": False, "valid": True}, "failed"),
        ({"passed": False, "valid": False}, "not valid"),
        ({"passed": None, "valid": False}, "interrupted"),
    ],
)
def test_the_word_on_a_run(run, word):
    assert verdict(run) == word


def test_a_cut_off_timeline_is_read_up_to_the_cut(folder):
    assert len(read_timeline(folder)) == 10


def test_the_confusion_counts_every_flow(folder):
    table = content(folder)["confusion"]
    assert sum(row["total"] for row in table["rows"]) == 300
    assert table["words"][0] == "benign"
    assert confusion_table({}) == {"words": [], "rows": []}


def test_a_run_that_was_not_judged_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match=r"holds no scorecard.json; the run was not judged"):
        content(create(tmp_path, "smoke"))
