"""ARP spoofing: a host on the local network claims another's address, so that traffic goes through it or nowhere.

Tools, one or more a campaign, or one told by ``tool``:

* ``arpspoof``, ``bettercap``: unasked replies each 1 or 2 s; ``ettercap``: each 10 s, quicker at first;
* ``netcut``: bursts of unicast requests whose sender lies, 5 to 200 ms apart, in twos, to cut hosts off.

They lie to the victim about its gateway, mostly to the gateway about the victim as well, for one pair up to a whole
network (``hosts``). In some spells the owner speaks first, answers or tells between. An attempt is one spell of it
towards one pair, and a pair's spells follow each other: the claimed address is the source, the spoofer shows only by
its MAC. A sweep that looks for victims first is ``host_sweep``'s.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes.crowd import assign, beats, planned_rate, uneven
from generator.shapes.floods import chosen
from generator.world import Addresses, Attempts, World

FAMILY = Family(
    "local",
    "ARP spoofing",
    "A host claims another's address in ARP, to listen in between or to cut it off.",
    "T1557.002",
    "TA0006",
)
TOOLS: Final = ("arpspoof", "bettercap", "ettercap", "netcut")
_SPOOFERS: Final = 3
_EACH: Final = 8
_LONGEST: Final = 60


class _Spoofer(NamedTuple):
    """A tool, the seconds between its rounds, rounds of a spell, pairs at most, whether it lies to both."""

    tool: str
    period: float
    rounds: int
    pairs: int
    both: bool
    lasts: float  # seconds from one spell of a pair to its next


def _spoofers(world: World) -> tuple[list[_Spoofer], npt.NDArray[np.float64]]:
    """The spoofers and their shares, drawn from the seed alone, so that both functions of the family see the same."""
    rng = np.random.default_rng([world.workload.seed, 0xA59])
    shares = uneven(rng, _SPOOFERS, float(rng.choice((0.01, 1.0))))
    made = []
    for share in shares:
        tool = str(world.params.get("tool") or rng.choice(TOOLS, p=(0.35, 0.2, 0.25, 0.2)))
        period = float(
            rng.choice({"ettercap": (10.0, 10.0, 1.0), "netcut": (0.005, 0.05, 0.2)}.get(tool, (1.0, 1.0, 2.0)))
        )
        pairs = int(world.params.get("hosts") or rng.choice((1, 1, 1, 2, 5, 40, 250)))
        # a spell lasts until the pair's next one
        lasts = pairs / max(planned_rate(world) * float(share), 1e-3)
        most = _LONGEST if rng.random() < 0.5 else int(rng.integers(1, 6))  # some poison, wait, and poison again
        rounds = int(np.clip(lasts / period, 1, most))
        made.append(_Spoofer(tool, period, rounds, pairs, bool(rng.random() < 0.75), lasts))
    return made, shares


def _mac(world: World, spoofer: Addresses) -> str:
    """The spoofer's own MAC as text; the first byte 02 is what marks an honest template."""
    number = int(world.layout.macs(spoofer, 0)[0]).to_bytes(6, "big")
    return ":".join(f"{byte:02x}" for byte in (number[0] if number[0] != 2 else 6, *number[1:]))


def _spell(world: World, mac: str, one: _Spoofer) -> Conversation:
    rng = world.rng
    conversation = Conversation.arp(world)
    if rng.random() < 0.2:
        conversation.is_at()
    for number in range(one.rounds):
        think = one.period if number else float(rng.uniform(0.0, 0.3))
        if one.tool == "ettercap" and 0 < number < 4:
            think = min(think, 1.0)
        if one.tool == "netcut":
            for again in range(2):
                conversation.who_has(reply=rng.random() < 0.05, think=0.000005 if again else think, jitter=0.4, mac=mac)
        else:
            conversation.is_at(think=think, jitter=0.03, mac=mac)
        if one.both:
            conversation.is_at(from_client=False, think=float(rng.choice((0.00002, 0.0003))), jitter=0.5, mac=mac)
        if rng.random() < 0.04:  # the owner of the address asks or tells, and is overruled
            conversation.is_at(think=0.01)
    return conversation


def conversations(world: World) -> list[Conversation]:
    """Eight variants for each of three spoofers; a spoofer keeps its tool's period."""
    chosen(world, "tool", TOOLS, TOOLS)
    made = []
    for number, one in enumerate(_spoofers(world)[0]):
        mac = _mac(world, world.infected[number % len(world.infected)][None])
        made += [_spell(world, mac, one) for _ in range(_EACH)]
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Each spoofer stands between a gateway's address and one to all hosts inside."""
    n, rng = len(intended), world.rng
    known = world.layout.hosts(world.infected)
    honest = world.inside[~np.isin(world.layout.hosts(world.inside), known)]
    gateways, hosts = honest[:_SPOOFERS], honest[_SPOOFERS:]
    spoofers, shares = _spoofers(world)
    spoofer = assign(rng, intended, shares)
    spells = np.array([max(one.lasts, one.period * one.rounds, 0.01) * 1e9 for one in spoofers], np.int64)
    most = np.array([one.pairs for one in spoofers])
    times, pair = beats(intended, spoofer, spells, np.zeros(_SPOOFERS), np.zeros(n), most)
    host = hosts[(pair % np.maximum(most[spoofer], 1)) % len(hosts)]
    backwards = (rng.random(_SPOOFERS) < 0.3)[spoofer][:, None]
    gateway = gateways[spoofer % len(gateways)]
    return Attempts.of(
        world,
        times,
        src=np.where(backwards, host, gateway),
        dst=np.where(backwards, gateway, host),
        src_port=0,
        dst_port=0,
        template=spoofer * _EACH + rng.integers(0, _EACH, n),
        rtt_ns=world.lan_rtt(n),
        ipv6=False,
    )
