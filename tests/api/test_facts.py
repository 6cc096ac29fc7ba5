from __future__ import annotations

import os
import subprocess
import sys

import pytest

from api.facts import read_facts, read_json
from tests.api.conftest import finish
from tests.api.helpers import SECOND, START, make_run


def test_a_finished_run(tmp_path):
    finish(make_run(tmp_path / "one", alerts=1, seconds=1, per_second=1))
    facts = read_facts(tmp_path / "one")
    assert (facts.state, facts.title, facts.duration_s, facts.elapsed_s) == ("finished", "Paris 2024", 3.0, 3.0)
    assert facts.has_store
    assert not facts.active
    assert facts.item()["started_ms"] == START / 1e6


def test_a_run_whose_process_is_gone_was_interrupted(tmp_path):
    folder = make_run(tmp_path / "one", alerts=1, seconds=1, per_second=1)
    finish(folder, "running", ended_ns=None, pid=os.getpid())
    assert read_facts(folder).state == "running"
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    finish(folder, "running", ended_ns=None, pid=gone.pid)
    assert read_facts(folder).state == "interrupted"


def test_a_store_alone_is_a_run_and_an_empty_folder_none(tmp_path):
    make_run(tmp_path / "one", alerts=1, seconds=1, per_second=1)
    assert read_facts(tmp_path / "one").state == "unknown"
    (tmp_path / "two").mkdir()
    assert read_facts(tmp_path / "two") is None is read_facts(tmp_path / "three")


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", "null"])
def test_a_damaged_state_is_no_state(tmp_path, text):
    folder = make_run(tmp_path / "one", alerts=1, seconds=1, per_second=1)
    (folder / "run.json").write_text(text)
    assert read_json(folder / "run.json") is None
    assert read_facts(folder).state == "unknown"


def test_strange_values_are_passed_over(tmp_path):
    folder = make_run(tmp_path / "one", alerts=1, seconds=1, per_second=1)
    finish(folder, started_ns="x", duration_s=[], ended_ns=True)
    facts = read_facts(folder)
    assert facts.started_ns is facts.ended_ns is facts.duration_s is facts.elapsed_s is None
    finish(folder, ended_ns=START + SECOND)
    assert read_facts(folder).elapsed_s == 1.0
