"""IoT botnet: an infected device looks for others to recruit (Mirai and its kin).

SYNs to telnet (23, one in ten 2323) or other device ports (5555, 7547, 8080, 37215, 52869, 81) at addresses drawn at
random; few answer; at those that do, a login with default credentials is tried and, where it works, a few inert
commands are typed. Each device sends some 5 to 150 probes a second. A heartbeat to the controller runs beside it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes.crowd import assign, by_actor, headcount, rate, uneven
from generator.world import Attempts, World

FAMILY = Family("command_and_control", "IoT botnet", "A device that recruits others.", "T1583.005", "TA0042")
_EACH = 8
_PORTS = (5555, 7547, 8080, 37215, 52869, 81, 8443, 60001)
_SILENT, _REFUSED, _LOGIN, _BEAT = range(4)


def _login(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, client_os="mirai", server_os="embedded", near="client").open()
    conversation.server(b"\xff\xfd\x01\xff\xfd\x1f\xff\xfb\x01\xff\xfb\x03", think=0.05)
    conversation.client(b"\xff\xfc\x01\xff\xfc\x1f\xff\xfe\x01\xff\xfe\x03", think=0.001)
    conversation.server(b"\r\nlogin: ", think=0.02).client(
        [Rand(int(rng.integers(4, 8)), "lower"), b"\r\n"], think=0.01
    )
    conversation.server(b"Password: ", think=0.01).client(
        [Rand(int(rng.integers(4, 10)), "alnum"), b"\r\n"], think=0.01
    )
    if rng.random() < 0.7:
        return conversation.server(b"\r\nLogin incorrect\r\n", think=1.0).close("rst", think=0.01)
    conversation.server(b"\r\n$ ", think=0.1)
    for line in (b"enable\r\n", b"system\r\n", b"shell\r\n", b"sh\r\n", b"/bin/busybox EXAMPLE\r\n"):
        conversation.client(line, think=0.01).server(line + b"$ ", think=0.02)
    return conversation.server(b"EXAMPLE: applet not found\r\n$ ", think=0.01).close("fin", think=0.5)


def conversations(world: World) -> list[Conversation]:
    """Silence, refusal, login and heartbeat, eight variants each."""
    made = []
    for kind in (_SILENT, _REFUSED, _LOGIN, _BEAT):
        for number in range(_EACH):
            if kind == _LOGIN:
                made.append(_login(world))
                continue
            conversation = Conversation.tcp(world, client_os="mirai" if number % 4 else "linux", near="client")
            if kind == _BEAT:
                conversation.open().client(b"\x00\x00\x00\x01", think=0.001)
                for _ in range(4):
                    conversation.client(b"\x00\x00", think=float(world.pick((10.0, 60.0)))).server(
                        b"\x00\x00", think=0.001
                    )
                made.append(conversation.close("none"))
                continue
            conversation.send("S", options=number % 4 == 0)
            if kind == _REFUSED:
                conversation.refuse() if number % 2 else conversation.unreachable(int(world.pick((1, 13))))
            elif number % 4 == 0:
                conversation.repeat(think=1.0)
            made.append(conversation)
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Infected devices inside probe addresses outside that belong to nobody else."""
    n, rng = len(intended), world.rng
    devices = world.some(world.infected, *[headcount(rng, rate(intended), (5.0, 150.0), (1, len(world.infected)))] * 2)
    who = assign(rng, intended, uneven(rng, len(devices), 2.0))
    kind = rng.choice(4, n, p=(0.86, 0.1, 0.035, 0.005))
    other = rng.random() < 0.4
    telnet = np.where(rng.random(n) < 0.9, 23, 2323)
    port = np.where((rng.random(n) < 0.5) & other, int(world.pick(_PORTS)), telnet)
    port = np.where(kind == _LOGIN, telnet, np.where(kind == _BEAT, int(world.pick((23, 48101, 666, 5034))), port))
    dst = np.where((kind == _BEAT)[:, None], world.attack_servers[:1], world.draw(world.spoofed, n))
    src, dst = by_actor(world, who, devices[who], dst)
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        dst_port=port,
        template=kind * _EACH + rng.integers(0, _EACH, n),
        ipv6=False,
    )
