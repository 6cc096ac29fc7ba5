"""Whether frames may go onto an interface. Denied unless it is a veth that leads nowhere, or the lab file allows it.

Nowhere: both ends are in namespaces that have a name, no default route and no forwarding, and neither belongs to a
bridge. Any other interface needs the lab file, which only root can write::

    interface = "eth1"
    prefixes = ["198.18.4.0/22", "2001:2:0:4::/64"]   # of the lab's own ranges: all addresses lie in these
    frames_per_second = 20000
    expires = 2026-07-01T00:00:00Z
"""

from __future__ import annotations

import ipaddress
import os
import stat
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from contract.errors import InputError, UnsafeError
from contract.safety import LAB, Target, check_prefixes
from contract.toml_text import read_toml
from generator.lab.interfaces import Peer, default_route, forwarding, inside, name, peer_of
from generator.lab.netlink import Link, link

LAB_FILE: Final = Path("/etc/tenfold/lab.toml")
LAB_CEILING: Final = 10_000_000  # frames a second on a veth that leads nowhere: more than one carries
_KEYS: Final = {"interface": str, "prefixes": list, "frames_per_second": int, "expires": datetime}
_SHARED = stat.S_IWGRP | stat.S_IWOTH
_LARGEST: Final = 65_536
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Permission(NamedTuple):
    """What may go onto the wire. ``peer`` is the other end of a veth of the lab; a real interface has none."""

    interface: Link
    peer: Peer | None
    prefixes: tuple[Network, ...]
    frames_per_second: int
    expires_ns: int | None  # epoch


def permit(interface: str, lab_file: Path | None = None) -> Permission:
    """The permission for an interface of this thread's namespace.

    Raises ``InputError`` where there is no such interface, ``UnsafeError`` where nothing allows it.
    """
    here = link(interface)
    if here is None:
        where = name() or "this namespace; --netns names another"
        raise InputError(
            f"{interface}: there is no such interface in {where}; `tenfold lab up` (as root) makes the lab"
        )
    peer = peer_of(here)
    reason = leads_out(here, peer)
    if not reason:
        return Permission(here, peer, LAB, LAB_CEILING, None)
    path = lab_file or LAB_FILE
    if not path.exists():
        raise UnsafeError(f"{interface} is no wire of a lab: {reason}; another one needs the lab file {path}")
    allowed = read_lab_file(path)
    if allowed["interface"] != interface:
        raise UnsafeError(f"{path} allows {allowed['interface']}, not {interface} ({reason})")
    expires_ns = int(allowed["expires"].timestamp() * 1e9)
    networks = tuple(ipaddress.ip_network(each, strict=False) for each in allowed["prefixes"])
    return Permission(here, None, networks, allowed["frames_per_second"], expires_ns)


def leads_out(here: Link, peer: Peer | None) -> str:
    """Why frames on this interface might reach anybody; "" where they cannot."""
    if here.kind != "veth":
        return f"it is {'a ' + here.kind if here.kind else 'a real interface'}, not a veth"
    if here.master:
        return "it belongs to a bridge"
    if not name():
        return "it is not in a named network namespace"
    if reason := _way_out():
        return reason
    if peer is None:
        return "its other end is in no named network namespace"
    if peer.link.master:
        return "its other end belongs to a bridge"
    reason = inside(peer.namespace, _way_out)
    return f"at its other end, {reason}" if reason else ""


def _way_out() -> str:
    if default_route():
        return f"the namespace {name()} has a default route"
    return f"the namespace {name()} forwards packets" if forwarding() else ""


def read_lab_file(path: Path) -> dict[str, Any]:
    """The lab file's words, checked. Raises ``UnsafeError`` for a file that another than root may have written."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UnsafeError(f"{path}: {error.strerror}") from None
    with os.fdopen(fd, "rb") as file:
        _owned_by_root(path, os.fstat(fd))
        for folder in path.absolute().parents:
            _owned_by_root(folder, folder.stat())
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise UnsafeError(f"{path}: a lab file of more than {_LARGEST:,} bytes is refused")
    return parse_lab_file(data, path)


def parse_lab_file(data: bytes, path: Path) -> dict[str, Any]:
    """The words of a lab file, checked; who may have written it is not. Raises ``UnsafeError``."""
    try:
        found = read_toml(data.decode("utf-8"), str(path))
    except (InputError, UnicodeDecodeError) as error:
        raise UnsafeError(f"{path}: no TOML: {error}") from None
    if set(found) != set(_KEYS):
        raise UnsafeError(f"{path}: it must say {', '.join(_KEYS)}, and nothing else")
    for key, kind in _KEYS.items():
        if not isinstance(found[key], kind) or isinstance(found[key], bool):
            raise UnsafeError(f"{path}: {key} is no {kind.__name__}")
    if found["frames_per_second"] <= 0 or not found["prefixes"]:
        raise UnsafeError(f"{path}: it allows nothing: no prefix, or no frame a second")
    check_prefixes([str(prefix) for prefix in found["prefixes"]], Target.WIRE)
    if found["expires"].tzinfo is None:
        raise UnsafeError(f"{path}: expires needs an offset, such as Z")
    if found["expires"].timestamp() <= time.time():
        raise UnsafeError(f"{path}: it expired at {found['expires'].isoformat()}")
    return found


def _owned_by_root(path: Path, found: os.stat_result) -> None:
    """The file, or a folder on the way to it: nobody but root can change it."""
    folder = stat.S_ISDIR(found.st_mode)
    if not folder and not stat.S_ISREG(found.st_mode):
        raise UnsafeError(f"{path} is no regular file")
    if found.st_uid != 0:
        raise UnsafeError(f"{path} does not belong to root")
    if found.st_mode & _SHARED and not (folder and found.st_mode & stat.S_ISVTX):
        raise UnsafeError(f"{path} can be written by others than root")
