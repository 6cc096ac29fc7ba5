"""A capture in one go: everything that comes out is kept, each alert once."""

from __future__ import annotations

from pathlib import Path

from contract.schemas import FLOWS, VERDICTS
from detector.config import Config
from detector.offline import detect
from tests.campaign.captures import write_capture
from tests.detector.streams import always


def test_all_that_came_out(tmp_path: Path) -> None:
    seen: list[int] = []
    found = detect(write_capture(tmp_path), always("port_scan"), Config(capacity=4096), seen.append)
    assert found.flows.schema.equals(FLOWS)
    assert found.verdicts.schema.equals(VERDICTS)
    assert found.frames == 420
    assert seen[-1] == 420
    assert found.flows.num_rows == 405
    assert [alert.alert_id for alert in found.alerts] == sorted({alert.alert_id for alert in found.alerts})
    assert not any(alert.open for alert in found.alerts)
    assert found.ledger.balanced
    assert next(iter(found.ledger.stages)) == "capture"
    assert found.counts["flows"] == 405
    assert found.notes == []


def test_a_cut_is_told(tmp_path: Path) -> None:
    assert "cut off" in detect(write_capture(tmp_path, cut=3), always("benign"), Config(capacity=4096)).notes[0]
