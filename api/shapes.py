"""What the shapes of answers are made of (JSON Schema, for the OpenAPI document alone)."""

from __future__ import annotations

from typing import Any, Final

STRING: Final = {"type": "string"}
INSTANT: Final = {"type": "string", "format": "date-time"}
NUMBER: Final = {"type": "number"}
COUNT: Final = {"type": "integer", "minimum": 0}
TEXTS: Final = {"type": "array", "items": STRING}
NAMED: Final = {
    "type": "object",
    "properties": {"id": STRING, "name": STRING},
    "examples": [{"id": "T1498.001", "name": "Network Denial of Service: Direct Network Flood"}],
}
JSON: Final = {"type": "object"}
FLAG: Final = {"type": "boolean"}
MAYBE: Final = {"type": ["number", "null"]}
MAYBE_INSTANT: Final = {"type": ["string", "null"], "format": "date-time"}


def of(properties: dict[str, Any], *, required: list[str] | None = None, example: Any = None) -> dict[str, Any]:  # noqa: ANN401
    """An object with these properties."""
    document: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        document["required"] = required
    if example is not None:
        document["examples"] = [example]
    return document


def ref(name: str) -> dict[str, Any]:
    """A reference to a shape of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def rows(shape: dict[str, Any]) -> dict[str, Any]:
    """A list of them."""
    return {"type": "array", "items": shape}
