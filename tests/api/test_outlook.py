from __future__ import annotations

import json

from api.facts import read_facts
from api.outlook import drift, targets
from tests.api.conftest import finish


def folder(tmp_path, scenario: str, status: object = None):
    finish(tmp_path)
    (tmp_path / "scenario.toml").write_text(scenario)
    if status is not None:
        (tmp_path / "detector.status.json").write_text(json.dumps(status))
    return read_facts(tmp_path)


def test_targets_are_those_of_the_scenario(tmp_path):
    facts = folder(tmp_path, 'title = "x"\n[targets]\np99_ms = 250\nrecall = 0.9\nodd = 1\ngroups = { dos = 1 }')
    assert targets(facts) == {"p99_ms": 250, "recall": 0.9}


def test_a_scenario_that_wants_nothing_or_is_damaged_has_no_targets(tmp_path):
    assert targets(folder(tmp_path, 'title = "x"')) == {}
    assert targets(folder(tmp_path, "targets = 3")) == {}
    assert targets(folder(tmp_path, "[targets")) == {}


def test_drift_is_told_by_the_scorecard_else_by_the_detector(tmp_path):
    said = {"drift": {"state": "unusual", "text": "far from training", "differs": ["a"], "features": [1, 2]}}
    facts = folder(tmp_path, "", said)
    assert drift(facts, None) == {"state": "unusual", "text": "far from training", "differs": ["a"]}
    assert drift(facts, {"drift": {"state": "usual", "text": "near"}}) == {"state": "usual", "text": "near"}


def test_without_a_look_there_is_no_drift(tmp_path):
    assert drift(folder(tmp_path, ""), None) is None
    assert drift(folder(tmp_path, "", {"drift": None}), {}) is None
