"""SYN flood: half-open connections until a service's backlog, or whatever keeps state before it, is full.

Drawn per campaign, or told by parameters:

* ``sources``: ``one`` host, a ``few``, a ``botnet``, ``spoofed`` addresses, or ``mixed``; ``spoofed`` = 0.9 says the
  share of forged addresses instead;
* ``ports``: ``one`` port, a ``few``, ``all`` at random (as in CIC-DDoS2019), or a ``walk`` upwards;
* ``sockets``: source ports ``counting`` up (hping3) or ``random``; some tools use one number for both ports;
* the tools' SYNs: bare (hping3), a system's own options, or scripted ones in odd orders with odd MSS and windows; some
  carry data;
* what comes back: nothing, SYN/ACK once or repeated, a reset by the host that really has the forged address, or
  RST/ACK where the port is closed. A random port is nearly always closed or filtered.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes.floods import pace, senders, source_ports, target_ports
from generator.world import Attempts, World

FAMILY = Family(
    "dos",
    "SYN flood",
    "SYNs from many, mostly spoofed sources that never finish the handshake, until a service's backlog is full.",
    "T1498.001",
    "TA0040",
)
_TOOLS = ("hping", "hping", "flooder", "flooder", "mirai", "linux", "windows", "masscan", "scripted", "scripted")
_PORTS = (80, 80, 443, 443, 22, 25, 53, 8080, 8443)
_ORDERS = ("MS", "MSTNW", "M", "MNWNNTS", "MTNW", "WMT", "MNNS", "")
_SILENT, _HALF_OPEN, _REPEATED, _SURPRISED, _CLOSED, _TWICE = range(6)
_EACH = 4


def _syn(world: World) -> Conversation:
    rng = world.rng
    tool = str(world.pick(_TOOLS))
    scripted = tool == "scripted"
    conversation = Conversation.tcp(world, client_os="flooder" if scripted else tool, server_os="linux")
    if scripted:
        conversation.client_stack = replace(
            conversation.client_stack,
            options=str(world.pick(_ORDERS)),
            mss=int(rng.choice((265, 536, 1402, 1430, 1460, 1516))),
            window=int(rng.choice((512, 4096, 5840, 8192, 65535))),
            scale=int(rng.choice((0, 7, 10))),
        )
    data = Rand(int(rng.choice((4, 64, 120, 512, 1000))), "bytes") if rng.random() < 0.06 else b""
    return conversation.send("S", payload=data)


def conversations(world: World) -> list[Conversation]:
    """Four SYNs of different tools for each of six answers."""
    made = []
    for shape in range(6):
        for _ in range(_EACH):
            conversation = _syn(world)
            if shape in (_HALF_OPEN, _REPEATED, _SURPRISED):
                conversation.send("SA", from_client=False, think=0.0001)
            if shape == _REPEATED:  # the backlog repeats its answer (RFC 6298: 1 s, then doubled)
                conversation.repeat(think=1.0).repeat(think=2.0)
            if shape == _SURPRISED:  # a host that really has the spoofed address never asked
                conversation.send("R", think=0.0, options=False)
            if shape == _CLOSED:
                conversation.refuse()
            if shape == _TWICE:  # the tool sends each SYN twice or three times
                gap = pace(world)
                for _ in range(int(world.pick((1, 1, 2)))):
                    conversation.repeat(think=gap)
            made.append(conversation)
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """A few victims, mostly one; two or three tools at a time."""
    n, rng = len(intended), world.rng
    src, who = senders(world, intended, ("one", "one", "one", "few", "botnet", "spoofed", "spoofed", "mixed"))
    ports, kind = target_ports(world, who, _PORTS, ("one", "one", "one", "few", "all", "walk"))
    sockets = source_ports(world, who, ("counting", "random", "random"))
    if rng.random() < 0.1:
        sockets = np.where(rng.random(n) < 0.3, np.maximum(ports, 1), sockets)
    concentration = np.array([6.0, 6.0, 0.7, 1.5, 0.5, 0.5])
    if kind in ("all", "walk"):
        concentration[[_HALF_OPEN, _REPEATED, _SURPRISED]] = 0.02
        concentration[_CLOSED] = float(world.pick((0.3, 8.0)))
    answers = rng.choice(6, n, p=rng.dirichlet(concentration * rng.choice((0.2, 1.0))))
    tool = rng.permutation(_EACH)[rng.choice(_EACH, n, p=rng.dirichlet(np.full(_EACH, 0.4)))]
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=world.draw(world.some(world.sites, 1, int(world.pick((1, 1, 3)))), n),
        src_port=sockets,
        dst_port=ports,
        template=answers * _EACH + tool,
    )
