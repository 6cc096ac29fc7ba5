"""Host sweep: one attempt asks one address whether it is alive, and the next attempt asks the next.

Kinds: ARP from inside (netdiscover, arp-scan, nmap on a LAN), ICMP echo (nmap's empty ones, ping's 56 bytes, hping,
fping), TCP SYN or ACK to one port (zmap, masscan, nmap; worms at 22, 23, 445, 3389), UDP (nmap's empty datagram to a
high port, single-port probes), SNMP; or one told by ``kind``. Addresses in order, shuffled, or every tenth, 60 to all
of those inside; 0.4 to 60 % of them answer. Who does not answer is asked again, or not, as the tool has it. One sweeper
(``attackers``) or several side by side. Quick tools ask thousands in a second, careful ones one in seconds.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes import ber
from generator.shapes.crowd import assign, gang, ordinals, spell, uneven
from generator.shapes.floods import chosen
from generator.world import BASE_V4, Addresses, Attempts, World, mapped

FAMILY = Family(
    "recon",
    "Host sweep",
    "One host asks many addresses (ARP, ICMP, TCP or UDP) to find out which are alive.",
    "T1018",
    "TA0007",
)
KINDS: Final = ("arp", "icmp", "syn", "ack", "udp", "snmp")
_EACH: Final = 6  # variants of each kind that are answered, and as many that are not
_PORTS: Final = {
    "syn": (22, 23, 80, 80, 443, 445, 3389, 8080, 2323, 5555, 6379),
    "ack": (80, 443),
    "udp": (40125, 31338, 53535),
    "snmp": (161,),
}
_ECHO: Final = (0, 0, 8, 32, 56, 56, 84, 120)


def _snmp(world: World, *, alive: bool) -> Conversation:
    """GetRequest of sysDescr with a usual community; some that are alive answer, the others refuse."""
    community = ber.octets(world.pick((b"public", b"private", b"cisco", b"admin")))
    oid = b"\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00"
    number = ber.integer(int(world.rng.integers(1, 2**30)))
    zeros = (ber.integer(0), ber.integer(0))
    conversation = Conversation.udp(world, client_os=world.pick(("linux", "nmap")))
    ask = ber.tlv(0xA0, number, *zeros, ber.sequence(ber.sequence(oid, b"\x05\x00")))
    conversation.client(ber.sequence(ber.integer(1), community, ask))
    if alive and world.rng.random() < 0.5:
        told = ber.sequence(ber.sequence(oid, ber.octets(b"Example router, release " + world.word(4, 30).encode())))
        answer = ber.tlv(0xA2, number, *zeros, told)
        return conversation.server(ber.sequence(ber.integer(1), community, answer), think=0.001)
    return conversation.unreachable(3, think=0.0002) if alive else conversation


def _again(world: World, conversation: Conversation) -> Conversation:
    """Tools ask once, twice or up to four times who stays silent."""
    gap = float(world.pick((0.15, 0.2, 0.5, 0.5, 1.0, 2.0, 4.0, 15.0)))
    for _ in range(int(world.pick((0, 0, 1, 1, 1, 3)))):
        conversation.repeat(think=gap)
    return conversation


def _probe(world: World, kind: str, *, alive: bool) -> Conversation:
    rng = world.rng
    if kind == "arp":
        conversation = Conversation.arp(world).who_has(reply=alive)
        return conversation if alive else _again(world, conversation)
    if kind == "icmp":
        size = int(world.pick(_ECHO))
        payload = world.noise(size) if rng.random() < 0.5 else bytes(range(8, 8 + size))
        conversation = Conversation.icmp(world, client_os=world.pick(("nmap", "linux", "windows", "hping")))
        conversation.ping(payload, reply=alive)
        return conversation if alive else _again(world, conversation)
    if kind == "snmp":
        return _snmp(world, alive=alive)
    if kind == "udp":
        size = int(world.pick((0, 0, 0, 12, 48)))
        conversation = Conversation.udp(world, client_os=world.pick(("nmap", "masscan", "linux")))
        # random bytes behind a first one that no analyser takes for RTP or RTCP
        conversation.client([b"\x2a", Rand(size - 1, "bytes")] if size else b"")
        if alive and rng.random() < 0.3:
            return conversation.server(Rand(60, "bytes"), think=0.0003)
        if alive or rng.random() < 0.1:
            return conversation.unreachable(3 if alive else 1, think=0.0002)
        return _again(world, conversation)
    tool = world.pick(("nmap", "masscan", "zmap", "mirai", "linux", "windows"))
    conversation = Conversation.tcp(world, client_os=tool)
    if kind == "ack":
        conversation.send("A", options=False)
        return conversation.send("R", from_client=False, options=False) if alive else conversation
    system = tool in ("linux", "windows")
    conversation.send("S")
    if alive and rng.random() < 0.5:
        return conversation.refuse()
    if alive and system:
        conversation.send("SA", from_client=False, think=0.00005).send("A", think=0.00002)
        return conversation.close(world.pick(("rst", "fin")), think=0.001)
    if alive:
        return conversation.send("SA", from_client=False, think=0.00005).send("R", think=0.00002, options=False)
    return conversation.repeat(think=1.0) if system else _again(world, conversation)


def conversations(world: World) -> list[Conversation]:
    """For each kind six probes that are answered, then six that are not."""
    return [_probe(world, kind, alive=alive) for kind in KINDS for alive in (True, False) for _ in range(_EACH)]


def _addresses(world: World) -> Addresses:
    """Every address of the blocks inside, whether somebody has it or not, in order."""
    units = np.concatenate([world.layout.units["sites"], world.layout.units["inside"]])
    hosts = (np.sort(units)[:, None] * 64 + np.arange(1, 63)).ravel()
    return mapped(BASE_V4 + hosts)


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Sweeps side by side: each has a kind, a source (ARP ones an infected inside host), an order and a pace."""
    n, rng = len(intended), world.rng
    sources = gang(world, intended, (3.0, 800.0), (1, 40))
    sweeps = len(sources)
    sweep = assign(rng, intended, uneven(rng, sweeps, 0.5), spell(rng, intended, sweeps) if sweeps > 2 else None)
    kind = rng.choice(len(KINDS), sweeps, p=(0.24, 0.24, 0.26, 0.08, 0.14, 0.04))
    if "kind" in world.params:
        kind[:] = KINDS.index(chosen(world, "kind", KINDS, KINDS))
    # only ARP: truth tells by the source, and an infected host also has ordinary conversations over IP
    lateral = kind == 0
    sources[lateral] = world.draw(world.infected, int(lateral.sum()))
    everyone = _addresses(world)
    alive = rng.random(len(everyone)) < np.exp(rng.uniform(np.log(0.004), np.log(0.6)))
    nth = ordinals(sweep)
    target = np.zeros(n, np.int64)
    for number in range(sweeps):
        mine = np.flatnonzero(sweep == number)
        start = int(rng.integers(len(everyone)))
        order = np.roll(np.arange(len(everyone)), -start)
        if rng.random() < 0.5:
            order = rng.permutation(order)
        elif rng.random() < 0.15:
            order = np.concatenate([order[i::10] for i in range(10)])
        order = order[: int(world.pick((62, 254, 254, 254, 1022, len(order))))]
        target[mine] = order[nth[mine] % len(order)]
    own = np.array([int(world.pick(_PORTS[KINDS[k]])) if KINDS[k] in _PORTS else 0 for k in kind])
    style = rng.integers(0, _EACH, sweeps)
    fixed = rng.random(sweeps) < 0.7
    source_port = np.where(fixed[sweep], rng.integers(32768, 65536, sweeps)[sweep], rng.integers(32768, 65536, n))
    return Attempts.of(
        world,
        intended,
        src=sources[sweep],
        dst=everyone[target],
        src_port=source_port,
        dst_port=own[sweep],
        template=kind[sweep] * 2 * _EACH + np.where(alive[target], 0, _EACH) + style[sweep],
        rtt_ns=np.where(lateral, world.lan_rtt(sweeps), world.rtt(sweeps))[sweep],
        ipv6=False,
    )
