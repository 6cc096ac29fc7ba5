from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser

import pytest

from campaign.report import ASSETS, document, render
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
        self.found += [value for name, value in attrs if name in ("src", "action", "srcset", "data")]
        self.found += [value for name, value in attrs if name == "href" and not value.startswith("#")]
        self.found += [name for name, _ in attrs if name.startswith("on")] + ["script"] * (tag == "script")


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
    assert text.count("<svg") == text.count("<desc>") > 3
    assert "attempts sent (most 815)" in text


def test_what_a_run_says_cannot_become_script(tmp_path):
    folder = finished(tmp_path)
    card = read_json(folder.scorecard)
    card["run"]["reasons"] = ["<script>alert(1)</script>"]
    card["run"]["valid"] = False
    write_json(folder.scorecard, card)
    folder.timeline.write_text('{"t": 1, "planned_per_s": "</script><script>alert(2)</script>"}\n')
    alerts = read_json(folder.alerts)
    alerts["alerts"][0] |= {"evidence": ["<img src=x onerror=alert(3)>"], "severity": '"><script>alert(4)</script>'}
    write_json(folder.alerts, alerts)
    state = read_json(folder.state)
    write_json(
        folder.state, state | {"title": "<b>|x|</b>\n# y", "overrides": {"</td><script>alert(5)": "<svg onload=1>"}}
    )
    for name in ("families", "over_time"):
        card[name] = json.loads(json.dumps(card[name]).replace("syn_flood", "<script>alert(6)</script>"))
    card["families"].pop("<script>alert(6)</script>")
    write_json(folder.scorecard, card)
    render(folder)
    page = Outside()
    page.feed(folder.report.read_text())
    assert page.found == []
    assert "alert(1)" in folder.report.read_text()
    text = render(folder, "md").read_text()
    assert "<b>" not in text
    assert text.startswith("# &lt;b&gt;\\|x\\|&lt;/b&gt; \\# y: not valid\n")


def test_it_is_rendered_again_from_the_folder_alone(folder):
    before = folder.report.read_text()
    folder.report.unlink()
    assert render(folder) == folder.report
    assert folder.report.read_text() == before


def test_a_run_that_was_not_judged_is_one_clear_line(tmp_path):
    folder = create(tmp_path, "smoke")
    with pytest.raises(InputError, match=r"holds no scorecard.json; the run was not judged"):
        render(folder)


def test_the_same_document_as_json_and_as_markdown(folder, tmp_path):
    found = json.loads(render(folder, "json", tmp_path / "report.json").read_text())
    assert found == json.loads(json.dumps(document(folder)))
    assert found["verdict"] == "passed"
    text = render(folder, "md", tmp_path / "report.md").read_text()
    assert text.startswith("# Smoke: passed")
    assert "| syn\\_flood |" in text
    with pytest.raises(InputError, match="--format pdf: html, md, json"):
        render(folder, "pdf")


def test_an_earlier_run_stands_beside_it(folder, tmp_path):
    copy = tmp_path / "before"
    shutil.copytree(folder.path, copy)
    card = read_json(copy / "scorecard.json")
    card["latency_ms"]["p99"] *= 2
    card["run"]["scenario"] = "tokyo-2020"
    write_json(copy / "scorecard.json", card)
    found = document(folder, existing(copy))["against"]
    assert {row["name"]: row["word"] for row in found["rows"]}["latency p99"] == "better"
    assert found["cautions"] == ["the scenarios differ: smoke here, tokyo-2020 there"]
    text = render(folder, out=tmp_path / "both.html", against=existing(copy)).read_text()
    assert "Against Smoke, before" in text


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
