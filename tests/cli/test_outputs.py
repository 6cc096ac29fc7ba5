from __future__ import annotations

import json

import pytest

from tests.campaign.runs import finished
from tests.cli.helpers import tenfold


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("runs")).path


def test_what_waits_is_delivered_and_what_cannot_be_is_said(run, tmp_path):
    config = tmp_path / "tenfold.toml"
    file = '[[outputs]]\nkind = "eve_file"\nname = "file"\npath = "eve.json"\nwhat = ["alerts", "flows"]\n'
    config.write_text(file)
    told = tenfold("outputs", run, "--config", config, "--json")
    assert told.returncode == 0, told.stderr
    [state] = json.loads(told.stdout)["outputs"]
    assert (state["counts"]["delivered"], state["counts"]["waiting"]) == (302, 0)
    assert len((run / "eve.json").read_text().splitlines()) == 302
    config.write_text(file + '[[outputs]]\nkind = "webhook"\nname = "away"\nurl = "http://127.0.0.1:1/"\n')
    told = tenfold("outputs", run, "--config", config, "--for", 0.5)
    assert told.returncode == 1
    assert "some still wait" in told.stderr
    shown = tenfold("outputs", run, "--status")
    assert "away" in shown.stdout
    assert "302" in shown.stdout


def test_mistakes_are_one_clear_line(run, tmp_path):
    for arguments, words in (([run], "no [[outputs]] are configured"), ([tmp_path], "holds no store")):
        told = tenfold("outputs", *arguments)
        assert (told.returncode, told.stderr.count("\n")) == (2, 1)
        assert words in told.stderr
