"""``tenfold lab``: two namespaces that have no way out, joined by a veth pair that carries nothing but our frames.

Silent by construction: no IPv6 (so no duplicate address detection, no router solicitation), no ARP, no multicast, no
forwarding, no process. A note in ``/run/tenfold/lab`` says which namespaces ``up`` made; ``down`` removes only those.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from contract.errors import InputError, LackingError
from contract.lab import LISTEN_INTERFACE, LISTEN_NAMESPACE, SEND_INTERFACE, SEND_NAMESPACE, exists
from generator.lab.interfaces import default_route, forwarding, identity, inside, offloads_off
from generator.lab.netlink import Link, link

NOTES: Final = Path("/run/tenfold/lab")
SMALLEST_MTU, LARGEST_MTU = 68, 9000
# The last two of the range, in no world that the generator draws. MACs that no frame of ours is sent to.
_ADDRESSES: Final = ("198.19.255.253/30", "198.19.255.254/30")
_MACS: Final = ("0a:10:fd:00:00:01", "0a:10:fd:00:00:02")
_SETTINGS: Final = {
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/default/accept_ra": "0",
    "net/ipv6/conf/default/router_solicitations": "0",
    "net/ipv6/conf/all/forwarding": "0",
    "net/ipv4/ip_forward": "0",
    "net/ipv4/icmp_echo_ignore_all": "1",
}


class Lab(NamedTuple):
    """The names of a lab. Tests use others than the default, so that they never disturb a lab in use."""

    send_namespace: str = SEND_NAMESPACE
    listen_namespace: str = LISTEN_NAMESPACE
    send_interface: str = SEND_INTERFACE
    listen_interface: str = LISTEN_INTERFACE

    @property
    def ends(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """(namespace, interface) of both ends, the sending one first."""
        return (self.send_namespace, self.send_interface), (self.listen_namespace, self.listen_interface)


def up(lab: Lab = Lab(), mtu: int = 1500) -> dict[str, Any]:  # noqa: B008 - immutable
    """Make the lab, or what is lacking of it; ``status`` of it.

    Raises ``LackingError`` without root or ``ip``, ``InputError`` where a name is taken by something that ``up`` did
    not make.
    """
    if not SMALLEST_MTU <= mtu <= LARGEST_MTU:
        raise InputError(f"--mtu {mtu}: between {SMALLEST_MTU} and {LARGEST_MTU}")
    _require()
    for namespace, _ in lab.ends:
        _own(namespace)
    found = [_ask(namespace, interface) for namespace, interface in lab.ends]
    if not all(found):
        for (namespace, interface), there in zip(lab.ends, found, strict=True):
            if there:
                _ip("-n", namespace, "link", "del", interface)
        _pair(lab)
    for number, (namespace, interface) in enumerate(lab.ends):
        _settle(namespace, interface, mtu, number)
    return status(lab)


def down(lab: Lab = Lab()) -> dict[str, Any]:  # noqa: B008 - immutable
    """Remove the namespaces that ``up`` made, and with them the pair; ``status`` afterwards."""
    _require()
    for namespace, _ in lab.ends:
        if exists(namespace):
            if not _ours(namespace):
                raise InputError(f"namespace {namespace} was not made by `tenfold lab up`; it is left alone")
            _ip("netns", "del", namespace)
        with suppress(FileNotFoundError):
            (NOTES / namespace).unlink()
    return status(lab)


def status(lab: Lab = Lab()) -> dict[str, Any]:  # noqa: B008 - immutable
    """Whether the lab is up, and each end: state, MAC, MTU, counters, whether there is a way out of it."""
    ends = [_end(namespace, interface) for namespace, interface in lab.ends]
    sound = all(end["up"] and not end["default_route"] and not end["forwarding"] for end in ends)
    return {"up": sound, "send": ends[0], "listen": ends[1]}


def _end(namespace: str, interface: str) -> dict[str, Any]:
    there = _ask(namespace, interface)
    out, passes = inside(namespace, lambda: (default_route(), forwarding())) if exists(namespace) else (False, False)
    return {
        "namespace": namespace,
        "exists": exists(namespace),
        "ours": exists(namespace) and _ours(namespace),
        "interface": interface,
        "up": bool(there and there.up and there.carrier and there.kind == "veth"),
        "mac": there.mac if there else "",
        "mtu": there.mtu if there else 0,
        "default_route": out,
        "forwarding": passes,
        "received": there.received if there else 0,
        "sent": there.sent if there else 0,
        "dropped": there.dropped if there else 0,
    }


def _ask(namespace: str, interface: str) -> Link | None:
    return inside(namespace, lambda: link(interface)) if exists(namespace) else None


def _require() -> None:
    if os.geteuid() != 0:
        raise LackingError("the lab needs root: network namespaces and a veth pair are made; try `sudo tenfold lab up`")
    if not shutil.which("ip"):
        raise LackingError("the lab needs the program `ip` (package iproute2)")


def _own(namespace: str) -> None:
    """Make this namespace and note that it is ours; refuse one that is there and not ours."""
    if not exists(namespace):
        _ip("netns", "add", namespace)
        NOTES.mkdir(parents=True, exist_ok=True)
        (NOTES / namespace).write_text(repr(inside(namespace, identity)), encoding="utf-8")
    elif not _ours(namespace):
        raise InputError(
            f"a network namespace {namespace} exists that `tenfold lab up` did not make: `ip netns del {namespace}` it"
        )


def _ours(namespace: str) -> bool:
    try:
        return (NOTES / namespace).read_text(encoding="utf-8") == repr(inside(namespace, identity))
    except FileNotFoundError:
        return False


def _pair(lab: Lab) -> None:
    """One queue each way, so that frames stay in order whichever processor sends them."""
    (here, name), (there, other) = lab.ends
    queues = ("numtxqueues", "1", "numrxqueues", "1")
    _ip("-n", here, "link", "add", name, *queues, "type", "veth", "peer", "name", other, *queues, "netns", there)


def _settle(namespace: str, interface: str, mtu: int, number: int) -> None:
    inside(namespace, _silence)
    _ip("-n", namespace, "link", "set", interface, "address", _MACS[number], "mtu", str(mtu))
    _ip("-n", namespace, "link", "set", interface, "arp", "off", "multicast", "off")
    inside(namespace, lambda: offloads_off(interface))
    _ip("-n", namespace, "addr", "replace", _ADDRESSES[number], "dev", interface)
    _ip("-n", namespace, "link", "set", interface, "up")


def _silence() -> None:
    for name, value in _SETTINGS.items():
        with suppress(FileNotFoundError):  # a kernel without IPv6
            (Path("/proc/sys") / name).write_text(value, encoding="utf-8")


def _ip(*words: str) -> None:
    made = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)  # noqa: S603, S607 - iproute2
    if made.returncode:
        raise LackingError(f"`ip {' '.join(words)}` failed: {made.stderr.strip() or made.returncode}")
