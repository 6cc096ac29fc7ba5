"""SSH as people and programs use it: a login that works, then keystrokes, commands, copies, or an idle window.

Interactive sessions (a keystroke and its echo 80 to 400 ms apart, a command's output after Enter), scp and sftp
copies either way, git and configuration runs that last a second, port forwards with keep-alives, and now and then a
mistyped password before the right one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import logins, ssh
from generator.shapes.parts import bulk
from generator.world import Attempts, World

FAMILY = Family("benign", "SSH session", "People and programs log in over SSH, type, copy files and leave.")
_VARIANTS = 32


def _log_in(world: World) -> tuple[Conversation, str]:
    rng = world.rng
    clients = ssh.OPENSSH_CLIENTS + ssh.OTHER_CLIENTS + (ssh.GUESSING_TOOLS[1],)  # libssh serves ordinary programs too
    client = clients[int(rng.integers(len(clients)))]
    server = ssh.SERVERS[int(rng.integers(len(ssh.SERVERS)))]
    conversation = Conversation.tcp(
        world, client_os=world.pick(("linux", "windows", "macos")), near=world.pick(("server", "client"))
    )
    cipher = logins.cipher_of(client)
    logins.start(world, conversation, client, server, float(rng.uniform(0.0005, 0.02)))
    logins.none_method(conversation, cipher, int(rng.integers(3, 12)))
    by_key = rng.random() < 0.6
    if by_key:
        conversation.client(ssh.sealed(int(world.pick((120, 350, 600))), cipher), think=0.002)
        conversation.server(ssh.sealed(int(world.pick((80, 320))), cipher), think=0.003)
        conversation.client(ssh.sealed(int(world.pick((260, 700))), cipher), think=0.01)
    else:
        if rng.random() < 0.15:
            logins.attempt(conversation, cipher, float(rng.uniform(1.5, 3)), float(rng.lognormal(1.2, 0.4)), 10)
        conversation.client(ssh.sealed(60 + int(rng.integers(6, 20)), cipher), think=float(rng.lognormal(1.2, 0.5)))
    conversation.server(ssh.sealed(1, cipher), think=float(rng.uniform(0.01, 0.1)))
    conversation.client(ssh.sealed(40, cipher), think=0.0005)
    conversation.server([*ssh.sealed(17, cipher), *ssh.sealed(600, cipher)], think=0.01)
    return conversation, cipher


def _typing(world: World) -> Conversation:
    rng = world.rng
    conversation, cipher = _log_in(world)
    conversation.client(ssh.sealed(390, cipher), think=0.001).server(
        ssh.sealed(int(rng.integers(200, 1400)), cipher), think=0.1
    )
    for _ in range(int(rng.integers(1, 6))):
        pause = float(rng.lognormal(1.0, 0.8))
        for key in range(int(rng.integers(3, 20))):
            conversation.client(
                ssh.sealed(10, cipher), think=pause if key == 0 else float(rng.uniform(0.08, 0.4)), jitter=0.5
            )
            conversation.server(ssh.sealed(10, cipher), think=0.0008)
        conversation.client(ssh.sealed(10, cipher), think=0.2)
        conversation.server(
            ssh.sealed(int(np.clip(rng.lognormal(6.0, 1.3), 40, 12_000)), cipher), think=float(rng.lognormal(-4, 1))
        )
    return conversation.client(ssh.sealed(10, cipher), think=1.0).close(
        world.pick(("fin", "server_fin", "none")), think=0.01
    )


def _copying(world: World) -> Conversation:
    rng = world.rng
    conversation, cipher = _log_in(world)
    conversation.client(ssh.sealed(80, cipher), think=0.001).server(ssh.sealed(40, cipher), think=0.01)
    upwards = rng.random() < 0.5
    say, reply = (conversation.client, conversation.server) if upwards else (conversation.server, conversation.client)
    for _ in range(int(rng.integers(1, 4))):
        say(bulk(rng, int(np.clip(rng.lognormal(10.5, 1.0), 3_000, 150_000))), think=0.01)
        reply(ssh.sealed(40, cipher), think=0.002)
    return conversation.client(ssh.sealed(20, cipher), think=0.01).close("fin", think=0.01)


def _running(world: World) -> Conversation:
    rng = world.rng
    conversation, cipher = _log_in(world)
    for _ in range(int(rng.integers(1, 8))):
        conversation.client(ssh.sealed(int(rng.integers(60, 900)), cipher), think=float(rng.lognormal(-4, 1.0)))
        conversation.server(
            ssh.sealed(int(np.clip(rng.lognormal(6, 1.5), 30, 20_000)), cipher), think=float(rng.lognormal(-3, 1.0))
        )
    return conversation.close(world.pick(("fin", "fin", "none")), think=0.005)


def _idling(world: World) -> Conversation:
    conversation, cipher = _log_in(world)
    period = float(world.pick((10.0, 15.0, 30.0)))
    for _ in range(6):
        conversation.client(ssh.sealed(40, cipher), think=period, jitter=0.01).server(
            ssh.sealed(10, cipher), think=0.0005
        )
    return conversation.close("none")


def conversations(world: World) -> list[Conversation]:
    """Typing, copying, running and idling in equal numbers."""
    makers = (_typing, _copying, _running, _idling)
    return [makers[number % 4](world) for number in range(_VARIANTS)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """A limited set of people and programs, each at a few hosts."""
    n, rng = len(intended), world.rng
    people = world.some(world.clients, 10, max(20, len(world.clients) // 10))
    who = rng.integers(0, len(people), n)
    host = (who * 3 + rng.integers(0, 3, n)) % len(world.sites)
    return Attempts.of(
        world,
        intended,
        src=people[who],
        dst=world.sites[host],
        dst_port=np.where(rng.random(n) < 0.95, 22, 2222),
        template=world.templates(n, _VARIANTS),
    )
