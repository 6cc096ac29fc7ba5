from __future__ import annotations

from pathlib import Path

import pytest

from api.settings import Settings, check_host
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


def test_hosts_that_are_answered_follow_the_port():
    assert "127.0.0.1:8123" in Settings(runs=Path(), port=8123).allowed_hosts
