from __future__ import annotations

import pytest

from contract.host_names import is_host_name


@pytest.mark.parametrize("text", ["a", "tenfold.example", "WALL.example:8150", "a-b.c", "1.example"])
def test_names(text):
    assert is_host_name(text)


@pytest.mark.parametrize(
    "text", ["", "a b", "http://a", "a/", "*.example", "-a", "a..b", "a:b", "a:123456", "x" * 64, "ü.x", "a\n"]
)
def test_what_is_none(text):
    assert not is_host_name(text)
