"""Questions to the kernel about interfaces, over rtnetlink: only reading, always in the calling thread's namespace."""

from __future__ import annotations

import os
import socket
import struct
from typing import Final, NamedTuple

from contract.errors import LackingError

_HEAD: Final = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_LINK: Final = struct.Struct("=BxHiII")  # family, type, index, flags, change
_GETLINK, _GETNSID, _ERROR, _REQUEST = 18, 90, 2, 1
_ADDRESS, _IFNAME, _MTU, _PEER, _MASTER, _LINKINFO, _KIND, _STATS64, _NETNSID, _XDP = 1, 3, 4, 5, 10, 18, 1, 23, 37, 43
_FD, _NSID = 3, 1
_UP, _LOWER_UP = 1, 1 << 16
_NESTED_BITS: Final = 0x3FFF
_RECEIVE: Final = 1 << 16


class Link(NamedTuple):
    """An interface as the kernel describes it. ``kind`` is "veth", "bridge", ... or "" for a real one."""

    number: int  # its index in its namespace
    name: str
    kind: str
    mac: str
    mtu: int
    up: bool
    carrier: bool
    master: int  # number of the bridge or bond that it belongs to, 0 for none
    peer: int  # number of the other end of a veth, 0 for none
    peer_namespace: int  # the other end's namespace as this one numbers it; -1: the same
    xdp: bool  # an XDP program is attached
    received: int  # packets
    sent: int
    dropped: int  # of those that came in


def link(name: str = "", *, number: int = 0) -> Link | None:
    """The interface of that name or number; nothing where there is none."""
    attributes = _attribute(_IFNAME, name.encode() + b"\0") if name else b""
    answer = _ask(_GETLINK, _LINK.pack(0, 0, number, 0, 0) + attributes)
    if answer is None:
        return None
    _, _, found_number, flags, _ = _LINK.unpack_from(answer)
    found = _attributes(answer[_LINK.size :])
    stats = struct.unpack_from("=8Q", found[_STATS64]) if _STATS64 in found else (0,) * 8
    info = _attributes(found.get(_LINKINFO, b""))
    return Link(
        number=found_number,
        name=found[_IFNAME].rstrip(b"\0").decode(),
        kind=info.get(_KIND, b"").rstrip(b"\0").decode(),
        mac=found.get(_ADDRESS, b"").hex(":"),
        mtu=_number(found, _MTU),
        up=bool(flags & _UP),
        carrier=bool(flags & _LOWER_UP),
        master=_number(found, _MASTER),
        peer=_number(found, _PEER),
        peer_namespace=_number(found, _NETNSID, -1),
        xdp=bool(_attributes(found.get(_XDP, b"")).get(2, b"\0")[0]),
        received=stats[0],
        sent=stats[1],
        dropped=stats[6],
    )


def namespace_number(fd: int) -> int:
    """How this namespace numbers another one, open as ``fd``; -1 where it has no number for it."""
    answer = _ask(_GETNSID, struct.pack("=B3x", 0) + _attribute(_FD, struct.pack("=I", fd)))
    return -1 if answer is None else _number(_attributes(answer[4:]), _NSID, -1)


def _ask(kind: int, body: bytes) -> bytes | None:
    """One request; the first answer's body, nothing for an error."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.bind((0, 0))
        kernel.send(_HEAD.pack(_HEAD.size + len(body), kind, _REQUEST, 1, 0) + body)
        data = kernel.recv(_RECEIVE)
    _, found, _, _, _ = _HEAD.unpack_from(data)
    if found == _ERROR:
        code = -struct.unpack_from("=i", data, _HEAD.size)[0]
        if code in {1, 13}:
            raise LackingError(f"the kernel tells nothing of its interfaces: {os.strerror(code)}")
        return None
    return data[_HEAD.size :]


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def _attributes(data: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        if size < 4:
            break
        found[kind & _NESTED_BITS] = data[at + 4 : at + size]
        at += -(-size // 4) * 4
    return found


def _number(found: dict[int, bytes], kind: int, otherwise: int = 0) -> int:
    value = found.get(kind)
    return struct.unpack_from("=i", value)[0] if value else otherwise
