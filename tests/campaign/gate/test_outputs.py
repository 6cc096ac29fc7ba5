from __future__ import annotations

import xml.etree.ElementTree as ET

from campaign.gate import outputs
from campaign.gate.findings import Finding, State, exit_code
from campaign.runfolder import read_json

ROWS = [
    Finding("slo", "1x: p99", State.PASSED, "40 ms", "at most 100 ms", "try 1 of at most 3", seconds=2.5),
    Finding("slo", "10x: p99", State.BROKEN, "400 ms", "at most 100 ms", "try 3 of at most 3"),
    Finding("regression", "CPU | per <flow>", State.REGRESSED, "1.2x", "not above 1.05x"),
    Finding("quality", "0 % lost", State.INVALID, "bell \a rung", ""),
    Finding("trend", "1x: p99", State.TOLD, "40 ms", ""),
]
ABOUT = {
    "revision": "abcdef0123456789",
    "config": "c",
    "machine": {"processor": "p", "cores": 2, "python": "3.11", "id": "m"},
}


def test_junit_has_a_case_for_each_finding_with_its_state():
    root = ET.fromstring(outputs.junit(ROWS))
    assert root.attrib == {"name": "tenfold check", "tests": "5", "failures": "2", "errors": "1", "skipped": "1"}
    assert [suite.get("name") for suite in root] == ["slo", "quality", "regression", "trend"]
    cases = {(case.get("classname"), case.get("name")): case for case in root.iter("testcase")}
    assert len(cases) == 5
    broken = cases["tenfold.check.slo", "10x: p99"]
    assert broken.find("failure").get("message") == "400 ms; wanted: at most 100 ms"
    assert "try 3 of at most 3" in broken.find("system-out").text
    assert cases["tenfold.check.quality", "0 % lost"].find("error").get("message") == "bell � rung"
    assert cases["tenfold.check.trend", "1x: p99"].find("skipped") is not None
    assert cases["tenfold.check.slo", "1x: p99"].get("time") == "2.500"
    assert cases["tenfold.check.slo", "1x: p99"].find("failure") is None


def test_markdown_says_first_what_is_wrong_and_no_text_breaks_a_table():
    text = outputs.markdown(ROWS, ABOUT)
    assert text.splitlines()[0] == "## Tenfold check `abcdef012345`: a target is broken"
    assert text.index("- **slo** 10x: p99") < text.index("### SLO")
    assert "CPU \\| per &lt;flow>" in text
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line and "what" not in line]
    assert len(rows) == 5
    assert all(row.replace("\\|", "").count("|") == 6 for row in rows)
    assert "exit code 1" in text


def test_all_three_are_written_and_the_summary_of_the_ci_is_added_to(tmp_path, monkeypatch):
    summary = tmp_path / "step.md"
    summary.write_text("before\n")
    monkeypatch.setenv(outputs.SUMMARY, str(summary))
    paths = outputs.write(tmp_path / "out", ABOUT | {"exit_code": exit_code(ROWS)}, ROWS)
    assert sorted(paths) == ["check.json", "junit.xml", "summary.md"]
    assert read_json(paths["check.json"])["exit_code"] == 1
    assert summary.read_text().startswith("before\n## Tenfold check")
    assert ET.parse(paths["junit.xml"]).getroot().tag == "testsuites"
