from __future__ import annotations

import json

import pytest

from cli import report
from contract.errors import InputError
from tests.campaign.runs import finished


def test_it_renders_again(tmp_path, capsys):
    folder = finished(tmp_path)
    folder.report.unlink()
    report.command(folder.path)
    assert capsys.readouterr().out == f"{folder.report}\n"
    assert folder.report.is_file()
    report.command(folder.path, json_=True)
    assert json.loads(capsys.readouterr().out) == {"run": folder.id, "report": str(folder.report)}


def test_what_is_no_run_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="not a run folder"):
        report.command(tmp_path)


def test_formats_and_an_earlier_run(tmp_path, capsys):
    folder = finished(tmp_path)
    out = tmp_path / "report.md"
    report.command(folder.path, "md", out, folder.path)
    assert capsys.readouterr().out == f"{out}\n"
    assert f"## Against {folder.id}" in out.read_text()
    with pytest.raises(InputError, match="--format pdf"):
        report.command(folder.path, "pdf")
