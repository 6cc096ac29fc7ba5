"""A Windows domain at work: hosts find their controller, people log in, policies are read, files are worked on.

Variants, in the order in which a logon brings them: DNS SRV look-ups; CLDAP; Kerberos (AS with its usual "proof wanted"
error first, then TGS) over TCP and UDP; SMB 3 to SYSVOL (``gpt.ini``, policies) with 2.1 and 3.1.1 dialects, signed or
not; LDAP with SASL or simple binds; DCE/RPC through the endpoint mapper, then sealed calls on a high port; SNTP.
And all day: file work (listing, opening, reading, writing 1 to 90 kB, files that are not there, shares that are
denied), printer and pipe work, idle sessions with echoes each 30 to 120 s, ticket renewals, directory look-ups.

It fails as ordinary offices fail: a mistyped password and then the right one (Kerberos 24, SMB logon failure, LDAP 49),
a locked account, and **one host whose service still has last month's password** and tries again each 20 s to 5 min all
day. That looks like guessing and is none. Hosts log in one by one or (Monday, nine o'clock) many within a minute.

Parameters: ``failing`` (share of conversations with a refused login, else 0.01 to 0.06), ``logons`` (share of
conversations that belong to logons, else 0.3 to 0.6).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import domain
from generator.shapes.crowd import SECOND, Ints
from generator.world import Addresses, Attempts, World

FAMILY = Family("benign", "Windows domain", "Hosts log in to their domain, read policies and work on shared files.")
_Maker = Callable[[World, domain.Domain, int], Conversation]
# (maker, variants, port, share of the day's conversations); a logon is this table from its first row to the seventh
_TABLE: tuple[tuple[_Maker, int, int, float], ...] = (
    (domain.locate, 4, 53, 1.0),
    (domain.cldap, 3, 389, 0.7),
    (domain.tickets, 8, 88, 2.5),
    (domain.policies, 4, 445, 0.7),
    (domain.ldap, 6, 389, 1.5),
    (domain.mapper, 4, 135, 0.7),
    (domain.calls, 4, 0, 0.9),
    (domain.clock, 2, 123, 0.3),
    (domain.files, 8, 445, 2.0),
    (domain.idle, 3, 445, 0.5),
    (domain.refused, 8, 0, 0.0),
)
_REFUSED = len(_TABLE) - 1
_LOGON = (0, 1, 2, 2, 2, 2, 3, 4, 5, 6)


def conversations(world: World) -> list[Conversation]:
    """The table's kinds, row by row."""
    names = domain.draw_domain(world)
    return [make(world, names, number) for make, count, _, _ in _TABLE for number in range(count)]


def _runs(world: World, intended: Ints) -> tuple[Ints, Ints, Ints]:
    """Cut the plan into logons and single conversations: (times, which run, how far in it); -1 where it is no logon."""
    n, rng = len(intended), world.rng
    share = float(np.clip(world.params.get("logons", rng.uniform(0.3, 0.6)), 0.0, 1.0))
    members = np.flatnonzero(rng.random(n) < share)
    run, place, times = np.arange(n), np.full(n, -1, np.int64), intended.copy()
    nth = np.arange(len(members))
    place[members] = nth % len(_LOGON)
    begins = members[nth - nth % len(_LOGON)]
    run[members] = begins
    # a logon takes some seconds from its first word on, however far apart the plan put its parts
    pace = rng.uniform(0.03, 0.5, n)[begins] * SECOND
    quick = intended[begins] + (place[members] * pace).astype(np.int64)
    times[members] = np.minimum(quick, intended[-1] if n else 0)
    return times, run, place


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Hosts inside talk to one or two controllers and a few file servers, which are sites."""
    n, rng = len(intended), world.rng
    times, run, place = _runs(world, intended)
    weights = np.array([row[3] for row in _TABLE])
    failing = float(np.clip(world.params.get("failing", rng.uniform(0.01, 0.06)), 0.0, 1.0))
    kind = rng.choice(len(_TABLE), n, p=weights / weights.sum())
    kind = np.where(place >= 0, np.array(_LOGON)[np.maximum(place, 0)], kind)
    fails = rng.random(n) < failing
    kind = np.where(fails, _REFUSED, kind)
    counts = np.array([row[1] for row in _TABLE])
    inner = rng.integers(0, 1 << 30, n) % counts[kind]
    # a logon's four questions for tickets come in their order: error, grant, two services
    inner = np.where((kind == 2) & (place >= 2), np.array((1, 2, 3, 7))[np.clip(place - 2, 0, 3)], inner)
    stale = fails & (rng.random(n) < 0.6)
    inner = np.where(stale, int(rng.integers(1, 3)), inner)
    if stale.any():  # that host tries again at regular times
        share = (np.arange(int(stale.sum())) + rng.uniform(0.4, 0.6, int(stale.sum()))) / stale.sum()
        times[stale] = intended[0] + (share * (intended[-1] - intended[0])).astype(np.int64)
    controllers, files = world.some(world.sites, 1, 2), world.some(world.sites, 1, 3)
    src = _hosts(world, run, n)
    src[stale] = world.inside[int(rng.integers(len(world.inside)))]
    to_files = np.isin(kind, (8, 9))
    dst = np.where(to_files[:, None], world.draw(files, n, zipf=0.8), world.draw(controllers, n, zipf=1.5))
    refused_port = np.array((445, 445, 88, 389))[inner % 4]
    port = np.array([row[2] for row in _TABLE])[kind]
    port = np.where(kind == _REFUSED, refused_port, np.where(kind == 6, domain.draw_domain(world).port, port))
    template = np.concatenate([[0], np.cumsum(counts)[:-1]])[kind] + inner
    made = Attempts.of(world, times, src=src, dst=dst, dst_port=port, template=template, rtt_ns=world.lan_rtt(n))
    return made._replace(src_port=np.where(kind == 7, 123, made.src_port).astype(np.uint16))


def _hosts(world: World, run: Ints, n: int) -> Addresses:
    """The same host within a logon, any otherwise."""
    order = world.rng.permutation(len(world.inside))
    hosts: Addresses = world.inside[order[run % len(order)]] if n else np.zeros((0, 16), np.uint8)
    return hosts
