"""One JSON object a line, from a file that anybody may have written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from campaign.alert_record import BadLineError


def json_line(line: bytes) -> dict[str, Any]:
    """The object of a line. Raises ``BadLineError`` for anything else: cut off, not UTF-8, nested too deeply."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        if line.lstrip()[:1] == b"[":
            raise BadLineError("a JSON list; one object a line is read (jq -c '.[]' makes that)") from None
        raise BadLineError(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    if isinstance(value, list):
        raise BadLineError("a JSON list; one object a line is read (jq -c '.[]' makes that)")
    if not isinstance(value, dict):
        raise BadLineError("not a JSON object")
    return value


def json_lines(lines: Sequence[bytes]) -> list[dict[str, Any]] | None:
    """The objects of many lines; None where one holds anything else."""
    try:
        values = [orjson.loads(line) for line in lines]
    except orjson.JSONDecodeError:
        return None
    return values if set(map(type, values)) <= {dict} else None


def inner(value: dict[str, Any], name: str) -> dict[str, Any]:
    """An object inside an object, empty where there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def stamp_error(error: ValueError) -> BadLineError:
    """What to raise where a stamp could not be read."""
    return BadLineError(f"time: {error}")
