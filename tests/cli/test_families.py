from __future__ import annotations

import pytest

from cli import families
from contract.families import catalogue


def test_the_table_names_every_family(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    families.command()
    text = capsys.readouterr().out
    for name in catalogue():
        assert name in text
