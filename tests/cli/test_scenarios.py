from __future__ import annotations

import json

from campaign.scenario import names
from cli import scenarios


def test_the_table_names_every_scenario(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    scenarios.command()
    text = capsys.readouterr().out
    for name in names():
        assert name in text
    assert "1x to 10x" in text


def test_json_holds_curve_and_families(capsys):
    scenarios.command(json_=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["paris-2024"]["curve"][-1] == [60.0, 10.0]
    assert rows["benign-day"]["attacks"] == {}
