from __future__ import annotations

import pytest

from campaign.gate import targets
from campaign.gate.builds import ROOT
from campaign.gate.findings import State
from campaign.gate.whole import Request, check
from campaign.runfolder import read_json
from contract.errors import InputError
from detector.model import DEFAULT
from tests.campaign.captures import write_capture
from tests.campaign.gate.scenes import tiny

SMALL = """
[quality]
scenario = "SCENARIO"
seconds = 1
multiplier = 0.5
benign_scenario = "SCENARIO"
benign_seconds = 2
[[quality.loss]]
percent = 0
recall = 0.01
[[quality.loss]]
percent = 5
[[captures.loss]]
percent = 0
entries_detected = 1.0
"""


def request(tmp_path, **more):
    path = tmp_path / "t.toml"
    path.write_text(SMALL.replace("SCENARIO", tiny(tmp_path)))
    return Request(targets.read(path), tmp_path / "out", **more)


@pytest.mark.skipif(not DEFAULT.is_file(), reason="no trained model in this tree")
def test_quality_alone_from_frames_to_files_and_beside_a_baseline(tmp_path):
    captures = (write_capture(tmp_path),)
    asked = request(tmp_path, only=("quality",), captures=captures, baseline=tmp_path / "b.json", update=True)
    said = []
    found = check(asked, said.append)
    assert found.code == 0
    document = read_json(tmp_path / "out" / "check.json")
    assert list(document["quality"]) == ["0 %", "5 %"]
    assert document["captures"]["0 %"]["entries_detected"] == 1.0
    assert document["machine"]["id"]
    assert {row["gate"] for row in document["findings"]} == {"quality"}
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"junit.xml", "summary.md", "check.json"}
    again = check(request(tmp_path, only=("quality",), baseline=tmp_path / "b.json"), said.append)
    assert again.code == 0
    assert [row.name for row in again.findings if row.gate == "baseline" and row.state is State.PASSED]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"only": ("speed",)}, "no gate 'speed'"),
        ({"only": ("regression",)}, "against a base"),
        ({"base": "HEAD", "base_path": ROOT}, "name one"),
        ({"base_path": ROOT, "only": ("quality",)}, "leaves out the regression gate"),
        ({"update": True}, "needs a file"),
        ({"only": ("quality",), "base_path": None, "baseline": ROOT / "pyproject.toml"}, "not JSON"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_runs(tmp_path, more, words):
    with pytest.raises(InputError, match=words):
        check(request(tmp_path, **more), pytest.fail)


def test_gates_that_are_asked_for(tmp_path):
    assert request(tmp_path).gates == ("quality", "slo")
    assert request(tmp_path, base_path=ROOT).gates == ("quality", "slo", "regression")
    assert request(tmp_path, base="HEAD", only=("regression",)).gates == ("regression",)
