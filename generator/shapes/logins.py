"""SSH connections from banner to authentication, shared by people who log in and tools that guess."""

from __future__ import annotations

import numpy as np

from generator.conversation import Conversation
from generator.shapes import ssh
from generator.world import World


def start(
    world: World, conversation: Conversation, client: ssh.Implementation, server: ssh.Implementation, pace: float
) -> Conversation:
    """Handshake, banners, key exchange and the request for the login service; ``pace``: the tool's delay in s."""
    rng = world.rng
    conversation.open()
    if rng.random() < 0.5:
        conversation.client(ssh.banner(client), think=pace)
        conversation.server(ssh.banner(server), think=float(rng.uniform(0.002, 0.02)))
    else:
        conversation.server(ssh.banner(server), think=float(rng.uniform(0.004, 0.03)))
        conversation.client(ssh.banner(client), think=pace)
    conversation.client(ssh.kexinit(client), think=pace)
    conversation.server(ssh.kexinit(server), think=0.001)
    conversation.client(ssh.key_exchange_init(), think=pace + float(rng.uniform(0.0005, 0.004)))
    conversation.server(ssh.key_exchange_reply(rng), think=float(rng.uniform(0.002, 0.01)))
    conversation.client(ssh.newkeys(), think=pace + float(rng.uniform(0.001, 0.006)))
    cipher = cipher_of(client)
    conversation.client(ssh.sealed(17, cipher), think=float(rng.uniform(0.0001, 0.04)))
    return conversation.server(ssh.sealed(17, cipher), think=0.0003)


def cipher_of(client: ssh.Implementation) -> str:
    """What both ends usually agree on with this client."""
    if client.ciphers.startswith("chacha20"):
        return "chacha"
    return "etm" if "-etm@" in client.macs else "ctr"


def attempt(conversation: Conversation, cipher: str, wait: float, think: float, password: int) -> Conversation:
    """One password that the server refuses after ``wait`` seconds; ``password`` is its length."""
    conversation.client(ssh.sealed(5 + 4 + 8 + 18 + 12 + 5 + password, cipher), think=think)
    return conversation.server(ssh.sealed(29 + 12, cipher), think=wait, jitter=0.5)


def none_method(conversation: Conversation, cipher: str, user: int) -> Conversation:
    """The empty try with which most clients ask which methods there are."""
    conversation.client(ssh.sealed(5 + user + 18 + 8, cipher), think=0.0002)
    return conversation.server(ssh.sealed(41, cipher), think=0.003)


def pauses(rng: np.random.Generator) -> float:
    """How long a server lets a failed login wait (PAM's delay, 1.5 to 3 s, or hardly any)."""
    return float(rng.uniform(1.4, 3.2)) if rng.random() < 0.65 else float(rng.uniform(0.002, 0.2))
