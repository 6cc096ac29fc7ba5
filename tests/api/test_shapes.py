from __future__ import annotations

from typing import Any

import jsonschema

from api.documents import SCHEMAS
from api.shapes import STRING, of, ref, rows


def check(schema: dict[str, Any], examples: list[Any]) -> None:
    """Each example is of the shape, and the shape is sound."""
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": {"schemas": SCHEMAS}} | schema
    jsonschema.Draft202012Validator.check_schema(whole)
    for example in examples:
        jsonschema.validate(example, whole, jsonschema.Draft202012Validator)


def test_an_object_has_what_was_asked_for():
    assert of({"a": STRING}, required=["a"], example={"a": "x"}) == {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "examples": [{"a": "x"}],
    }
    assert rows(ref("Run")) == {"type": "array", "items": {"$ref": "#/components/schemas/Run"}}
