"""SSH as people and programs use it: a login that works, then keystrokes, commands, copies, or an idle window.

Variants:

* ``typing``: interactive (a keystroke and its echo 80 to 400 ms apart, a command's output after Enter);
* ``copying``: scp and sftp either way; ``running``: git and configuration runs that last a second;
* ``idling``: port forwards and forgotten windows with keep-alives each 10 to 30 s;
* ``automation``: ansible, git and rsync loops: the same program logs in by key again and again, to one host each minute
  or to a whole list of hosts within seconds (three to five keys offered before one fits), runs one thing and leaves.
  Many short connections from one source, which looks like guessing and is not;
* ``checks``: a monitor that reads the banner and hangs up; a host that is off or refuses; a scanner's farewell;
* ``mistyped``: one to three wrong passwords, then the right one, or giving up (Ctrl-C, or the server has enough).

Parameters: ``automated`` (share of automation and checks, else 0.2 to 0.6), ``mistyped`` (share, else 0.02 to 0.08).
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
_EACH = 7
_AUTOMATED, _CHECKS, _MISTYPED = 7, 5, 6


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


def _automated(world: World, number: int) -> Conversation:
    """A key that fits after some that do not, one command, good-bye."""
    rng = world.rng
    client = (*ssh.OPENSSH_CLIENTS, ssh.GUESSING_TOOLS[3], ssh.GUESSING_TOOLS[4])[number % 6]  # paramiko, Go
    server = ssh.SERVERS[int(rng.integers(len(ssh.SERVERS)))]
    conversation = Conversation.tcp(world, client_os="linux", server_os="linux", near=world.pick(("server", "client")))
    cipher = logins.cipher_of(client)
    logins.start(world, conversation, client, server, float(rng.uniform(0.0003, 0.01)))
    if number % 2:
        logins.none_method(conversation, cipher, int(rng.integers(3, 12)))
    for _ in range(int(world.pick((0, 0, 1, 2, 4)))):  # an agent offers all that it has
        conversation.client(ssh.sealed(int(world.pick((120, 350, 600))), cipher), think=0.0005)
        conversation.server(ssh.sealed(41, cipher), think=0.001)
    conversation.client(ssh.sealed(350, cipher), think=0.0008).server(ssh.sealed(320, cipher), think=0.001)
    conversation.client(ssh.sealed(700, cipher), think=0.004).server(ssh.sealed(1, cipher), think=0.01)
    conversation.client(ssh.sealed(40, cipher), think=0.0005).server(ssh.sealed(17, cipher), think=0.004)
    for _ in range(int(rng.integers(1, 4))):
        conversation.client(ssh.sealed(int(rng.integers(60, 1500)), cipher), think=float(rng.lognormal(-6, 1.0)))
        size = int(np.clip(rng.lognormal(5.0, 1.2), 20, 9_000))
        conversation.server(ssh.sealed(size, cipher), think=float(rng.lognormal(-2.5, 1.0)))
    return conversation.client(ssh.sealed(20, cipher), think=0.002).close("fin", think=0.001)


def _checked(world: World, number: int) -> Conversation:
    """A banner and good-bye, or nobody who answers."""
    conversation = Conversation.tcp(world, client_os="linux", server_os="linux")
    if number == 0:
        return conversation.send("S").refuse()
    if number == 1:
        return conversation.send("S").repeat(think=1.0).repeat(think=2.0).repeat(think=4.0)
    server = ssh.SERVERS[number % len(ssh.SERVERS)]
    conversation.open().server(ssh.banner(server), think=0.006)
    if number > 2:
        conversation.client(b"SSH-2.0-check_ssh_2.3.1\r\n", think=0.0005)
    return conversation.close(world.pick(("fin", "rst")), think=0.001)


def _mistyped(world: World, number: int) -> Conversation:
    """Wrong passwords of a person: seconds apart, three at most; then in, or away."""
    rng = world.rng
    client = (*ssh.OPENSSH_CLIENTS, *ssh.OTHER_CLIENTS)[number % 6]
    server = ssh.SERVERS[int(rng.integers(len(ssh.SERVERS)))]
    conversation = Conversation.tcp(world, client_os=world.pick(("linux", "windows", "macos")))
    cipher = logins.cipher_of(client)
    logins.start(world, conversation, client, server, float(rng.uniform(0.0005, 0.02)))
    logins.none_method(conversation, cipher, int(rng.integers(3, 12)))
    for _ in range(3 if number % 3 == 2 else 1 + number % 3):
        wait = float(rng.uniform(1.5, 3.0))
        logins.attempt(conversation, cipher, wait, float(rng.lognormal(1.2, 0.5)), int(rng.integers(6, 16)))
    if number % 3 == 2:
        return conversation.close(world.pick(("server_fin", "fin")), think=float(rng.exponential(2.0)))
    conversation.client(ssh.sealed(70, cipher), think=float(rng.lognormal(1.4, 0.4)))
    conversation.server(ssh.sealed(1, cipher), think=0.05).client(ssh.sealed(40, cipher), think=0.0005)
    conversation.server(ssh.sealed(617, cipher), think=0.01)
    return conversation.client(ssh.sealed(10, cipher), think=5.0).close("fin", think=0.01)


def conversations(world: World) -> list[Conversation]:
    """Typing, copying, running and idling in turn, then automation, checks and mistyped passwords."""
    makers = (_typing, _copying, _running, _idling)
    made = [makers[number % 4](world) for number in range(4 * _EACH)]
    for make, count in ((_automated, _AUTOMATED), (_checked, _CHECKS), (_mistyped, _MISTYPED)):
        made += [make(world, number) for number in range(count)]
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """A limited set of people and programs, each at a few hosts; robots go through their lists or keep to one host."""
    n, rng = len(intended), world.rng
    people = world.some(world.clients, 10, max(20, len(world.clients) // 10))
    who = rng.integers(0, len(people), n)
    host = (who * 3 + rng.integers(0, 3, n)) % len(world.sites)
    automated = float(np.clip(world.params.get("automated", rng.uniform(0.2, 0.6)), 0.0, 1.0))
    mistyped = float(np.clip(world.params.get("mistyped", rng.uniform(0.02, 0.08)), 0.0, 1.0 - automated))
    kind = rng.choice(4, n, p=(1.0 - automated - mistyped, automated * 0.8, automated * 0.2, mistyped))
    robots = world.some(world.inside, 2, 5)
    robot = rng.integers(0, len(robots), n)
    loyal = rng.random(len(robots)) < 0.4  # always the same host; the others go through a list of hosts
    turn = np.cumsum(np.isin(kind, (1, 2)))
    length = min(len(world.sites), int(rng.integers(5, 60)))
    listed = np.where(loyal[robot], robot * 5, turn % length) % len(world.sites)
    by_robot = np.isin(kind, (1, 2))
    counts = np.array((4 * _EACH, _AUTOMATED, _CHECKS, _MISTYPED))
    bases = np.concatenate([[0], np.cumsum(counts)[:-1]])
    # a robot always does the same
    inner = np.where(by_robot, robot, rng.integers(0, 1 << 30, n)) % counts[kind]
    inner = np.where(kind == 2, listed % _CHECKS, inner)
    return Attempts.of(
        world,
        intended,
        src=np.where(by_robot[:, None], robots[robot], people[who]),
        dst=world.sites[np.where(by_robot, listed, host)],
        dst_port=np.where(by_robot | (rng.random(n) < 0.95), 22, 2222),
        template=bases[kind] + inner,
    )
