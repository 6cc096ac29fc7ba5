"""Markdown in which nothing of a run is mark-up."""

from __future__ import annotations

from campaign.report import document
from campaign.report_markdown import markdown, plain, table
from tests.campaign.runs import finished


def test_text_of_a_run_is_text():
    assert plain("a | b\n<i> *c* [d](e) `f`") == "a \\| b &lt;i&gt; \\*c\\* \\[d\\](e) \\`f\\`"


def test_tables_have_a_rule_and_none_is_empty():
    assert table(("a", "b"), [(1, "x")]) == "| a | b |\n| --- | ---: |\n| 1 | x |"
    assert table(("a",), []) == ""


def test_every_part_is_there(tmp_path):
    text = markdown(document(finished(tmp_path, p99_ms=5.0)))
    for words in ("# Smoke: failed", "## Targets", "## Rate and latency", "## Recall by family", "Nothing was lost"):
        assert words in text
