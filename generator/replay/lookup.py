"""From the address of a capture to one of the lab, in kernels: tables for IPv4 hosts and IPv6 networks, and keyed
bijections for the rest (host parts of IPv6 addresses, MAC addresses), so that any number of them costs no memory.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from generator.replay.octets import I64, U8, U16, U32, U64, Int, be32, be48, be64, mix, put32, put48, put64
from generator.replay.trail import MAC, PREFIX6, SENDER4, V4

BASE4: Final = 0xC6120000  # 198.18.0.0
LAST4: Final = 0xC613FFFF  # 198.19.255.255 stands for the broadcast to all
LAB6: Final = 0x200100020000  # 2001:2::/48
_HALF: Final = 0x7FFFFF
_BROADCAST_MAC: Final = 0xFFFFFFFFFFFF
_GROUP: Final = 1 << 40
_LOCAL: Final = 1 << 41
_LOW40: Final = (1 << 40) - 1

# Map.key
KEY4, KEY6, KEY_MAC = 0, 1, 2


class Map(NamedTuple):
    """One mapping. A slot of a hash table is taken where its value is not 0."""

    hosts: U64  # IPv4 address
    hosts_to: U32  # IPv4 address in the lab
    shared: U32  # lab addresses for hosts that have no slot: several of them meet on one
    nets: U64  # first half of an IPv6 address
    nets_to: I64  # number of a /64 in the lab
    shared_nets: U16
    key: U64  # (3,)


@lean_part
def slot_of(keys: U64, key: Int) -> Int:
    """Where the search for a key begins."""
    return mix(key + np.uint64(0x9E3779B97F4A7C15)) & np.uint64(len(keys) - 1)


@lean_part
def map4(table: Map, address: Int) -> Int:
    """An IPv4 address (int64): 0.0.0.0 and the broadcast to all have fixed partners at both ends of the range."""
    if address == 0:
        return BASE4
    if address == 0xFFFFFFFF:
        return LAST4
    key = np.uint64(address)
    slot = slot_of(table.hosts, key)
    mask = np.uint64(len(table.hosts) - 1)
    while table.hosts_to[slot] != 0:
        if table.hosts[slot] == key:
            return np.int64(table.hosts_to[slot])
        slot = (slot + np.uint64(1)) & mask
    return np.int64(table.shared[mix(key ^ table.key[KEY4]) % np.uint64(len(table.shared))])


@lean_part
def map_net(table: Map, net: Int) -> Int:
    """The first half of an IPv6 address (uint64) to that of the lab; ``::/64`` keeps number 0."""
    number: Int = np.int64(0)
    if net != np.uint64(0):
        slot = slot_of(table.nets, net)
        mask = np.uint64(len(table.nets) - 1)
        while table.nets_to[slot] != 0 and table.nets[slot] != net:
            slot = (slot + np.uint64(1)) & mask
        number = table.nets_to[slot]
        if number == 0:
            number = np.int64(table.shared_nets[mix(net ^ table.key[KEY6]) % np.uint64(len(table.shared_nets))])
    return np.uint64((LAB6 << 16) | number)


@lean_part
def map_host(table: Map, host: Int) -> Int:
    """The second half of an IPv6 address (uint64): a bijection that keeps 0, so that a prefix stays one."""
    return mix(host * (table.key[KEY6] | np.uint64(1)))


@lean_part
def map_mac(table: Map, mac: Int) -> Int:
    """A MAC address (int64) to a locally administered one; groups stay groups, nobody and everybody stay so.

    Four rounds of a Feistel network over 46 bits: two addresses meet only if they differ in the local bit alone.
    """
    if mac in (0, _BROADCAST_MAC):
        return mac
    bits = (mac & _LOW40) | ((mac >> 2) & ~_LOW40)
    left, right = (bits >> 23) & _HALF, bits & _HALF
    for turn in range(4):
        mixed = mix(np.uint64(right | ((turn + 1) << 32)) ^ table.key[KEY_MAC])
        left, right = right, left ^ np.int64(mixed & np.uint64(_HALF))
    bits = (left << 23) | right
    return (bits & _LOW40) | ((bits & ~_LOW40) << 2) | (mac & _GROUP) | _LOCAL


@lean_part
def made_mac(data: U8, at: Int, size: Int) -> Int:
    """A MAC address for the host with this address of the lab, where the capture's link had none."""
    value = np.uint64(be32(data, at)) if size == 4 else be64(data, at) ^ mix(be64(data, at + 8))
    bits = np.int64(mix(value + np.uint64(0x51)) & np.uint64(0x3FFFFFFFFFFF))
    return (bits & _LOW40) | ((bits & ~_LOW40) << 2) | _LOCAL


@lean_part
def replace(table: Map, data: U8, at: Int, what: Int) -> None:
    """Put the partner of what stands at ``data[at]`` in its place; ``what`` is a kind of site (``walk``)."""
    if what == V4:
        put32(data, at, map4(table, be32(data, at)))
    elif what == SENDER4:
        if be32(data, at) != 0:
            put32(data, at, map4(table, be32(data, at)))
    elif what == MAC:
        put48(data, at, map_mac(table, be48(data, at)))
    else:
        host = np.uint64(0) if what == PREFIX6 else map_host(table, be64(data, at + 8))
        put64(data, at, map_net(table, be64(data, at)))
        put64(data, at + 8, host)


@lean_kernel
def map_rows(table: Map, rows: U8, n: int) -> None:
    """Replace ``n`` addresses of 16 bytes each (IPv4 mapped, ``contract.addresses``) in a flat array."""
    for i in range(n):
        at = 16 * i
        mapped = be64(rows, at) == np.uint64(0) and be32(rows, at + 8) == 0xFFFF
        if mapped:
            replace(table, rows, at + 12, V4)
        else:
            replace(table, rows, at, 6)


@lean_kernel
def map_macs(table: Map, macs: U64) -> None:
    """Replace MAC addresses."""
    for i in range(len(macs)):
        macs[i] = np.uint64(map_mac(table, np.int64(macs[i])))


def new_map(hosts: int, nets: int, shared: npt.NDArray[np.uint32], shared_nets: U16, key: U64) -> Map:
    """An empty mapping with room for that many hosts and networks."""
    slots = [max(1 << int(2 * n).bit_length(), 16) for n in (hosts, nets)]
    return Map(
        np.zeros(slots[0], np.uint64),
        np.zeros(slots[0], np.uint32),
        shared,
        np.zeros(slots[1], np.uint64),
        np.zeros(slots[1], np.int64),
        shared_nets,
        key,
    )


@lean_kernel
def fill(keys: U64, values: npt.NDArray[np.generic], new_keys: U64, new_values: npt.NDArray[np.generic]) -> None:
    """Put pairs into one of a map's hash tables; the values must not be 0."""
    mask = np.uint64(len(keys) - 1)
    for i in range(len(new_keys)):
        slot = slot_of(keys, new_keys[i])
        while values[slot] != 0 and keys[slot] != new_keys[i]:
            slot = (slot + np.uint64(1)) & mask
        keys[slot] = new_keys[i]
        values[slot] = new_values[i]
