from __future__ import annotations

import csv
import io
import json

import pytest

from tests.campaign.runs import finished
from tests.cli.helpers import tenfold


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("runs")).path


def test_files_appear_whole_and_the_document_says_what_they_hold(run, tmp_path):
    told = tenfold("export", run, "--format", "csv", "--what", "flows", "--out", tmp_path / "f.csv", "--json")
    assert json.loads(told.stdout) == {
        "run": run.name, "format": "csv", "what": "flows", "rows": 300, "out": str(tmp_path / "f.csv")
    }  # fmt: skip
    assert len(list(csv.DictReader(io.StringIO((tmp_path / "f.csv").read_text())))) == 300
    told = tenfold("export", run, "--format", "navigator", "--out", tmp_path / "layer.json")
    layer = json.loads((tmp_path / "layer.json").read_text())
    scores = {one["techniqueID"]: one["score"] for one in layer["techniques"]}
    assert (scores["T1498.001"], scores["T1595.002"], scores["T1190"]) == (1, 1, 0)
    assert layer["versions"]["attack"] == "19"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.csv", "layer.json"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--json"], "--json prints a document on standard output"),
        (["--format", "xml", "--out", "x"], "no format is called 'xml'"),
        (["--format", "pcap", "--out", "x.pcap"], "--alert N is for --format pcap"),
        (["--alert", "1"], "--alert N is for --format pcap"),
        (["--format", "pcap", "--alert", "1", "--out", "x.txt"], "wants a file that ends in .pcap"),
        (["--severity", "bad"], "--severity 'bad': it is one of low"),
        (["--since", "soon"], "--since 'soon' is no ISO 8601 time"),
        (["--what", "things", "--out", "x"], "eve has no form for things"),
    ],
)
def test_mistakes_are_one_clear_line(run, tmp_path, monkeypatch, arguments, words):
    told = tenfold("export", run, *[tmp_path / one if one in ("x", "x.pcap", "x.txt") else one for one in arguments])
    assert told.returncode == 2
    assert words in told.stderr
    assert told.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
