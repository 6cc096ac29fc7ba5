from __future__ import annotations

import pytest

from campaign.gate import quality
from campaign.gate.findings import State
from campaign.gate.frames import make
from campaign.gate.targets import Bars
from detector.model import DEFAULT, load_default
from tests.campaign.captures import write_capture
from tests.campaign.gate.scenes import tiny

pytestmark = pytest.mark.skipif(not DEFAULT.is_file(), reason="no trained model in this tree")


@pytest.fixture(scope="module")
def model():
    return load_default()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    return make(folder, tiny(folder), 3.0, 0.5, 3)


@pytest.fixture(scope="module")
def at(made, model):
    return {percent: quality.of_generated(made, None, model, percent, 1) for percent in (0.0, 5.0, 80.0)}


def test_nothing_lost_nothing_dropped(at, made):
    whole = at[0.0]
    assert (whole.lost_frames, whole.faults) == (0, [])
    assert 0.1 < whole.recall <= 1
    assert whole.recall_by_family["port_scan"] > 0.5
    assert 0 <= whole.time_to_detect_s["port_scan"] <= 3
    assert whole.hours == made.seconds / 3600
    assert whole.false_alarms_per_hour == whole.false_alerts / whole.hours


def test_lost_frames_are_counted_and_what_they_hide_is_missed(at, made):
    for percent, low, high in ((5.0, 0.03, 0.07), (80.0, 0.77, 0.83)):
        assert low < at[percent].lost_frames / made.frames < high
        assert at[percent].faults == []
    assert at[80.0].recall < at[0.0].recall  # an attempt of which no frame is left counts as missed


def test_the_same_seed_gives_the_same_figures(at, made, model):
    assert quality.of_generated(made, None, model, 5.0, 1) == at[5.0]


def test_bars_are_held_and_broken(at):
    bars = Bars(0.0, recall=0.05, recall_by_family={"port_scan": 0.4}, time_to_detect_by_family={"port_scan": 3.0})
    rows = {row.name: row for row in quality.findings(at[0.0], bars, "generated")}
    assert {row.state for row in rows.values()} == {State.PASSED, State.TOLD}
    assert rows["generated, 0 % lost: false alarms an hour"].state is State.TOLD
    hard = Bars(0.0, recall=1.0, recall_by_family={"arp_spoofing": 1.0, "port_scan": 1.0}, false_alarms_per_hour=0.0)
    broken = [row.name for row in quality.findings(at[80.0], hard, "generated") if row.state is State.BROKEN]
    assert "generated, 80 % lost: recall" in broken
    assert "generated, 80 % lost: recall of port_scan" in broken


def test_captures_with_their_truth(tmp_path, model):
    capture = write_capture(tmp_path)
    said = []
    found = quality.of_captures([capture], model, 1.0, 1, said.append)
    assert found.entries_detected == 1.0
    assert found.recall > 0.9
    assert 0 < found.lost_frames < 20
    assert list(found.time_to_detect_s) == ["port_scan"]
    assert len(said) == 1
    rows = quality.findings(found, Bars(1.0, entries_detected=1.0), "captures")
    assert [row.state for row in rows if row.name.endswith("entries detected")] == [State.PASSED]
