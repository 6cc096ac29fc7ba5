from __future__ import annotations

import os
from pathlib import Path

import pytest

from campaign import runfolder
from campaign.control import ask
from campaign.runfolder import RunFolder
from contract.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path)
    runfolder.write_json(made.state, {"state": "running", "pid": os.getpid()})
    return made


def test_changes_are_appended_and_a_stop_leaves_them(folder: RunFolder) -> None:
    ask(folder, multiplier=2.0)
    ask(folder, multiplier=0.0, at_s=12.5)
    ask(folder, stop=True)
    assert runfolder.read_json(folder.control) == {
        "changes": [{"at": None, "multiplier": 2.0}, {"at": 12.5, "multiplier": 0.0}],
        "stop": True,
    }


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("nothing is asked", {}),
        ("a multiplier of -1 is not between 0 and 1000", {"multiplier": -1}),
        ("a multiplier of nan is not between", {"multiplier": float("nan")}),
        ("--at -3: a second of the campaign", {"multiplier": 1, "at_s": -3}),
        ("--at inf: a second of the campaign", {"multiplier": 1, "at_s": float("inf")}),
        ("--at 3: a second of the campaign", {"stop": True, "at_s": 3}),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(folder: RunFolder, words: str, asked) -> None:
    with pytest.raises(InputError, match=words):
        ask(folder, **asked)
    assert not folder.control.exists()


def test_over_ray_a_rate_is_refused_and_a_stop_is_not(folder: RunFolder) -> None:
    runfolder.write_json(folder.state, {"state": "running", "pid": os.getpid(), "engine": "ray"})
    with pytest.raises(InputError, match=r"over Ray the rate of a run stays as planned.* --stop"):
        ask(folder, multiplier=2.0)
    assert not folder.control.exists()
    ask(folder, stop=True)
    assert runfolder.read_json(folder.control) == {"stop": True}


@pytest.mark.parametrize("state", [{"state": "finished", "pid": 1}, {}, {"state": "running", "pid": 2**22 + 1}])
def test_only_a_run_that_is_under_way_can_be_asked(folder: RunFolder, state) -> None:
    runfolder.write_json(folder.state, state)
    with pytest.raises(InputError, match="the run is not under way"):
        ask(folder, multiplier=1)
