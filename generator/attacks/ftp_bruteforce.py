"""FTP password guessing: USER and PASS, refused with 530, over and over.

Tools differ in tries per connection (1 to 8), in parallel connections, in whether they say QUIT, and in what the
server does: its words (vsftpd, ProFTPD, Pure-FTPd, FileZilla, IIS, the BSD and Linux daemons), a delay of 0 to 3 s
after a wrong password, 421 after too many, a reset, or a refused connection. Names are one, a few or drawn afresh;
passwords have 1 to 14 signs. Parameters: ``attackers``, ``victims``, ``port``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes.guessing import guesses
from generator.shapes.logins import pauses
from generator.shapes.parts import Part, rand
from generator.world import Attempts, World

FAMILY = Family("credential", "FTP password guessing", "Many failed FTP logins.", "T1110.001", "TA0006")
_TOOLS = 4
_EACH = 8
# What servers say: greeting, what comes before and behind the name in 331, refusal, good-bye
_DIALECTS = (
    (b"220 (vsFTPd 3.0.5)", b"331 Please specify the password.", b"", b"530 Login incorrect.", b"221 Goodbye."),
    (
        b"220 ProFTPD Server (Debian) [::ffff:198.18.0.1]",
        b"331 Password required for ",
        b"",
        b"530 Login incorrect.",
        b"221 Goodbye.",
    ),
    (
        b"220---------- Welcome to Pure-FTPd ----------\r\n220-You are user number 3.\r\n220 Bye after 15 minutes.",
        b"331 User ",
        b" OK. Password required",
        b"530 Login authentication failed",
        b"221-Goodbye. You uploaded 0 and downloaded 0 kbytes.\r\n221 Logout.",
    ),
    (
        b"220-FileZilla Server 1.8.1\r\n220 Please visit https://filezilla-project.example/",
        b"331 Please, specify the password.",
        b"",
        b"530 Login incorrect.",
        b"221 Goodbye.",
    ),
    (
        b"220 Microsoft FTP Service",
        b"331 Password required",
        b"",
        b"530 User cannot log in.",
        b"221 Goodbye.",
    ),
    (
        b"220 host FTP server (Version 6.4/OpenBSD/Linux-ftpd-0.17) ready.",
        b"331 Password required for ",
        b".",
        b"530 Login incorrect.",
        b"221 Goodbye.",
    ),
)
_USERS = (b"admin", b"root", b"ftp", b"user", b"test", b"backup", b"www", b"anonymous")


def _session(world: World, dialect: tuple[bytes, ...], user: bytes, tries: int, wait: float) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=world.pick(("linux", "linux", "windows")), server_os="linux")
    if rng.random() < 0.04:
        return conversation.send("S").refuse()
    banner, asks, behind, refuses, bye = dialect
    conversation.open().server(banner + b"\r\n", think=float(rng.uniform(0.001, 0.05)))
    for _ in range(tries):
        name: list[Part] = [user] if rng.random() < 0.8 else [rand(int(rng.integers(3, 9)), "lower")]
        conversation.client([b"USER ", *name, b"\r\n"], think=float(rng.exponential(0.002)))
        named = [asks, *name] if asks.endswith(b" ") else [asks]
        conversation.server([*named, behind, b"\r\n"], think=0.001)
        conversation.client(
            [b"PASS ", rand(int(rng.integers(1, 14)), "alnum"), b"\r\n"], think=float(rng.exponential(0.002))
        )
        conversation.server(refuses + b"\r\n", think=wait, jitter=0.4)
    ending = rng.random()
    if ending < 0.55:
        conversation.client(b"QUIT\r\n", think=0.0005).server(bye + b"\r\n", think=0.0005)
        return conversation.close("fin", think=0.0003)
    if ending < 0.7:
        return conversation.server(b"421 Too many attempts.\r\n", think=0.001).close("server_fin")
    return conversation.close(world.pick(("fin", "rst", "fin")), think=0.001)


def conversations(world: World) -> list[Conversation]:
    """Eight variants for each of four tools."""
    made = []
    for _ in range(_TOOLS):
        dialect, user, wait = world.pick(_DIALECTS), world.pick(_USERS), pauses(world.rng)
        most = int(world.pick((1, 1, 3, 8)))
        made += [_session(world, dialect, user, int(world.rng.integers(1, most + 1)), wait) for _ in range(_EACH)]
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """As guessers do: see ``generator.shapes.guessing``."""
    return guesses(intended, world, _TOOLS, _EACH, (21, 21, 21, 2121))
