"""What was seen in the terms of MITRE ATT&CK: a grid by tactic, and a layer for the ATT&CK Navigator."""

from __future__ import annotations

from typing import Any, Final

from contract.families import ATTACK_VERSION, TACTICS, TECHNIQUES, catalogue

LAYER_FORMAT: Final = "4.5"
# The order of the matrix, and the short names by which the Navigator knows its tactics.
_ORDER: Final = (
    ("TA0043", "reconnaissance"),
    ("TA0042", "resource-development"),
    ("TA0001", "initial-access"),
    ("TA0006", "credential-access"),
    ("TA0007", "discovery"),
    ("TA0011", "command-and-control"),
    ("TA0010", "exfiltration"),
    ("TA0040", "impact"),
)
Json = dict[str, Any]


def grid(alerts: dict[str, int], families: list[Json]) -> list[Json]:
    """Tactics in the matrix' order with their techniques and how much of each was seen.

    ``alerts`` counts alerts by family; ``families`` are the rows of a statistics document.
    """
    seen = {row["family"]: row for row in families}
    by_tactic: dict[str, dict[str, Json]] = {}
    for family in sorted(catalogue().values(), key=lambda one: one.title):
        if not family.attack or not family.technique:
            continue
        cells = by_tactic.setdefault(family.tactic, {})
        cell = cells.setdefault(family.technique, _empty(family.technique))
        row = seen.get(family.id, {})
        count = alerts.get(family.id, 0)
        cell["alerts"] += count
        cell["flows"] += row.get("flagged", 0)
        for name, value in (("sent", row.get("sent")), ("detected", row.get("detected") if "sent" in row else None)):
            if value is not None:
                cell[name] = (cell[name] or 0) + value
        cell["families"].append({"id": family.id, "title": family.title, "alerts": count})
    for cells in by_tactic.values():
        for cell in cells.values():
            cell["recall"] = cell["detected"] / cell["sent"] if cell["sent"] else None
    known = [(tactic, short) for tactic, short in _ORDER if tactic in by_tactic]
    known += [(tactic, tactic.lower()) for tactic in sorted(by_tactic) if tactic not in dict(_ORDER)]
    return [
        {
            "id": tactic,
            "name": TACTICS.get(tactic, tactic),
            "short": short,
            "techniques": sorted(by_tactic[tactic].values(), key=lambda cell: cell["id"]),
        }
        for tactic, short in known
    ]


def layer(run: str, title: str, tactics: list[Json]) -> Json:
    """A layer of the ATT&CK Navigator: the score of a technique is its number of alerts."""
    techniques = [
        {
            "techniqueID": cell["id"],
            "tactic": tactic["short"],
            "score": cell["alerts"],
            "enabled": True,
            "showSubtechniques": "." in cell["id"],
            "comment": _comment(cell),
            "metadata": [{"name": family["title"], "value": str(family["alerts"])} for family in cell["families"]],
        }
        for tactic in tactics
        for cell in tactic["techniques"]
    ]
    most = max([1, *(row["score"] for row in techniques)])
    return {
        "name": f"Tenfold: {title}"[:120],
        "versions": {"attack": ATTACK_VERSION.partition(".")[0], "layer": LAYER_FORMAT},
        "domain": "enterprise-attack",
        "description": f"Alerts of run {run} by technique; ATT&CK {ATTACK_VERSION}.",
        "sorting": 3,
        "hideDisabled": False,
        "techniques": techniques,
        "gradient": {"colors": ["#ffffff", "#f2c14e", "#b3123a"], "minValue": 0, "maxValue": most},
        "legendItems": [],
        "metadata": [{"name": "run", "value": run}],
    }


def _empty(technique: str) -> Json:
    return {
        "id": technique,
        "name": TECHNIQUES.get(technique, technique),
        "alerts": 0,
        "flows": 0,
        "sent": None,
        "detected": None,
        "families": [],
    }


def _comment(cell: Json) -> str:
    words = f"{cell['alerts']} alerts, {cell['flows']} flows called an attack"
    if cell["recall"] is not None:
        words += f"; {cell['detected']} of {cell['sent']} attempts detected"
    return words
