from __future__ import annotations

import json

import pytest

from cli import output


def test_json_goes_to_stdout_and_notes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"a": "é"})
    output.note("working")
    output.stderr_console().print("more")
    output.stdout_console().print("text")
    captured = capsys.readouterr()
    assert captured.err == "working\nmore\n"
    assert json.loads(captured.out.removesuffix("text\n")) == {"a": "é"}
