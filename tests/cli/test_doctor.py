from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli import doctor
from contract.errors import InputError, LackingError


def test_a_sound_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctor.command(runs=tmp_path / "not" / "yet", json_=True)
    findings = {row["what"]: row for row in json.loads(capsys.readouterr().out)}
    assert findings["compiled kernels"]["ok"]
    assert findings["detection model"]["ok"]
    assert all(row["ok"] for row in findings.values() if row["needed"])


def test_what_is_lacking_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(LackingError, match="folder of runs") as caught:
        doctor.command(runs=blocker / "runs")
    assert caught.value.exit_code == 3
    assert "missing" in capsys.readouterr().out


def test_a_damaged_model_is_a_finding_and_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def damaged() -> None:
        raise InputError("default.skops: damaged model")

    monkeypatch.setattr("detector.model.load_default", damaged)
    with pytest.raises(LackingError, match=r"detection model: default\.skops: damaged model"):
        doctor.command(runs=tmp_path, json_=True)
    assert len(json.loads(capsys.readouterr().out)) > 5


def test_a_folder_that_cannot_even_be_looked_at_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    doctor.command(runs=Path("x" * 300) / "runs", json_=True)
    assert len(json.loads(capsys.readouterr().out)) > 5
