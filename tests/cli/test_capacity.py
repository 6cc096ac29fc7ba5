from __future__ import annotations

import json

import pytest

from campaign.runfolder import write_json
from tests.campaign.test_capacity import KNOWN, request
from tests.campaign.trials import trial
from tests.cli.helpers import tenfold

OPTIONS = ("--min", 1, "--max", 4, "--resolution", 0.5, "--confirm", 2, "--recall", 0.5)


def folder(path, trials):
    asked = request(limits=request().limits.changed(recall=0.5))
    document = {"format": "tenfold-capacity/1", "parameters": asked.as_dict(), "trials": trials}
    write_json(path / "capacity.json", document)
    return path


def test_a_search_that_was_broken_off_behind_its_last_trial_ends_without_another(tmp_path):
    made = folder(tmp_path, [trial(n, load, word, phase) for n, (load, word, phase) in enumerate(KNOWN, 1)])
    done = tenfold("capacity", "smoke", *OPTIONS, "--out", made)
    assert done.returncode == 0, done.stderr
    assert "This detector holds 2.83x Tokyo" in done.stdout
    assert "Mbit/s inspected" in done.stdout
    assert (made / "capacity.html").is_file()
    done = tenfold("capacity", "smoke", *OPTIONS, "--out", made, "--json")
    assert json.loads(done.stdout)["result"]["multiplier"] == 2.83


@pytest.mark.parametrize(("word", "code"), [("failed", 1), ("generator", 3)])
def test_what_is_not_held_at_all_has_a_code(tmp_path, word, code):
    made = folder(tmp_path, [trial(n, 1.0, word) for n in (1, 2)])
    done = tenfold("capacity", "smoke", *OPTIONS, "--out", made)
    assert done.returncode == code, done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["smoke", "--transport", "pigeon"], "--transport pigeon: stream or wire"),
        (["smoke", "--min", 9, "--max", 2], "multipliers from 9 to 2"),
        (["nowhere"], "no scenario is called 'nowhere'"),
        (["smoke", "--recall", 3], "recall: 3 is not between 0 and 1"),
        (["smoke", "--targets", "absent.toml"], "no such file of targets"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, arguments, words):
    done = tenfold("capacity", *arguments, "--out", tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
