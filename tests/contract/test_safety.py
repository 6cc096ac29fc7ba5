from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import UnsafeError
from contract.safety import Target, allowed, check_prefixes


@pytest.mark.parametrize("prefix", ["198.18.0.0/15", "198.19.255.255", "2001:2::/48", "2001:2:0:ffff::1"])
def test_the_lab_may_go_to_a_wire(prefix: str) -> None:
    check_prefixes([prefix], Target.WIRE)
    check_prefixes([prefix], Target.FILE)


@pytest.mark.parametrize("prefix", ["192.0.2.0/24", "2001:db8::/32", "3fff::1"])
def test_documentation_ranges_go_to_files_only(prefix: str) -> None:
    check_prefixes([prefix], Target.FILE)
    with pytest.raises(UnsafeError, match="outside the ranges allowed for a wire"):
        check_prefixes([prefix], Target.WIRE)


@pytest.mark.parametrize(
    "prefix", ["198.0.0.0/8", "10.0.0.1", "127.0.0.1", "0.0.0.0/0", "::/0", "::ffff:198.18.0.1", "x"]
)
def test_everything_else_is_refused(prefix: str) -> None:
    with pytest.raises(UnsafeError):
        check_prefixes(["198.18.0.1", prefix], Target.FILE)


@given(st.ip_addresses())
def test_no_address_outside_gets_by(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    inside = any(address.version == n.version and address in n for n in allowed(Target.WIRE))
    if inside:
        check_prefixes([str(address)], Target.WIRE)
    else:
        with pytest.raises(UnsafeError):
            check_prefixes([str(address)], Target.WIRE)
