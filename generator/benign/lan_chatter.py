"""LAN chatter: what hosts say to one another and to everybody on their own network, all day, unasked.

Variants: ARP (hosts ask for a neighbour or the router; a router asks for many hosts, some of which are off, up to five
times each; a host announces itself; a router answers for others: proxy ARP), mDNS questions and answers, SSDP searches,
answers and announcements, LLMNR and NetBIOS name questions (most unanswered, some for the random names with which
browsers test for wildcards), name registrations and node status, WS-Discovery, DHCP through a relay and renewals, IGMP
reports and queries, sync announcements of file and music programs, broadcast SNMP of printer drivers, echo now and
then, traceroutes.

It looks like sweeping and spoofing, and is none: questions without an answer, one host that asks for a whole network,
unasked ARP answers.

The lab's rails allow neither 0.0.0.0 nor multicast nor 255.255.255.255. What goes to everybody therefore goes to the
last address of the sender's own /26 (its directed broadcast) with a unicast MAC, DHCP runs as between relay and server
or as a renewal (both unicast), ARP probes of RFC 5227 become a host's unasked answer, and there is no neighbour
discovery nor MLD in IPv6. Parameters: ``router_share`` (0 to 1: how much of the ARP is a router's; else drawn).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import announcements, lan
from generator.shapes.crowd import Ints, uneven
from generator.world import BASE_V4, Addresses, Attempts, World, mapped

FAMILY = Family("benign", "LAN chatter", "Hosts ask for names, addresses and services on their own network.")
_UNIT = 64


def _ask(world: World, number: int) -> Conversation:
    """One neighbour asks; the other is there, mostly."""
    if number % 4 == 3:
        return _again(world, int(world.rng.integers(1, 4)), 1.0)
    return Conversation.arp(world).who_has()


def _again(world: World, times: int, wait: float) -> Conversation:
    conversation = Conversation.arp(world)
    for turn in range(times):
        conversation.who_has(reply=False, think=wait if turn else 0.0, jitter=0.02)
    return conversation


def _route(world: World, number: int) -> Conversation:
    """A router asks for a host: it answers, or it is off and asked again."""
    if number % 3 == 2:
        return _again(world, int(world.rng.integers(1, 6)), float(world.pick((0.5, 1.0, 2.0))))
    return Conversation.arp(world).who_has()


def _announce(world: World, number: int) -> Conversation:
    """A host that starts tells its address; a router answers for another (its own MAC)."""
    conversation = Conversation.arp(world)
    if number % 4 == 3:
        mac = "0a:" + ":".join(f"{byte:02x}" for byte in world.habits.rtt_median_s.hex().encode()[-5:])
        return conversation.who_has(reply=False).is_at(from_client=False, think=0.3, mac=mac)
    for turn in range(int(world.rng.integers(1, 4))):
        conversation.is_at(think=1.0 if turn else 0.0, jitter=0.1)
    return conversation


def _relayed(world: World, number: int) -> Conversation:
    """Discover, offer, request, acknowledgement through a relay; some servers do not answer."""
    rng, host = world.rng, lan.machine_name(world.rng)
    conversation = Conversation.udp(world, client_os="appliance", server_os="linux")
    conversation.client(lan.dhcp(rng, lan.DISCOVER, relayed=True, host=host))
    if number % 4 == 3:
        return conversation.repeat(think=4.0).repeat(think=8.0)
    conversation.server(lan.dhcp(rng, lan.OFFER, relayed=True, host=host), think=float(rng.uniform(0.001, 0.9)))
    conversation.client(lan.dhcp(rng, lan.REQUEST, relayed=True, host=host), think=0.004)
    return conversation.server(
        lan.dhcp(rng, lan.NAK if number % 8 == 6 else lan.ACK, relayed=True, host=host), think=0.003
    )


def _renewal(world: World, number: int) -> Conversation:
    rng, host = world.rng, lan.machine_name(world.rng)
    conversation = announcements.udp(world).client(
        lan.dhcp(rng, lan.INFORM if number % 4 == 1 else lan.REQUEST, relayed=False, host=host)
    )
    if number % 4 == 3:
        return conversation.repeat(think=4.0)
    return conversation.server(lan.dhcp(rng, lan.ACK, relayed=False, host=host), think=0.002)


def _groups(world: World, number: int) -> Conversation:
    conversation = Conversation.ip(world, 2, client_os="embedded", near="middle")
    group = b"\xef\xff\xff\xfa" if number % 2 else b"\xe0\x00\x00\xfb"
    kind = (0x16, 0x16, 0x17, 0x11)[number % 4]
    conversation.client(lan.igmp(kind, bytes(4) if kind == 0x11 else group))
    return (
        conversation.client(lan.igmp(kind, group), think=float(world.rng.uniform(0.5, 9)))
        if kind == 0x16
        else conversation
    )


def _echo(world: World, number: int) -> Conversation:
    conversation = Conversation.icmp(world, client_os=world.pick(("windows", "linux", "macos")), near="middle")
    for turn in range((1, 1, 4, 4)[number % 4]):
        conversation.ping(world.noise((32, 56)[number % 2]), reply=number % 8 != 7, think=1.0 if turn else 0.0)
    return conversation


def _trace(world: World, number: int) -> Conversation:
    """One hop of a traceroute: the routers between stay silent here, the last hop's host answers."""
    hop = number + 1
    conversation = Conversation.udp(world, client_os="linux", near="client")
    conversation.client_stack = replace(conversation.client_stack, ttl=hop + conversation.hops[1])
    conversation.client(bytes(range(64, 96)))
    return conversation.unreachable(think=0.0002) if number >= 5 else conversation


