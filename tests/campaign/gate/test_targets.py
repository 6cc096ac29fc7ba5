from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from campaign.gate import targets
from contract.errors import InputError
from contract.families import catalogue


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "t.toml"
    path.write_text(text)
    return path


def test_what_init_writes_is_what_ships(tmp_path):
    path = written(tmp_path, targets.default_text())
    assert targets.read(path) == targets.read()
    assert set(tomllib.loads(targets.default_text())) == {
        "slo",
        "regression",
        "quality",
        "captures",
        "baseline",
        "trend",
    }


def test_the_defaults_ask_for_what_a_gate_must():
    found = targets.read()
    assert set(found.slo_levels) == {1.0, 10.0}
    assert [bars.percent for bars in found.loss] == [0, 1, 5]
    assert all(bars.recall and bars.false_alarms_per_hour is not None for bars in found.loss)
    assert all(name in catalogue() for bars in found.loss for name in bars.recall_by_family)
    assert (found["regression"]["cpu_ratio"], found["regression"]["latency_ratio"]) == (1.05, 1.10)
    assert (found["regression"]["pairs"], found["regression"]["most_pairs"]) == (10, 20)


def test_a_key_replaces_its_default_and_leaves_the_others(tmp_path):
    found = targets.read(written(tmp_path, '[slo]\ntries = 5\n[slo.p99_ms]\n"0.5x" = 40\n'))
    assert found["slo"]["tries"] == 5
    assert found["slo"]["scenario"] == targets.read()["slo"]["scenario"]
    assert found.slo_levels == {0.5: 40.0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[slo]\ntrise = 3\n", ":2: slo.trise: there is no such key; did you mean tries?"),
        ("[sl0]\n", "did you mean slo?"),
        ("slo = 3\n", ":1: slo: must be a table"),
        ("[slo]\nrecall = 1.5\n", ":2: slo.recall: must be a number from 0 to 1, not 1.5"),
        ("[slo]\nrecall = true\n", "must be a number"),
        ("[regression]\nseconds = 0.5\n", ":2: regression.seconds: must be a number from 1 to 86400, not 0.5"),
        ("[slo]\nrecall = nan\n", "must be a number"),
        ("[slo]\ntries = 2.5\n", "must be a whole number"),
        ("[slo]\nscenario = 7\n", "must be a text"),
        ("[slo.p99_ms]\nfast = 3\n", "'fast' is no multiplier"),
        ("[slo.p99_ms]\n0x = 3\n", "'0x' is no multiplier"),
        ("[slo]\np99_ms = 3\n", "must be a table: 1x"),
        (
            "[slo.recall_by_family]\nsyn_flod = 0.9\n",
            ":2: slo.recall_by_family.syn_flod: there is no such key; did you",
        ),
        ("[slo]\nrecall_by_family = 1\n", "must be a table: family"),
        ("[quality]\nloss = 5\n", "must be written as [[quality.loss]]"),
        ("[[quality.loss]]\nrecall = 0.9\n", "lacks percent"),
        ("[[quality.loss]]\npercent = 100\n", "must be a number from 0 to 99"),
        ("[regression]\npairs = 30\n", "most_pairs is below"),
        ("[regression\n", "not TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, words):
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        targets.read(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_the_digest_names_what_is_played_and_not_the_bars(tmp_path):
    default = targets.read().digest
    assert targets.read(written(tmp_path, "[slo]\nrecall = 0.1\n")).digest == default
    assert targets.read(written(tmp_path, "[slo]\nseed = 99\n")).digest != default
    assert targets.read(written(tmp_path, "[[quality.loss]]\npercent = 2\n")).digest != default


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="no such file of targets"):
        targets.read(tmp_path / "none.toml")
