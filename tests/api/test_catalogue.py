from __future__ import annotations

from api import catalogue
from campaign import scenario
from contract.errors import InputError


def test_a_scenario_that_cannot_be_read_says_so_and_the_others_stay(monkeypatch):
    def broken(name: str):
        if name == "smoke":
            raise InputError("line 3: no such key")
        return scenario.load(name)

    monkeypatch.setattr(catalogue, "load", broken)
    items = {item["name"]: item for item in catalogue.scenario_items()}
    assert items["smoke"]["broken"]
    assert "line 3" in items["smoke"]["summary"]
    assert items["paris-2024"]["duration_s"] > 0


def test_attacks_come_first():
    kinds = [item["attack"] for item in catalogue.family_items()]
    assert kinds == sorted(kinds, reverse=True)
