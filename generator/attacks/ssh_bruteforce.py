"""SSH password guessing: connection after connection in which every login fails.

Tools drawn per campaign by banner and key-exchange lists (libssh as in hydra, libssh2 as in ncrack and medusa,
paramiko, Go botnets, JSch, OpenSSH loops): tries per connection 1 to 6 (MaxAuthTries), PAM's delay of some 2 s or
none, a polite end, a reset or the server's own. Some connections are cut early: banner grabs, MaxStartups refusals,
fail2ban silence. One attacker, a few quick ones (4 to 16 parallel tasks) or many slow ones (botnets: one try a minute
each). Parameters: ``attackers``, ``victims``, ``port``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import logins, ssh
from generator.shapes.guessing import guesses
from generator.world import Attempts, World

FAMILY = Family(
    "credential",
    "SSH password guessing",
    "Many SSH connections in which every login fails.",
    "T1110.001",
    "TA0006",
)
_EACH = 8


def _session(
    world: World, client: ssh.Implementation, server: ssh.Implementation, tries: int, wait: float, pace: float
) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(
        world, client_os=world.pick(("linux", "linux", "linux", "embedded", "windows")), server_os="linux"
    )
    cipher = logins.cipher_of(client)
    logins.start(world, conversation, client, server, pace)
    if rng.random() < 0.4:
        logins.none_method(conversation, cipher, int(rng.integers(3, 9)))
    for _ in range(tries):
        think = pace + float(rng.exponential(0.002))
        logins.attempt(conversation, cipher, wait * float(rng.uniform(0.8, 1.2)), think, int(rng.integers(4, 14)))
    if tries >= 6 or rng.random() < 0.1:
        conversation.server(ssh.sealed(60, cipher), think=0.0005)
        return conversation.close("server_fin", think=0.0001)
    if rng.random() < 0.5:
        conversation.client(ssh.sealed(40, cipher), think=0.0003)
    return conversation.close(world.pick(("fin", "fin", "fin", "fin", "fin", "rst")), think=0.0002)


def _cut_short(world: World, client: ssh.Implementation) -> Conversation:
    conversation = Conversation.tcp(world, client_os="linux", server_os="linux")
    how = world.rng.random()
    if how < 0.3:
        return conversation.send("S").refuse()
    if how < 0.5:
        return conversation.send("S").repeat(think=1.0).repeat(think=2.0)
    conversation.open()
    if how < 0.75:
        conversation.server(b"Exceeded MaxStartups\r\n", think=0.001)
        return conversation.close("server_fin")
    server = ssh.SERVERS[int(world.rng.integers(len(ssh.SERVERS)))]
    conversation.client(ssh.banner(client), think=0.001).server(ssh.banner(server), think=0.01)
    return conversation.close(world.pick(("fin", "rst", "server_fin")), think=0.001)


def conversations(world: World) -> list[Conversation]:
    """For each of four tools seven sessions and one that is cut short."""
    rng = world.rng
    made = []
    for tool in rng.permutation(len(ssh.GUESSING_TOOLS))[:4]:
        client = ssh.GUESSING_TOOLS[int(tool)]
        server = ssh.SERVERS[int(rng.integers(len(ssh.SERVERS)))]
        most = int(world.pick((1, 1, 3, 4, 6)))
        least = most if rng.random() < 0.5 else 1  # many tools always take all the tries that they get
        wait, pace = logins.pauses(rng), float(rng.choice((0.0002, 0.001, 0.02, 0.2)))
        tries = [int(rng.integers(least, most + 1)) for _ in range(_EACH - 1)]
        made += [_session(world, client, server, number, wait, pace) for number in tries]
        made.append(_cut_short(world, client))
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """As guessers do: see ``generator.shapes.guessing``. Up to a tenth of the connections are cut short."""
    made = guesses(intended, world, 4, _EACH, (22, 22, 22, 22, 2222, 902))
    n, rng = len(intended), world.rng
    short = rng.random(n) < rng.uniform(0.0, 0.1)
    variant = np.where(short, _EACH - 1, made.template % _EACH % (_EACH - 1))
    return made._replace(template=(made.template - made.template % _EACH + variant).astype(np.int32))
