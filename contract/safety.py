"""Where frames may go. The generator denies by default; these are the only ranges that it knows.

RFC 2544 gives 198.18.0.0/15 and RFC 5180 gives 2001:2::/48 to benchmarking: never routed, never anybody's.
Documentation ranges (RFC 5737, RFC 3849, RFC 9637) may stand in files, never on a wire.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from contract.errors import UnsafeError

LAB_V4: Final = ipaddress.ip_network("198.18.0.0/15")
LAB_V6: Final = ipaddress.ip_network("2001:2::/48")
LAB: Final = (LAB_V4, LAB_V6)
DOCUMENTATION: Final = tuple(
    ipaddress.ip_network(prefix)
    for prefix in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
)
# UDP ports of what carries packets or whole frames: mobile IP, L2TP, GTP-U, AMT, Teredo, LISP, IPsec, GRE, VXLAN (and
# GPE, and Linux's own), CAPWAP data, GUE, Geneve, DCCP, MPLS, SCTP.
TUNNEL_PORTS: Final = frozenset(
    (
        434,
        1701,
        2152,
        2268,
        3544,
        4341,
        4342,
        4500,
        4754,
        4755,
        4789,
        4790,
        5247,
        6080,
        6081,
        6511,
        6635,
        6636,
        8472,
        9899,
    )
)


class Target(StrEnum):
    """Where finished frames go: a file or stream on this machine, or a wire."""

    FILE = "file"
    WIRE = "wire"


def allowed(target: Target) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """The prefixes in which every address of a frame for that target must lie."""
    return LAB if target is Target.WIRE else LAB + DOCUMENTATION


def check_prefixes(prefixes: Iterable[str], target: Target) -> None:
    """Refuse a plan before anything opens. Raises ``UnsafeError`` for the first prefix that is not wholly allowed."""
    ranges = allowed(target)
    for prefix in prefixes:
        try:
            network = ipaddress.ip_network(prefix, strict=False)
        except ValueError:
            raise UnsafeError(f"{prefix!r} is neither an IP address nor a prefix") from None
        if not any(
            network.version == other.version
            and int(other.network_address) <= int(network.network_address)
            and int(network.broadcast_address) <= int(other.broadcast_address)
            for other in ranges
        ):
            names = ", ".join(str(other) for other in ranges)
            raise UnsafeError(f"{prefix} lies outside the ranges allowed for a {target.value}: {names}")
