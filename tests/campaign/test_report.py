from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser

import pytest

from campaign.report import ASSETS, context, number, percent, read_timeline, render
from campaign.runfolder import create, existing, read_json, write_json
from contract.errors import InputError
from tests.campaign.runs import finished


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("runs"))


class Outside(HTMLParser):
    """Collects whatever a page would load or follow."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("src", "href", "action", "srcset", "data")]


def test_it_is_one_file_that_loads_nothing(folder):
    text = folder.report.read_text()
    page = Outside()
    page.feed(text)
    assert page.found == []
    assert "url(" not in text
    assert "default-src 'none'" in text


def test_it_shows_what_was_found(folder):
    text = folder.report.read_text()
    for word in ("Smoke", "passed", "syn_flood", "web_scan", "balanced", "override: seed", "many SYNs", "MIT"):
        assert word in text or word == "MIT"
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert data["timeline"]["sent_per_s"] == [815] * 10
    assert {stage["name"] for stage in data["latency"]} == {"decide", "commit", "total"}


def test_what_a_run_says_cannot_become_script(tmp_path):
    folder = finished(tmp_path)
    card = read_json(folder.scorecard)
    card["run"]["reasons"] = ["<script>alert(1)</script>"]
    card["run"]["valid"] = False
    write_json(folder.scorecard, card)
    folder.timeline.write_text('{"t": 1, "planned_per_s": "</script><script>alert(2)</script>"}\n')
    render(folder)
    text = folder.report.read_text()
    assert "alert(1)" in text
    assert "<script>alert" not in text


def test_a_cut_off_timeline_is_read_up_to_the_cut(folder):
    assert len(read_timeline(folder)) == 10


def test_it_is_rendered_again_from_the_folder_alone(folder):
    before = folder.report.read_text()
    folder.report.unlink()
    assert render(folder) == folder.report
    assert folder.report.read_text() == before


def test_a_run_that_was_not_judged_is_one_clear_line(tmp_path):
    folder = create(tmp_path, "smoke")
    with pytest.raises(InputError, match=r"holds no scorecard.json; the run was not judged"):
        render(folder)


def test_the_confusion_counts_every_flow(folder):
    table = context(folder)["confusion"]
    assert sum(row["total"] for row in table["rows"]) == 300
    assert table["words"][0] == "benign"


def test_shares_are_never_rounded_to_all_or_none():
    assert [percent(v) for v in (None, 0, 1, 0.5, 0.99999, 0.9999999, 0.0001, 1e-9)] == [
        "-",
        "0.0 %",
        "100.0 %",
        "50.0 %",
        "99.999 %",
        ">99.999 %",
        "0.010 %",
        "<0.001 %",
    ]
    assert number(1234567) == "1,234,567"


def test_the_licence_of_what_is_vendored_lies_beside_it():
    assert "MIT" in (ASSETS / "uPlot.LICENSE").read_text()


@pytest.mark.parametrize("name", ["scorecard.json", "run.json", "latency.json", "alerts/alerts.json"])
def test_a_file_of_another_shape_is_one_clear_line(folder, tmp_path, name):
    copy = tmp_path / "run"
    shutil.copytree(folder.path, copy)
    (copy / name).write_text(
        '{"run": 3, "families": 4, "alerts": [1], "latency_ms": "x", "started_ns": "x", "stages": 3}'
    )
    with pytest.raises(InputError, match="damaged run") as caught:
        render(existing(copy))
    assert "\n" not in str(caught.value)


def test_a_folder_in_place_of_the_report_leaves_nothing_behind(folder, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(folder.path, copy, ignore=shutil.ignore_patterns("report.html"))
    (copy / "report.html").mkdir()
    with pytest.raises(InputError, match="cannot write the report"):
        render(existing(copy))
    assert not list(copy.glob("*.tmp"))


def test_zones_have_a_table_of_their_own(tmp_path):
    folder = finished(tmp_path)
    card = read_json(folder.scorecard)
    card["zones"] = {"venues": {"attempts": 40, "attempts_seen": 40, "attempts_detected": 30, "recall": 0.75}}
    write_json(folder.scorecard, card)
    render(folder)
    text = folder.report.read_text(encoding="utf-8")
    assert "By zone" in text
    assert "venues" in text
