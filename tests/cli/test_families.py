from __future__ import annotations

import json

import pytest

from cli import families
from contract.errors import InputError
from contract.families import catalogue
from generator.params import accepted
from generator.registry import names


def test_the_table_names_every_family(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    families.command()
    text = capsys.readouterr().out
    for name in catalogue():
        assert name in text


def test_what_varies_in_a_family_and_its_parameters_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    families.command("c2_beacon")
    text = capsys.readouterr().out
    assert text.startswith("c2_beacon: ")
    assert "T1071" in text
    assert "jitter, kind, period_s" in text
    for name in names():
        families.command(name, json_=True)
        told = json.loads(capsys.readouterr().out)
        assert told["id"] == name
        assert len(told["documentation"]) > 100
        assert tuple(told["parameters"]) == accepted(name)
        assert [given for given in told["parameters"] if f"``{given}" not in told["documentation"]] == [], name


def test_an_unknown_family_is_named_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"'nosuch'.*syn_flood"):
        families.command("nosuch")
