"""Families and scenarios as the API shows them."""

from __future__ import annotations

from typing import Any

from api.problems import bad_request, not_found
from campaign.preview import preview
from campaign.scenario import Overrides, Scenario, load, names
from contract.errors import InputError
from contract.families import ATTACK_VERSION, TACTICS, TECHNIQUES, Family, catalogue


def family_items() -> list[dict[str, Any]]:
    """Every family, attacks first."""
    rows = sorted(catalogue().values(), key=lambda family: (not family.attack, family.group, family.id))
    return [_item(family) for family in rows]


def family_item(name: str) -> dict[str, Any]:
    """One family. Raises 404."""
    family = catalogue().get(name)
    if family is None:
        raise not_found("no-family", f"no family is called {name}; /v1/families lists them")
    return _item(family)


def _item(family: Family) -> dict[str, Any]:
    return {
        "id": family.id,
        "title": family.title,
        "summary": family.summary,
        "group": family.group,
        "attack": family.attack,
        "technique": {"id": family.technique, "name": TECHNIQUES.get(family.technique, "")},
        "tactic": {"id": family.tactic, "name": TACTICS.get(family.tactic, "")},
        "attack_version": ATTACK_VERSION,
    }


def scenario_items() -> list[dict[str, Any]]:
    """Every scenario that ships; one that cannot be read says so in its summary."""
    items = []
    for name in names():
        try:
            items.append(load(name).as_dict())
        except InputError as error:
            items.append({"name": name, "title": name, "summary": f"cannot be read: {error}", "broken": True})
    return items


def scenario_item(name: str) -> dict[str, Any]:
    """One scenario. Raises 404."""
    return _scenario(name).as_dict()


def preview_of(name: str, multiplier: float | None, duration_s: float | None, points: int) -> dict[str, Any]:
    """What a campaign of that scenario would be. Raises 404 for the name, 400 for values that it cannot be run with."""
    scenario = _scenario(name)
    try:
        return preview(scenario, Overrides(multiplier=multiplier, duration_s=duration_s), points)
    except InputError as error:
        raise bad_request("scenario", str(error)) from None


def _scenario(name: str) -> Scenario:
    if name not in names():
        raise not_found("no-scenario", f"no scenario is called {name}; /v1/scenarios lists them")
    return load(name)
