from __future__ import annotations

from pathlib import Path

import pytest

from api.settings import Settings, check_host, check_names
from contract.errors import InputError


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_loopback_is_taken(host):
    assert check_host(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_anything_else_is_refused_in_one_line(host):
    with pytest.raises(InputError) as caught:
        check_host(host)
    assert "\n" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_with_keys_any_address_is_taken_but_no_name():
    assert check_host("0.0.0.0", keys=True) == "0.0.0.0"
    with pytest.raises(InputError):
        check_host("example.org", keys=True)


def test_hosts_that_are_answered_follow_the_port():
    here = Settings(runs=Path(), port=8123)
    for host in ("127.0.0.1:8123", "localhost:8123", "LOCALHOST", "[::1]:8123", "127.0.0.1"):
        assert here.answers_to(host)
    for host in ("127.0.0.1:8124", "", ":8123", "evil.example:8123", "192.0.2.1:8123", "[::1", "a:b:c", "localhost:x",
                 "127.0.0.1.evil.example", "127.0.0.1:8123:1", "localhost@evil.example", "\u0660"):  # fmt: skip
        assert not here.answers_to(host), host


def test_beyond_loopback_it_answers_to_its_names_and_to_addresses_which_cannot_be_rebound():
    there = Settings(runs=Path(), host="0.0.0.0", port=8123, names=check_names(["Wall.example", "soc.example:443"]))
    for host in ("wall.example", "WALL.EXAMPLE:9", "soc.example:443", "192.0.2.1:8123", "[2001:db8::1]", "localhost:1"):
        assert there.answers_to(host), host
    for host in ("soc.example", "soc.example:444", "evil.example", "x.wall.example", "wall.example.evil",
                 "wall.example:x", "wall.example:", "192.0.2", "3221225985", "0x7f.1", ""):  # fmt: skip
        assert not there.answers_to(host), host


@pytest.mark.parametrize(
    "name", ["", "a b", "http://a", "a/", "*.example", "-a", "a..b", "a:b", "x" * 300, "ü.example"]
)
def test_what_is_no_host_name_is_refused(name):
    with pytest.raises(InputError, match="host name"):
        check_names([name])