class _Kind(NamedTuple):
    """``to``: near (everybody around), mate (somebody around), router, server (inside), out; ports, 0 drawn."""

    make: Callable[[World, int], Conversation]
    variants: int
    to: str
    port: int
    own: int
    weight: float


_KINDS = (
    _Kind(_ask, 4, "mate", 0, 0, 3.0),
    _Kind(_route, 6, "routed", 0, 0, 3.0),
    _Kind(_announce, 4, "near", 0, 0, 0.5),
    _Kind(announcements.mdns, 6, "near", 5353, 5353, 2.5),
    _Kind(announcements.search, 4, "near", 1900, 0, 1.5),
    _Kind(announcements.found, 3, "mate", 0, 1900, 0.7),
    _Kind(announcements.llmnr, 4, "near", 5355, 0, 1.5),
    _Kind(announcements.netbios, 6, "near", 137, 137, 1.5),
    _Kind(announcements.known_names, 2, "mate", 137, 137, 0.3),
    _Kind(announcements.discovery, 3, "near", 3702, 0, 0.5),
    _Kind(_relayed, 8, "server", 67, 67, 0.8),
    _Kind(_renewal, 4, "server", 67, 68, 0.6),
    _Kind(_groups, 4, "near", 0, 0, 0.5),
    _Kind(announcements.sync, 1, "near", 17500, 17500, 0.3),
    _Kind(announcements.music, 1, "near", 57621, 57621, 0.2),
    _Kind(announcements.printers, 4, "near", 161, 0, 0.3),
    _Kind(_echo, 8, "router", 0, 0, 0.5),
    _Kind(_trace, 7, "out", 33434, 0, 0.5),
)


def conversations(world: World) -> list[Conversation]:
    """A handful of each kind, in the order of the table."""
    return [kind.make(world, number) for kind in _KINDS for number in range(kind.variants)]


def _around(world: World, hosts: Ints) -> tuple[Addresses, Addresses, Addresses]:
    """For each host: everybody's address, the router and some neighbour of its own block (never itself)."""
    base = hosts // _UNIT * _UNIT
    router = base + np.where(hosts == base + 1, 2, 1)
    step = world.rng.integers(1, _UNIT - 3, len(hosts))
    mate = base + 1 + (hosts - base - 1 + step) % (_UNIT - 2)
    return mapped(BASE_V4 + base + _UNIT - 1), mapped(BASE_V4 + router), mapped(BASE_V4 + mate)


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """All hosts inside, each with its own mix of kinds; routers, servers and a few paths to the outside."""
    n, rng = len(intended), world.rng
    weights = np.array([kind.weight for kind in _KINDS]) * uneven(rng, len(_KINDS), 3.0)
    share = world.params.get("router_share")
    if share is not None:
        weights[:2] = weights[:2].sum() * np.array([1.0 - float(share), float(share)])
    kind = rng.choice(len(_KINDS), n, p=weights / weights.sum())
    counts = np.array([one.variants for one in _KINDS])
    template = np.concatenate([[0], np.cumsum(counts)[:-1]])[kind] + rng.integers(0, 1 << 30, n) % counts[kind]
    hosts = np.concatenate([world.inside, world.sites])
    src = world.draw(hosts, n, zipf=0.5)
    number = world.layout.hosts(src)
    near, router, mate = _around(world, number)
    to = np.array([one.to for one in _KINDS])[kind]
    servers = world.draw(world.some(world.sites, 1, 3), n)
    far = world.draw(world.outside_servers, n)
    dst = np.select(
        [(to == name)[:, None] for name in ("near", "mate", "router", "routed", "server")],
        [near, mate, router, src, servers],
        far,
    )
    # a router asks for the host that was drawn; its own block's relay asks the server
    relayed = np.array([one.make is _relayed for one in _KINDS])[kind]
    src = np.where(((to == "routed") | relayed)[:, None], router, src)
    own, port = (np.array([getattr(one, name) for one in _KINDS])[kind] for name in ("own", "port"))
    hop = template - int(np.sum(counts[:-1]))  # traceroutes are the table's last
    port = np.where(port == 33434, 33434 + 3 * np.maximum(hop, 0) + rng.integers(0, 3, n), port)
    port = np.where((port == 0) & (own == 1900), world.ephemeral(n), port)
    clash = (src == dst).all(axis=1)
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=np.where(clash[:, None], mate, dst),
        src_port=np.where(own > 0, own, world.ephemeral(n)),
        dst_port=port,
        template=template,
        rtt_ns=np.where(to == "out", world.rtt(n), world.lan_rtt(n)),
        ipv6=False,
    )
