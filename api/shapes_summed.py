"""The shapes of triage, talkers and the ATT&CK grid."""

from __future__ import annotations

from typing import Any, Final

from api.shapes import COUNT, STRING, TEXTS, of, rows

_COUNTED: Final = {"flows": COUNT, "packets": COUNT, "bytes": COUNT}


def _objects(properties: dict[str, Any]) -> dict[str, Any]:
    return rows(of(properties))


SCHEMAS: Final[dict[str, Any]] = {
    "Triage": {
        "type": "object",
        "properties": {
            "run": STRING,
            "items": _objects(
                {
                    "alert_id": STRING,
                    "state": {"type": "string", "enum": ["new", "escalated", "archived"]},
                    "note": STRING,
                    "at": {"type": "string", "format": "date-time"},
                    "by": STRING | {"description": "the key's name, `anybody` where the service has no keys"},
                }
            ),
            "counts": {"type": "object", "properties": {"escalated": COUNT, "archived": COUNT}},
        },
        "required": ["run", "items", "counts"],
        "examples": [
            {
                "run": "20240726-193000-paris-2024",
                "items": [
                    {"alert_id": "3", "state": "escalated", "note": "", "at": "2024-07-26T19:31:00Z", "by": "amy"}
                ],
                "counts": {"escalated": 1, "archived": 0},
            }
        ],
    },
    "Talkers": {
        "type": "object",
        "properties": {
            "run": STRING,
            "flows": COUNT | {"description": "flows called an attack"},
            "attackers": _objects({"host": STRING, "families": TEXTS} | _COUNTED),
            "victims": _objects({"host": STRING, "families": TEXTS} | _COUNTED),
            "ports": _objects({"port": COUNT, "protocol": STRING, "families": TEXTS} | _COUNTED),
            "attackers_total": COUNT,
            "victims_total": COUNT,
            "ports_total": COUNT,
            "attackers_cut": {"type": "boolean", "description": "the least active were let go: the total is too low"},
            "victims_cut": {"type": "boolean"},
            "ports_cut": {"type": "boolean"},
        },
        "examples": [
            {
                "run": "20240726-193000-paris-2024-ab12",
                "flows": 812,
                "attackers": [
                    {"host": "198.18.4.9", "flows": 812, "packets": 2445, "bytes": 146700, "families": ["syn_flood"]}
                ],
                "victims": [],
                "ports": [],
            }
        ],
        "required": ["run", "flows", "attackers", "victims", "ports"],
    },
    "AttackGrid": {
        "type": "object",
        "properties": {
            "run": STRING,
            "attack_version": STRING,
            "tactics": _objects(
                {
                    "id": STRING,
                    "name": STRING,
                    "short": STRING,
                    "techniques": _objects(
                        {
                            "id": STRING,
                            "name": STRING,
                            "alerts": COUNT,
                            "flows": COUNT,
                            "sent": {"type": ["integer", "null"]},
                            "detected": {"type": ["integer", "null"]},
                            "recall": {"type": ["number", "null"]},
                            "families": _objects({"id": STRING, "title": STRING, "alerts": COUNT}),
                        }
                    ),
                }
            ),
        },
        "examples": [
            {
                "run": "20240726-193000-paris-2024-ab12",
                "attack_version": "19.2",
                "tactics": [{"id": "TA0040", "name": "Impact", "short": "impact", "techniques": []}],
            }
        ],
        "required": ["attack_version", "tactics"],
    },
    "NavigatorLayer": {
        "type": "object",
        "description": "MITRE ATT&CK Navigator layer, format 4.5.",
        "properties": {"name": STRING, "domain": STRING, "versions": {"type": "object"}, "techniques": _objects({})},
        "examples": [
            {
                "name": "Tenfold: Paris 2024",
                "domain": "enterprise-attack",
                "versions": {"attack": "19", "layer": "4.5"},
                "techniques": [{"techniqueID": "T1498.001", "tactic": "impact", "score": 3}],
            }
        ],
        "required": ["name", "domain", "techniques"],
    },
}
