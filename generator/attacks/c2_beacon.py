"""Command-and-control beacons: infected hosts call home, each in its own rhythm, and mostly hear that there is
nothing to do.

Kinds, one to six a campaign (``generator.shapes.implants`` has their words), or one told by ``kind``:

* ``http``, ``https``, ``tcp``: a connection a beat (Empire, Cobalt-like profiles, scripted curl); id in path, query,
  cookie or body; full or resumed handshakes, HTTP/2;
* ``session``, ``heartbeat``, ``irc``: one long connection with a small exchange every period (Metasploit, Covenant,
  Sliver, remote-access tools, IRC bots), up to 200 beats long;
* ``rat``: a picture of the screen every period on a connection of its own, beside a control line;
* ``checkin``: POSTs in pieces to several compromised sites that answer slowly (CryptoWall);
* ``dns``: look-ups of a small id; ``dga``: generated names that do not exist (Tinba), up to ten a second;
* ``p2p``: small datagrams to many peers, most of them gone (Sality).

``period_s``: 1 to 120 s (at most a fifth of the campaign, else nobody could see a rhythm); ``jitter``: the share by
which a bot is early, 0 to 0.5 as implants configure it. About one beat in ten carries a task or its output.
``attempts`` shifts the planned times to the beats of the bots; the rate stays as planned.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from contract.families import Family
from generator.conversation import Conversation
from generator.shapes.crowd import SECOND, assign, beats, by_actor, infected, planned_rate, uneven
from generator.shapes.implants import LONG, SHAPES, Implant
from generator.world import Attempts, World

FAMILY = Family(
    "command_and_control",
    "C2 beacon",
    "An infected host calls its controller at regular times with small requests and small answers.",
    "T1071.001",
    "TA0011",
)
_EACH: Final = 8
_CLANS: Final = 6
_USUAL: Final = {
    "http": 3.0,
    "https": 3.0,
    "session": 2.5,
    "heartbeat": 2.0,
    "tcp": 1.5,
    "rat": 1.0,
    "checkin": 1.5,
    "dns": 1.5,
    "dga": 1.5,
    "irc": 1.0,
    "p2p": 1.0,
}
_PORTS: Final = {
    "http": (80, 80, 8080, 443),
    "https": (443, 443, 8443, 4443),
    "session": (443, 80, 8443, 8080),
    "heartbeat": (443, 4444, 8080, 5555, 9001),
    "tcp": (4444, 443, 4433, 1337, 8081, 6667),
    "rat": (4433, 1604, 3460, 5552, 81),
    "checkin": (80,),
    "dns": (53,),
    "dga": (53,),
    "irc": (6667, 6667, 6697, 8080),
}
_LONGEST: Final = 200
_MANY: Final = 1_000_000


class _Clan(NamedTuple):
    """One implant: its shape, its period in seconds, the beats of one of its connections, its bots at most."""

    kind: str
    period: float
    beats: int
    most: int


def _clans(world: World) -> tuple[list[_Clan], npt.NDArray[np.float64]]:
    """The implants and their shares, drawn from the seed alone, so that both functions of the family see the same."""
    rng = np.random.default_rng([world.workload.seed, 0xBEAC])
    duration = world.workload.duration_s
    most = float(np.clip(duration / 5, 2.5, 120.0))
    weights = np.array(list(_USUAL.values()))
    kinds = rng.choice(list(_USUAL), _CLANS, replace=False, p=weights / weights.sum()).tolist()
    told = world.params.get("kind")
    if told is not None:
        if told not in SHAPES:
            raise InputError(f"{world.family}: kind {told!r} is none of {', '.join(SHAPES)}")
        kinds = [str(told)] * _CLANS
    shares = uneven(rng, _CLANS, float(rng.choice((0.01, 0.01, 0.3, 1.5))))
    # Half of the campaigns have a few bots, so quick ones if many beats are planned; the others as many as it takes.
    few = rng.random() < 0.5
    bots = int(np.exp(rng.uniform(0.0, np.log(7.0))))
    every = bots / max(planned_rate(world) * float(shares.max()), 1e-3)
    made = []
    for kind in kinds:
        period = float(np.exp(rng.uniform(np.log(1.0), np.log(most))))
        if kind == "dga":
            period = float(np.exp(rng.uniform(np.log(0.1), np.log(10.0))))
        if kind in ("rat", "p2p"):
            period = min(period, 15.0)
        if kind in LONG:
            period = min(period, duration / 8)
        elif few:
            period = float(np.clip(every, 0.1, most))
        period = float(world.params.get("period_s", period))
        lasts = every / period if few else float(np.exp(rng.uniform(np.log(4), np.log(_LONGEST))))
        made.append(
            _Clan(kind, period, int(np.clip(min(lasts, duration / period), 4, _LONGEST)), bots if few else _MANY)
        )
    return made, shares


def conversations(world: World) -> list[Conversation]:
    """Eight variants of each of six implants; the last two of each carry a task."""
    made = []
    for clan in _clans(world)[0]:
        implant = Implant(world, clan.period, clan.beats)
        for number in range(_EACH):  # some connections of an implant end before others
            implant.beats = max(clan.beats // (1 + number % 4), 2)
            made.append(SHAPES[clan.kind](world, implant, tasked=number >= _EACH - 2))
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Bots of each implant beat in their own rhythm; new bots join when the plan asks for more."""
    n, rng = len(intended), world.rng
    clans, shares = _clans(world)
    clan = assign(rng, intended, shares)
    # a long connection holds several beats; its bot comes back when they are over
    spacing = np.array([one.period * (one.beats if one.kind in LONG else 1) for one in clans])
    jitter = rng.choice((0.0, 0.0, 0.05, 0.1, 0.2, 0.3, 0.5), _CLANS)
    jitter = np.full(_CLANS, float(world.params.get("jitter", 0.0))) if "jitter" in world.params else jitter
    most = np.array([one.most for one in clans])
    times, actor = beats(intended, clan, (spacing * SECOND).astype(np.int64), jitter, rng.random(n), most)
    servers = world.some(world.attack_servers, 8 * _CLANS, 8 * _CLANS)
    # several bots of one clan on one host (where the plan asks for that many) call different servers
    server = servers[(clan + _CLANS * (actor // len(world.infected))) % len(servers)]
    ports = np.array([int(world.pick(_PORTS.get(one.kind, (0,)))) for one in clans])[clan]
    several = np.array([one.kind == "checkin" for one in clans])[clan]
    server = np.where(several[:, None], servers[(clan + _CLANS * rng.integers(0, 5, n)) % len(servers)], server)
    scattered = np.array([one.kind == "p2p" for one in clans])[clan]
    peer = world.draw(world.some(world.spoofed, 20, 600), n, zipf=0.6)
    server = np.where(scattered[:, None], peer, server)
    peer_ports = 49_152 + peer[:, 13:15].astype(np.int64) @ np.array([256, 1]) % 16_000
    src, dst = by_actor(world, actor, infected(world, actor), server)
    tasked = rng.random(n) < rng.uniform(0.0, 0.15)
    variant = np.where(tasked, rng.integers(_EACH - 2, _EACH, n), actor % (_EACH - 2))
    return Attempts.of(
        world,
        times,
        src=src,
        dst=dst,
        dst_port=np.where(scattered, peer_ports, ports),
        template=clan * _EACH + variant,
        rtt_ns=world.rtt(_CLANS)[clan],
        ipv6=False,
    )
