"""Address and port in one word."""

from __future__ import annotations

import pytest

from campaign.alert_record import NOBODY, NONE, BadLineError, address
from campaign.endpoints import endpoint


@pytest.mark.parametrize(
    ("words", "protocol", "host", "number"),
    [
        ("198.18.0.1:22", 6, "198.18.0.1", 22),
        ("198.18.0.1", 1, "198.18.0.1", NONE),
        ("198.18.0.1:0", 1, "198.18.0.1", NONE),
        ("2001:2::1:22", 6, "2001:2::1", 22),
        ("2001:2::1", 58, "2001:2::1", NONE),
        ("2001:2:0:0:0:0:0:1:0", 58, "2001:2::1", NONE),
        ("[2001:2::1]:22", 6, "2001:2::1", 22),
        ("[2001:2::1]", 58, "2001:2::1", NONE),
    ],
)
def test_both_are_found(words: str, protocol: int, host: str, number: int) -> None:
    assert endpoint(words, protocol) == (address(host), number)


def test_nothing_and_nonsense() -> None:
    assert endpoint("", 6) == (NOBODY, NONE)
    for words in ("[::1", "[::1]x", "host:22", "1.2.3.4:99999"):
        with pytest.raises(BadLineError):
            endpoint(words, 6)
