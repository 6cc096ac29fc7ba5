from __future__ import annotations

import json
import os

import pytest

from campaign import runfolder
from campaign.runfolder import RunFolder
from cli import control
from contract.errors import InputError


@pytest.fixture
def folder(tmp_path):
    made = RunFolder(tmp_path)
    runfolder.write_json(made.state, {"state": "running", "pid": os.getpid()})
    return made


def test_it_says_what_was_asked(folder, capsys):
    control.command(folder.path, multiplier=8, at=20, stop=True)
    assert capsys.readouterr().err.strip() == f"asked of {folder.id}: 8x from 20 s, stop"
    control.command(folder.path, multiplier=2.5)
    assert "2.5x within seconds" in capsys.readouterr().err
    control.command(folder.path, multiplier=3, json_=True)
    assert json.loads(capsys.readouterr().out)["changes"][-1] == {"at": None, "multiplier": 3}


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="not a run folder"):
        control.command(tmp_path, multiplier=1)
