"""Values of a configuration that take more than a look."""

from __future__ import annotations

import pytest

from contract.config_key import Key
from contract.errors import InputError
from detector.config_values import attacks, expand, lower, span, value


@pytest.mark.parametrize(("text", "minutes"), [("00:00-24:00", (0, 1440)), ("22:00-06:00", (1320, 360))])
def test_spans_of_the_day(text: str, minutes: tuple[int, int]) -> None:
    assert span(text) == minutes


@pytest.mark.parametrize("text", ["24:00-01:00", "1:00-2:00", "10:60-11:00", "10:00-24:01", ""])
def test_no_spans(text: str) -> None:
    with pytest.raises(InputError, match="is no span of the day"):
        span(text)


def test_groups_become_their_families() -> None:
    assert expand(["local", "dns_tunnel"]) == ["arp_spoofing", "dns_tunnel"]
    assert "benign" not in attacks()
    assert "port_scan" in attacks()


def test_long_lists_and_long_words_are_cut() -> None:
    with pytest.raises(InputError, match="10,001 entries"):
        value(Key("home", "networks", ""), ["192.0.2.1"] * 10_001)
    with pytest.raises(InputError, match=r"x\.\.\.$"):
        value(Key("idle", "number", ""), "x" * 200)


def test_lower() -> None:
    assert lower("Why; it stands.") == "why; it stands"
