"""The shapes of triage, talkers and the ATT&CK grid, for the OpenAPI document (see ``api.documents``)."""

from __future__ import annotations

from typing import Any, Final

_STRING: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_COUNTED: Final = {"flows": _COUNT, "packets": _COUNT, "bytes": _COUNT}
_NAMES: Final = {"type": "array", "items": _STRING}


def _objects(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "properties": properties}}


SUMMED: Final[dict[str, Any]] = {
    "Triage": {
        "type": "object",
        "properties": {
            "run": _STRING,
            "items": _objects(
                {
                    "alert_id": _STRING,
                    "state": {"type": "string", "enum": ["new", "escalated", "archived"]},
                    "note": _STRING,
                    "at": {"type": "string", "format": "date-time"},
                    "by": _STRING | {"description": "the key's name, `anybody` where the service has no keys"},
                }
            ),
            "counts": {"type": "object", "properties": {"escalated": _COUNT, "archived": _COUNT}},
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
            "run": _STRING,
            "flows": _COUNT | {"description": "flows called an attack"},
            "attackers": _objects({"host": _STRING, "families": _NAMES} | _COUNTED),
            "victims": _objects({"host": _STRING, "families": _NAMES} | _COUNTED),
            "ports": _objects({"port": _COUNT, "protocol": _STRING, "families": _NAMES} | _COUNTED),
            "attackers_total": _COUNT,
            "victims_total": _COUNT,
            "ports_total": _COUNT,
            "attackers_cut": {"type": "boolean", "description": "the least active were let go: the total is too low"},
            "victims_cut": {"type": "boolean"},
            "ports_cut": {"type": "boolean"},
        },
        "required": ["run", "flows", "attackers", "victims", "ports"],
    },
    "AttackGrid": {
        "type": "object",
        "properties": {
            "run": _STRING,
            "attack_version": _STRING,
            "tactics": _objects(
                {
                    "id": _STRING,
                    "name": _STRING,
                    "short": _STRING,
                    "techniques": _objects(
                        {
                            "id": _STRING,
                            "name": _STRING,
                            "alerts": _COUNT,
                            "flows": _COUNT,
                            "sent": {"type": ["integer", "null"]},
                            "detected": {"type": ["integer", "null"]},
                            "recall": {"type": ["number", "null"]},
                            "families": _objects({"id": _STRING, "title": _STRING, "alerts": _COUNT}),
                        }
                    ),
                }
            ),
        },
        "required": ["attack_version", "tactics"],
    },
    "NavigatorLayer": {
        "type": "object",
        "description": "MITRE ATT&CK Navigator layer, format 4.5.",
        "properties": {"name": _STRING, "domain": _STRING, "versions": {"type": "object"}, "techniques": _objects({})},
        "required": ["name", "domain", "techniques"],
    },
}
