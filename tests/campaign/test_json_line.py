"""One JSON object a line."""

from __future__ import annotations

import pytest

from campaign.alert_record import BadLineError
from campaign.json_line import inner, json_line, stamp_error


def test_objects_and_what_is_none() -> None:
    assert json_line(b' {"a": {"b": 1}} ') == {"a": {"b": 1}}
    assert inner({"a": {"b": 1}}, "a") == {"b": 1}
    assert inner({"a": 5}, "a") == {}
    assert "soon" in str(stamp_error(ValueError("soon")))


@pytest.mark.parametrize(
    "line", [b"", b"x", b'"a"', b"[]", b"[1", b"\xff", b'{"a":\x00}', b"[" * 100_000, b'{"a":' * 100_000]
)
def test_anything_else_is_told(line: bytes) -> None:
    with pytest.raises(BadLineError):
        json_line(line)
