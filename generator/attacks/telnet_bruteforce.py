"""Telnet password guessing: default names and passwords tried at devices and hosts.

Option negotiation first (RFC 854), in one go or word by word, then login and password prompts; the server echoes the
name, whole or sign by sign. Botnets try one to three pairs a connection and reset (Mirai first knocks with a bare SYN
that it resets once answered), tools such as hydra take what the server allows; some devices drop the line at once or
after too many. Parameters: ``attackers``, ``victims``, ``port``.
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
    if bot and rng.random() < 0.35:  # the scanner's knock: is anybody there?
        return (
            conversation.send("S", options=False)
            .send("SA", from_client=False, think=0.00005)
            .send("R", think=0.00005, options=False)
        )
    conversation.open()
    size = 3 if rng.random() < 0.5 else len(offer)
    for at in range(0, len(offer), size):
        word = offer[at : at + size]
        conversation.server(word, think=float(rng.uniform(0.001, 0.1)) if at == 0 else 0.0005)
        reply = bytes(0xFC if byte == 0xFD else 0xFE if byte == 0xFB else byte for byte in word)
        conversation.client(reply, think=0.0005)
    slowly = rng.random() < 0.3
    conversation.server(b"\r\n" + world.word().encode() + b" login: ", think=0.01)
    for number in range(tries):
        name: list[Part] = [world.pick(_NAMES)] if rng.random() < 0.8 else [rand(5, "lower", f"name{number}")]
        conversation.client([*name, b"\r\n"], think=0.02 if bot else 0.002)
        if slowly:  # a device in character mode: each sign comes back on its own
            for sign in name[0] if isinstance(name[0], bytes) else b"admin":
                conversation.server(bytes([sign]), think=0.0003)
            conversation.server(b"\r\n", think=0.0002).server(b"Password: ", think=0.002)
        else:
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
