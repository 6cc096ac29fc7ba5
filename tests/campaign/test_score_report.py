"""The report of a score: one file that loads nothing and shows what the scorecards say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from campaign.score_report import render, write
from campaign.scorecard import totals
from contract.errors import InputError


def card(name: str, family: str, *, found: bool, false: int = 0) -> dict[str, Any]:
    entry = {
        "family": family,
        "detected": found,
        "right_group": found,
        "right_family": found,
        "time_to_detect_s": 0.5 if found else None,
        "flows": 10,
        "flows_detected": 9 if found else 0,
        "alerts": [],
    }
    hits = 9 if found else 0
    row = {
        "group": "dos",
        "flows": 10,
        "detected": hits,
        "right_group": hits,
        "right_family": hits,
        "recall": hits / 10,
    }
    return {
        "name": name,
        "capture": {"frames": 100, "flows": 20, "seconds": 3.0},
        "families": {family: row},
        "entries": [entry],
        "false_alarms": {"benign_flows": 10, "flagged": false, "rate": false / 10, "alerts": false},
        "alerts": {"total": 1, "true": 1, "false": false, "unjudged": 0},
        "confusion": {family: {family: hits, "benign": 10 - hits}, "benign": {"benign": 10}, "unknown": {"benign": 3}},
        "ledger": {"balanced": True, "stages": {}},
        "drift": {"state": "usual"},
    }


CARDS = [card("one.pcap", "syn_flood", found=True), card("<two>.pcap", "udp_flood", found=False, false=1)]


def test_it_shows_what_was_found_and_loads_nothing() -> None:
    text = render(CARDS, totals(CARDS))
    for words in (
        "Score of 2 captures",
        "1 of 2",
        "one.pcap",
        "&lt;two&gt;.pcap",
        "1 of 1, 1 by name",
        "0.50 s",
        "usual",
    ):
        assert words in text, words
    assert "<two>" not in text
    assert text.count("<svg") == 4
    assert "1 alerts, 10.0 %" in text
    for outside in ("http:", "https:", "src=", "href=", "url(", "<script"):
        assert outside not in text, outside
    assert "default-src 'none'" in text


def test_a_quiet_folder_says_so() -> None:
    quiet = card("q.pcap", "syn_flood", found=True) | {"entries": [], "families": {}, "confusion": {}}
    text = render([quiet], totals([quiet]))
    assert "Score of 1 capture" in text
    assert "None." in text
    assert "Time to detect" not in text


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = write(CARDS, totals(CARDS), tmp_path / "r.html")
    assert path.read_text().startswith("<!doctype html>")
    with pytest.raises(InputError, match="cannot write the report"):
        write(CARDS, totals(CARDS), tmp_path / "none" / "r.html")
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]
