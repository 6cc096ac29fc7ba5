"""ARP spoofing: a host on the local network claims another's address, so that traffic goes through it or nowhere.

Unasked replies every 0.5 to 10 s (arpspoof, ettercap, bettercap), in both directions between a victim and its
gateway, or netcut-like bursts of unicast requests whose sender lies. An attempt is one spell of it towards one
victim: the claimed address is the source, the spoofer shows only by its MAC. In some spells the owner speaks first or
between.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes.crowd import assign, uneven
from generator.world import Addresses, Attempts, World

FAMILY = Family(
    "local",
    "ARP spoofing",
    "A host claims another's address in ARP, to listen in between or to cut it off.",
    "T1557.002",
    "TA0006",
)
_SPOOFERS = 3
_EACH = 8


def _mac(world: World, spoofer: Addresses) -> str:
    """The spoofer's own MAC as text; the first byte 02 is what marks an honest template."""
    number = int(world.layout.macs(spoofer, 0)[0]).to_bytes(6, "big")
    return ":".join(f"{byte:02x}" for byte in (number[0] if number[0] != 2 else 6, *number[1:]))


def _spell(world: World, mac: str, period: float, *, asking: bool) -> Conversation:
    rng = world.rng
    conversation = Conversation.arp(world)
    if rng.random() < 0.3:
        conversation.is_at()
    for number in range(int(rng.integers(2, 12))):
        think = period if number else float(rng.uniform(0.0, 0.5))
        if asking:
            conversation.who_has(reply=rng.random() < 0.3, think=think, jitter=0.4, mac=mac)
        else:
            conversation.is_at(think=think, jitter=0.05, mac=mac)
        if rng.random() < 0.05:
            conversation.is_at(think=0.01)
    return conversation


def conversations(world: World) -> list[Conversation]:
    """Eight variants for each of three spoofers; a spoofer keeps its tool's period."""
    made = []
    for spoofer in range(_SPOOFERS):
        mac = _mac(world, world.infected[spoofer % len(world.infected)][None])
        asking = world.rng.random() < 0.25
        period = float(world.rng.uniform(0.002, 0.2) if asking else world.pick((0.5, 1.0, 1.0, 2.0, 2.0, 10.0)))
        made += [_spell(world, mac, period, asking=asking) for _ in range(_EACH)]
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Each spoofer stands between a gateway's address and one to all hosts inside."""
    n, rng = len(intended), world.rng
    known = world.layout.hosts(world.infected)
    honest = world.inside[~np.isin(world.layout.hosts(world.inside), known)]
    gateways, hosts = honest[:_SPOOFERS], honest[_SPOOFERS:]
    spoofer = assign(rng, intended, uneven(rng, _SPOOFERS))
    wide = rng.choice((1, 4, 40, len(hosts)), _SPOOFERS)
    host = hosts[(rng.random(n) * wide[spoofer]).astype(np.int64) % len(hosts)]
    both = rng.random(_SPOOFERS) < 0.7
    backwards = (both[spoofer] & (rng.random(n) < 0.5))[:, None]
    gateway = gateways[spoofer % len(gateways)]
    return Attempts.of(
        world,
        intended,
        src=np.where(backwards, host, gateway),
        dst=np.where(backwards, gateway, host),
        src_port=0,
        dst_port=0,
        template=spoofer * _EACH + rng.integers(0, _EACH, n),
        rtt_ns=world.lan_rtt(n),
        ipv6=False,
    )
