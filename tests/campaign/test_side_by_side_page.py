"""The side-by-side page opens offline and says what the document says."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign.judging import judge_detector
from campaign.side_by_side import side_by_side
from campaign.side_by_side_page import seconds, write
from contract.errors import InputError
from tests.campaign import judged, recorded
from tests.campaign.test_alert_judgement import STRANGER


def test_the_page_shows_all_and_loads_nothing(tmp_path: Path) -> None:
    hostile = recorded.eve_alert(STRANGER)
    hostile["alert"]["signature"] = "<script>alert(1)</script>"
    records = [hostile, *(recorded.eve_alert(flow) for flow in judged.flows("syn_flood"))]
    detector, _ = judged.eve(tmp_path, records)
    result = judge_detector(detector, judged.truth())
    page = side_by_side("small", judged.truth(), [result])
    text = write(page, {"suricata": result.card}, tmp_path / "x.html").read_text()
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "syn_flood" in text
    assert "198.18.200.1" in text
    assert "http://" not in text
    assert "https://" not in text
    with pytest.raises(InputError, match="cannot write"):
        write(page, {"suricata": result.card}, tmp_path / "no" / "x.html")


def test_times_for_people() -> None:
    assert [seconds(v) for v in (None, 0.0123, 2.0)] == ["-", "12.3 ms", "2.00 s"]
