"""A detector's whole scorecard, with what it says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign.detector_file import Detector
from campaign.judging import judge_detector, names_of
from contract.errors import InputError
from tests.campaign import judged, recorded
from tests.campaign.tables import SECOND


def records() -> list[dict[str, object]]:
    attacks = judged.flows("ssh_bruteforce", "syn_flood")
    seen = judged.flows("ssh_bruteforce", "web_attack")
    found = [recorded.eve_alert(flow) for flow in attacks] + [recorded.eve_flow(flow) for flow in seen]
    return [
        recorded.eve_stats(judged.START - SECOND, 100, 2),
        *found,
        recorded.eve_stats(judged.START + 30 * SECOND, 1100, 12),
    ]


def test_the_scorecard_of_a_foreign_detector(tmp_path: Path) -> None:
    detector, _ = judged.eve(tmp_path, records())
    result = judge_detector(detector, judged.truth())
    card = result.card
    assert card["attempts"] == {
        "total": 16, "seen": 11, "detected": 15, "known_before": 0, "recall": 0.9375, "named": 15,
    }  # fmt: skip
    assert card["families"]["web_attack"]["attempts_seen"] == 1  # it saw it, and said nothing
    assert card["families"]["syn_flood"]["attempts_seen"] == 0
    said = card["detector"]
    assert said["losses"]["lost"] == {"capture.kernel_drops": 10}
    assert said["clock"]["seconds"] == 0.0
    assert said["basis"] == "written"
    assert said["latency"]["readable"]["count"] == 0
    assert card["latency_ms"]["count"] == 15
    assert card["worst_missed"][0]["family"] == "web_attack"
    assert [entry["family"] for entry in card["entries"]] == ["ssh_bruteforce", "syn_flood", "web_attack"]
    assert card["ledger"]["balanced"]


def test_a_clock_that_is_off_is_told_and_corrected_only_when_asked(tmp_path: Path) -> None:
    late = [recorded.eve_alert(flow, flow.first + 7200 * SECOND) for flow in judged.flows("ssh_bruteforce")]
    detector, _ = judged.eve(tmp_path, late)
    card = judge_detector(detector, judged.truth()).card
    assert card["attempts"]["detected"] == 0
    assert any("s ahead of the traffic" in note and "--clock-offset auto" in note for note in card["notes"])
    assert any("name nothing" in note for note in card["notes"])
    detector, _ = judged.eve(tmp_path, late, clock_offset_s=None)
    card = judge_detector(detector, judged.truth()).card
    assert card["attempts"]["detected"] == 10
    assert abs(card["detector"]["clock"]["corrected"] - 7200) < 0.3


def test_what_a_person_should_know_is_noted(tmp_path: Path) -> None:
    detector, _ = judged.eve(tmp_path, [records()[1]] * 2, damaged="skip")
    with detector.alerts[0].open("ab") as file:
        file.write(b"broken\n")
    notes = " ".join(judge_detector(detector, judged.truth()).card["notes"])
    assert "came twice" in notes
    assert "1 lines could not be read" in notes
    detector.alerts[0].write_text("")
    assert "not one alert" in " ".join(judge_detector(detector, judged.truth()).card["notes"])


def test_files_of_one_name_are_parts_of_one_log() -> None:
    one, two = (Detector(name="a", format="eve", alerts=(Path(p),)) for p in "xy")
    (merged,) = names_of([one, two])
    assert merged.alerts == (Path("x"), Path("y"))
    with pytest.raises(InputError, match="give --name"):
        names_of([one, Detector(name="a", format="zeek")])
