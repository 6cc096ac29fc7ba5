"""Telnet password guessing: default names and passwords tried at devices and hosts.

Option negotiation first (RFC 854), then login and password prompts; the server echoes the name. Botnets try one to
three pairs a connection and reset, tools such as hydra take what the server allows; some devices drop the line at
once.
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

FAMILY = Family("credential", "Telnet password guessing", "Many failed telnet logins.", "T1110.001", "TA0006")
_TOOLS = 4
_EACH = 8
_OFFERS = (
    b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27",
    b"\xff\xfd\x01\xff\xfd\x1f\xff\xfb\x01\xff\xfb\x03",
    b"\xff\xfb\x01\xff\xfb\x03",
)
_NAMES = (b"root", b"admin", b"guest", b"user", b"support", b"default", b"service")


def _session(world: World, offer: bytes, tries: int, wait: float, *, bot: bool) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(
        world, client_os="mirai" if bot else "linux", server_os=world.pick(("embedded", "linux"))
    )
    if rng.random() < 0.05:
        return conversation.send("S").refuse()
    conversation.open().server(offer, think=float(rng.uniform(0.005, 0.2)))
    reply = bytes(0xFC if byte == 0xFD else 0xFE if byte == 0xFB else byte for byte in offer)
    conversation.client(reply, think=0.001)
    conversation.server(b"\r\n" + world.word().encode() + b" login: ", think=0.01)
    for number in range(tries):
        name: list[Part] = [world.pick(_NAMES)] if rng.random() < 0.8 else [rand(5, "lower", f"name{number}")]
        conversation.client([*name, b"\r\n"], think=0.02 if bot else 0.002)
        conversation.server([*name, b"\r\nPassword: "], think=0.005)
        conversation.client([rand(int(rng.integers(3, 12)), "alnum"), b"\r\n"], think=0.02 if bot else 0.002)
        conversation.server(
            b"\r\n\r\nLogin incorrect\r\n" + (b"login: " if number < tries - 1 else b""), think=wait, jitter=0.4
        )
    return conversation.close(world.pick(("rst", "fin") if bot else ("fin", "server_fin")), think=0.01)


def conversations(world: World) -> list[Conversation]:
    """Eight variants for each of two tools and two botnets."""
    made = []
    for tool in range(_TOOLS):
        offer, wait = world.pick(_OFFERS), pauses(world.rng)
        most = int(world.pick((1, 3) if tool < 2 else (1, 3, 5)))
        made += [_session(world, offer, int(world.rng.integers(1, most + 1)), wait, bot=tool < 2) for _ in range(_EACH)]
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """As guessers do: see ``generator.shapes.guessing``."""
    return guesses(intended, world, _TOOLS, _EACH, (23, 23, 23, 2323))
