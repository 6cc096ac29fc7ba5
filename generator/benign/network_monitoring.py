"""Network monitoring: a poller asks many hosts whether they are well. It looks like a sweep and is none.

ICMP echo, SNMP GetBulk of counters (UDP 161), connects to service ports, short HTTP health checks, and ARP between
neighbours. Unlike a sweep the targets exist and nearly all answer, the same targets come again each period of 5 to 60
s, in the same order.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import ber, http
from generator.shapes.crowd import assign, uneven
from generator.world import Attempts, World

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


def conversations(world: World) -> list[Conversation]:
    """Six of each kind of question."""
    return [make(world) for make in (_ping, _snmp, _connect, _health, _arp) for _ in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Two to six pollers, each with its list of targets in a fixed order; ARP runs between the sites themselves."""
    n, rng = len(intended), world.rng
    pollers = world.some(world.sites, 2, 6)
    who = assign(rng, intended, uneven(rng, len(pollers), 2.0))
    targets = np.concatenate([world.sites, world.inside])
    length = rng.integers(10, max(12, min(len(targets), 400)), len(pollers))
    kinds = rng.choice(5, len(pollers), p=(0.35, 0.25, 0.15, 0.15, 0.1))
    dst = np.zeros((n, 16), np.uint8)
    for number in range(len(pollers)):
        mine = np.flatnonzero(who == number)
        pool = world.sites if kinds[number] == 4 else targets
        order = pool[rng.permutation(len(pool))[: int(length[number])]]
        order = order[~(order == pollers[number]).all(axis=1)]
        dst[mine] = order[np.arange(len(mine)) % len(order)]
    ports = np.array([(0, 161, int(world.pick(_PORTS)), 80, 0)[kind] for kind in kinds])
    kind = kinds[who]
    return Attempts.of(
        world,
        intended,
        src=pollers[who],
        dst=dst,
        dst_port=ports[who],
        template=kind * _EACH + rng.integers(0, _EACH, n),
        rtt_ns=world.lan_rtt(n),
        ipv6=False,
    )
