"""Mail: SMTP between servers and from clients (plain, or STARTTLS and then TLS), IMAP over TLS with idle and regular
checks, POP3.

A delivery is a dialogue of 6 to 12 lines and a body of 1 to 60 kB; servers that send lists address many recipients;
some logins fail once; checks for new mail come every 1 to 10 minutes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.benign.tls_browsing import handshake
from generator.conversation import Conversation, Rand
from generator.shapes import http, names, tls
from generator.world import Attempts, World

FAMILY = Family("benign", "Mail", "Servers and people send and fetch mail.")
_EACH = 10


def _smtp(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=world.pick(("linux", "windows")), server_os="linux").open()
    host, sender = f"mail.{names.domain(rng)}", f"mx.{names.domain(rng)}"
    think = float(rng.lognormal(-4, 1))
    conversation.server(f"220 {host} ESMTP ready\r\n".encode(), think=float(rng.lognormal(-3, 1.2)))
    conversation.client(f"EHLO {sender}\r\n".encode(), think=think)
    conversation.server(
        f"250-{host}\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 PIPELINING\r\n".encode(), think=0.002
    )
    if rng.random() < 0.5:
        conversation.client(b"STARTTLS\r\n", think=think).server(b"220 2.0.0 Ready to start TLS\r\n", think=0.001)
        conversation.client(tls.client_hello(rng, host, tls.OPENSSL), think=0.002)
        conversation.server(tls.server_flight_13(rng, tls.OPENSSL, int(rng.integers(2000, 4500))), think=0.004)
        conversation.client([*tls.client_finish_13(), *tls.application(60)], think=0.002)
        for size in (180, 60, 40):
            conversation.server(tls.application(size), think=0.003).client(tls.application(size), think=think)
        conversation.client(tls.application(int(np.clip(rng.lognormal(9, 1.2), 900, 90_000)), rng), think=0.002)
        return conversation.server(tls.application(70), think=0.05).close("fin", think=0.002)
    conversation.client(f"MAIL FROM:<{world.word()}@{sender}>\r\n".encode(), think=think).server(
        b"250 2.1.0 Ok\r\n", think=0.003
    )
    for _ in range(int(world.pick((1, 1, 1, 2, 12)))):
        conversation.client(f"RCPT TO:<{world.word()}@{host}>\r\n".encode(), think=think)
        conversation.server(b"250 2.1.5 Ok\r\n" if rng.random() < 0.9 else b"550 5.1.1 User unknown\r\n", think=0.01)
    conversation.client(b"DATA\r\n", think=think).server(b"354 End data with <CR><LF>.<CR><LF>\r\n", think=0.002)
    body = http.html(rng, int(np.clip(rng.lognormal(8.5, 1.2), 300, 60_000)))
    head = f"From: <{world.word()}@{sender}>\r\nTo: <{world.word()}@{host}>\r\nSubject: {world.word()}\r\n"
    head += "MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n"
    conversation.client([head.encode(), body, b"\r\n.\r\n"], think=0.002)
    conversation.server([b"250 2.0.0 Ok: queued as ", Rand(10, "hex"), b"\r\n"], think=float(rng.lognormal(-2.5, 0.8)))
    conversation.client(b"QUIT\r\n", think=think).server(b"221 2.0.0 Bye\r\n", think=0.001)
    return conversation.close("server_fin")


def _imap(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, near="client")
    handshake(world, conversation, f"imap.{names.domain(rng)}", tls.LIBRARIES[int(rng.integers(4))], 60)
    for _ in range(int(rng.integers(3, 9))):
        conversation.server(tls.application(int(np.clip(rng.lognormal(5.5, 1.2), 40, 30_000)), rng), think=0.01)
        conversation.client(tls.application(int(rng.integers(30, 120))), think=float(rng.lognormal(-3, 1.5)))
    if rng.random() < 0.5:  # IDLE (RFC 2177)
        for _ in range(3):
            conversation.server(tls.application(40), think=float(world.pick((15.0, 30.0, 120.0))), jitter=0.1)
            conversation.client(tls.application(30), think=0.002)
    return conversation.close(world.pick(("fin", "server_fin", "none")), think=0.01)


def _pop(world: World) -> Conversation:
    conversation = Conversation.tcp(world, near="client").open().server(b"+OK POP3 ready\r\n", think=0.01)
    user = world.word()
    conversation.client(f"USER {user}\r\n".encode(), think=0.002).server(b"+OK\r\n", think=0.002)
    if world.rng.random() < 0.1:
        conversation.client([b"PASS ", Rand(8), b"\r\n"], think=0.002).server(
            b"-ERR [AUTH] Authentication failed.\r\n", think=2.0
        )
        conversation.client(f"USER {user}\r\n".encode(), think=6.0).server(b"+OK\r\n", think=0.002)
    conversation.client([b"PASS ", Rand(10), b"\r\n"], think=0.002).server(b"+OK Logged in.\r\n", think=0.02)
    conversation.client(b"STAT\r\n", think=0.002).server(b"+OK 0 0\r\n", think=0.002)
    return (
        conversation.client(b"QUIT\r\n", think=0.002).server(b"+OK Logging out.\r\n", think=0.001).close("server_fin")
    )


def conversations(world: World) -> list[Conversation]:
    """Ten deliveries, ten IMAP and ten POP sessions."""
    return [make(world) for make in (_smtp, _imap, _pop) for _ in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Mail comes from anywhere to two or three sites; people inside fetch theirs outside."""
    n, rng = len(intended), world.rng
    kind = rng.choice(3, n, p=(0.45, 0.4, 0.15))
    smtp = (kind == 0)[:, None]
    src = np.where(smtp, world.draw(world.outside_servers, n), world.draw(world.inside, n))
    dst = np.where(
        smtp, world.draw(world.some(world.sites, 2, 3), n), world.draw(world.some(world.outside_servers, 3, 9), n)
    )
    port = np.array((25, 993, 110))[kind]
    return Attempts.of(
        world, intended, src=src, dst=dst, dst_port=port, template=kind * _EACH + rng.integers(0, _EACH, n)
    )
