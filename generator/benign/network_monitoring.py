"""Network monitoring: a poller asks many hosts whether they are well. It looks like a sweep and is none.

Variants: ICMP echo (one, three or five at once), SNMP GetBulk of counters (UDP 161), connects to service ports, short
HTTP and TLS health checks, ARP between neighbours; **discovery**: a poller goes through a whole /26 to /24, address by
address, whether somebody is there or not (ICMP, SNMP, TCP; the silent ones asked twice); **service checks**: a dozen
ports of one host after the other, some closed; **syslog and traps** the other way (UDP 514, 162) in bursts.

Unlike a sweep the same targets come again each period, in the same order, from the same poller, and (but for
discovery) the targets exist and nearly all answer. Parameters: ``discovery`` (share of pollers that discover, else 0 to
0.5), ``pollers`` (how many, else 2 to 6).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.benign.tls_browsing import handshake
from generator.conversation import Conversation
from generator.shapes import ber, http, names, tls
from generator.shapes.crowd import assign, uneven
from generator.world import BASE_V4, Addresses, Attempts, World, mapped

FAMILY = Family("benign", "Network monitoring", "Pollers ask known hosts in turn for their state.")
_EACH = 6
_PORTS = (22, 80, 443, 25, 3306, 5432, 8080)


def _ping(world: World) -> Conversation:
    conversation = Conversation.icmp(world, client_os=world.pick(("linux", "windows")))
    size, count = int(world.pick((18, 32, 56, 56))), int(world.pick((1, 1, 3, 5)))
    for number in range(count):
        conversation.ping(
            world.noise(size), reply=world.rng.random() < 0.97, think=float(world.pick((0.02, 1.0))) if number else 0.0
        )
    return conversation


def _snmp(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, client_os="linux")
    community, version = ber.octets(world.word().encode()), ber.integer(1)
    for turn in range(int(rng.integers(1, 5))):
        oids = [
            b"\x06\x0a\x2b\x06\x01\x02\x01\x02\x02\x01\x0a" + bytes([column + 1])
            for column in range(int(rng.integers(1, 20)))
        ]
        head = (ber.integer(int(rng.integers(1, 2**30))), ber.integer(0), ber.integer(0))
        ask = ber.tlv(0xA0, *head, ber.sequence(*(ber.sequence(oid, b"\x05\x00") for oid in oids)))
        told = ber.sequence(*(ber.sequence(oid, ber.integer(int(rng.integers(0, 2**31)))) for oid in oids))
        conversation.client(ber.sequence(version, community, ask), think=0.01 if turn else 0.0)
        if rng.random() < 0.97:
            conversation.server(ber.sequence(version, community, ber.tlv(0xA2, *head, told)), think=0.003)
    return conversation


def _connect(world: World) -> Conversation:
    conversation = Conversation.tcp(world, client_os="linux", server_os="linux")
    if world.rng.random() < 0.05:
        return conversation.send("S").refuse()
    return conversation.open().close(world.pick(("fin", "fin", "rst")), think=0.0005)


def _health(world: World) -> Conversation:
    conversation = Conversation.tcp(world, client_os="linux", server_os="linux").open()
    headers = [("Host", b"status.example.org"), ("User-Agent", b"kube-probe/1.29"), ("Connection", b"close")]
    conversation.client(
        http.request("GET", str(world.pick(("/health", "/status", "/"))).encode(), [*headers]), think=0.0003
    )
    body = b'{"status": "ok"}'
    answer = http.response(200, http.server_headers(world.rng, "nginx", "application/json"), body)
    return conversation.server(answer, think=0.003).close("server_fin")


def _arp(world: World) -> Conversation:
    return Conversation.arp(world).who_has(reply=world.rng.random() < 0.9)


def _secure(world: World) -> Conversation:
    """A health check over TLS."""
    rng = world.rng
    conversation = Conversation.tcp(world, client_os="linux", server_os="linux")
    handshake(world, conversation, names.host(rng), tls.GOLANG, int(rng.integers(120, 260)))
    return conversation.server(tls.application(int(rng.integers(200, 600))), think=0.004).close("fin", think=0.0005)


def _silent(world: World) -> Conversation:
    """Discovery meets an address that nobody has."""
    kind = world.rng.random()
    if kind < 0.5:
        conversation = Conversation.icmp(world, client_os="linux")
        return conversation.ping(world.noise(56), reply=False).ping(world.noise(56), reply=False, think=1.0)
    if kind < 0.75:
        return Conversation.tcp(world, client_os="linux").send("S").repeat(think=1.0)
    version, community = ber.integer(1), ber.octets(b"public")
    oid = ber.sequence(b"\x06\x08\x2b\x06\x01\x02\x01\x01\x02\x00", b"\x05\x00")
    ask = ber.tlv(0xA0, ber.integer(7), ber.integer(0), ber.integer(0), ber.sequence(oid))
    return Conversation.udp(world, client_os="linux").client(ber.sequence(version, community, ask)).repeat(think=1.0)


def _closed(world: World) -> Conversation:
    """A service check at a port where nothing listens: refused, and once more after a while."""
    conversation = Conversation.tcp(world, client_os="linux", server_os="linux").send("S").refuse()
    return conversation.send("S", think=1.0).refuse() if world.rng.random() < 0.3 else conversation


def _log(world: World) -> Conversation:
    """Syslog (RFC 3164) from a host that has something to tell."""
    rng = world.rng
    conversation = Conversation.udp(world, client_os=world.pick(("linux", "embedded")))
    for turn in range(int(rng.integers(1, 8))):
        head = f"<{rng.integers(8, 190)}>Jul 25 09:{rng.integers(10, 60)}:{rng.integers(10, 60)} "
        text = f"{head}{world.word()} {world.word()}[{rng.integers(100, 30000)}]: {names.token(rng, 40)}"
        conversation.client(text.encode(), think=float(rng.lognormal(-3, 1.5)) if turn else 0.0)
    return conversation


def _trap(world: World) -> Conversation:
    """An SNMP 2 trap."""
    uptime = ber.sequence(b"\x06\x08\x2b\x06\x01\x02\x01\x01\x03\x00", b"\x43\x03\x01\x02\x03")
    kind = ber.sequence(
        b"\x06\x0a\x2b\x06\x01\x06\x03\x01\x01\x04\x01\x00", b"\x06\x09\x2b\x06\x01\x06\x03\x01\x01\x05\x03"
    )
    number = ber.integer(int(world.rng.integers(1, 2**30)))
    told = ber.tlv(0xA7, number, ber.integer(0), ber.integer(0), ber.sequence(uptime, kind))
    conversation = Conversation.udp(world, client_os="embedded")
    return conversation.client(ber.sequence(ber.integer(1), ber.octets(b"public"), told))


def conversations(world: World) -> list[Conversation]:
    """Six of each kind of question."""
    makers = (_ping, _snmp, _connect, _health, _arp, _secure, _silent, _closed, _log, _trap)
    return [make(world) for make in makers for _ in range(_EACH)]


class _Poller(NamedTuple):
    """One poller: its kind of question, its list of targets in order, whether each answers, and its port."""

    kind: int
    targets: Addresses
    alive: npt.NDArray[np.bool_]
    port: int


def _poller(world: World, address: Addresses) -> _Poller:
    rng = world.rng
    kind = int(rng.choice(6, p=(0.3, 0.22, 0.15, 0.13, 0.08, 0.12)))
    port = (0, 161, int(world.pick(_PORTS)), 80, 0, 443)[kind]
    hosts = world.sites if kind == 4 else np.concatenate([world.sites, world.inside])
    if kind < 3 and rng.random() < float(world.params.get("discovery", rng.uniform(0.0, 0.5))):
        units = np.concatenate([world.layout.units["sites"], world.layout.units["inside"]])
        chosen = rng.permutation(units)[: int(world.pick((1, 2, 4)))]
        everyone = mapped(BASE_V4 + (chosen[:, None] * 64 + np.arange(1, 63)).ravel())
        alive = np.isin(world.layout.hosts(everyone), world.layout.hosts(hosts))
    else:
        length = min(int(rng.integers(10, max(12, min(len(hosts), 400)))), len(hosts))
        everyone, alive = hosts[rng.permutation(len(hosts))[:length]], np.ones(length, np.bool_)
    other = ~(everyone == address).all(axis=1)
    return _Poller(kind, everyone[other], alive[other], port)


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """A few pollers, each with its list in a fixed order; a share checks services, and hosts tell their logs."""
    n, rng = len(intended), world.rng
    count = int(world.params.get("pollers", rng.integers(2, 7)))
    pollers = world.some(world.sites, count, count)
    who = assign(rng, intended, uneven(rng, len(pollers), 2.0))
    src, dst = pollers[who], np.zeros((n, 16), np.uint8)
    kind, port = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for number in range(len(pollers)):
        mine, one = np.flatnonzero(who == number), _poller(world, pollers[number])
        turn = np.arange(len(mine)) % max(len(one.targets), 1)
        dst[mine] = one.targets[turn] if len(one.targets) else world.inside[:1]
        kind[mine] = np.where(one.alive[turn], one.kind, 6) if len(one.targets) else one.kind
        port[mine] = one.port
        checks = mine[rng.random(len(mine)) < 0.15]  # all services of one host, one after the other
        services = np.arange(len(checks))
        kind[checks] = np.where(rng.random(len(checks)) < 0.25, 7, 2)
        port[checks] = np.array((21, 22, 25, 80, 110, 143, 389, 443, 445, 3306, 5432, 8080))[services % 12]
        dst[checks] = world.inside[services // 12 % len(world.inside)]
    told = rng.random(n) < 0.08
    kind = np.where(told, 8 + rng.integers(0, 2, n), kind)
    hosts = world.draw(world.inside, n)
    src, dst = np.where(told[:, None], hosts, src), np.where(told[:, None], pollers[who], dst)
    port = np.where(kind == 8, 514, np.where(kind == 9, 162, np.where((kind == 6) & (port == 0), 161, port)))
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        dst_port=port,
        template=kind * _EACH + rng.integers(0, _EACH, n),
        rtt_ns=world.lan_rtt(n),
        ipv6=False,
    )
