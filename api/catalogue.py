"""Families and scenarios as the API shows them."""

from __future__ import annotations

from typing import Any

from campaign.scenario import load, names
from contract.errors import InputError
from contract.families import TACTICS, TECHNIQUES, catalogue


def family_items() -> list[dict[str, Any]]:
    """Every family, attacks first."""
    rows = sorted(catalogue().values(), key=lambda family: (not family.attack, family.group, family.id))
    return [
        {
            "id": family.id,
            "title": family.title,
            "summary": family.summary,
            "group": family.group,
            "attack": family.attack,
            "technique": {"id": family.technique, "name": TECHNIQUES.get(family.technique, "")},
            "tactic": {"id": family.tactic, "name": TACTICS.get(family.tactic, "")},
        }
        for family in rows
    ]


def scenario_items() -> list[dict[str, Any]]:
    """Every scenario that ships; one that cannot be read says so in its summary."""
    items = []
    for name in names():
        try:
            items.append(load(name).as_dict())
        except InputError as error:
            items.append({"name": name, "title": name, "summary": f"cannot be read: {error}", "broken": True})
    return items
