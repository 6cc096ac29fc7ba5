"""Addresses, ports, protocols and names out of hostile input."""

from __future__ import annotations

import pytest

from campaign.alert_record import NOBODY, NONE, BadLineError, address, address_or_none, port, protocol, text
from contract.addresses import to_bytes


def test_addresses() -> None:
    assert address("198.18.0.1") == to_bytes("198.18.0.1")
    assert address("fe80::1%eth0") == to_bytes("fe80::1")
    for nothing in (None, "", "-"):
        assert address_or_none(nothing) == NOBODY
    for bad in ("1.2.3", "host", 7, [], "1.2.3.4.5"):
        with pytest.raises(BadLineError):
            address_or_none(bad)


def test_ports() -> None:
    assert [port(value) for value in (22, "22", 0, None, "", "-")] == [22, 22, 0, NONE, NONE, NONE]
    for bad in (-1, 65_536, "x", "99999999999999999999", True, 1.5, "²"):
        with pytest.raises(BadLineError):
            port(bad)


def test_protocols_by_name_and_number() -> None:
    assert [protocol(v) for v in ("TCP", "udp", "IPv6-ICMP", "6", 17, "arp", "icmp")] == [6, 17, 58, 6, 17, 0x0806, 1]
    assert [protocol(v) for v in (None, "", "unknown", 999, "9999", True, "unknown_transport")] == [NONE] * 7


def test_texts_are_bounded() -> None:
    assert text(None) == ""
    assert text(5) == "5"
    assert len(text("x" * 10_000)) == 512
