"""Mail: SMTP between servers and from clients, IMAP and POP3, all day and at regular times.

Variants: deliveries in clear or after STARTTLS (6 to 12 lines and a body of 1 to 60 kB; lists with a dozen or, once,
hundreds of recipients; greylisting 450 and another try, unknown recipients, a server that is down); submission (587)
with a login that sometimes fails; IMAP over TLS with idle; **polling**: POP3 and IMAP in clear or over TLS, one short
connection each 30 s to 10 min for each account, nothing new mostly, and phones that still try an old password each
time (a refused login every few minutes, all day: it looks like slow guessing and is none). Parameters: ``stale``
(share of polls with a refused login, else 0.01 to 0.05), ``period_s`` (polling period, else drawn).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.benign.tls_browsing import handshake
from generator.conversation import Conversation, Rand
from generator.shapes import http, names, tls
from generator.shapes.crowd import SECOND, beats
from generator.world import Attempts, World

FAMILY = Family("benign", "Mail", "Servers and people send and fetch mail.")
_EACH = 10
_POLLS, _STALE = 8, 4


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
    if rng.random() < 0.08:
        conversation.client(f"RCPT TO:<{world.word()}@{host}>\r\n".encode(), think=think)
        conversation.server(b"450 4.2.0 Greylisted, please try again later\r\n", think=0.01)
        return conversation.client(b"QUIT\r\n", think=think).server(b"221 2.0.0 Bye\r\n").close("server_fin")
    many = int(rng.integers(60, 200)) if rng.random() < 0.04 else int(world.pick((1, 1, 1, 2, 12)))
    for _ in range(many):
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


def _poll(world: World, number: int) -> Conversation:
    """Is there anything new? Nothing is, mostly."""
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=world.pick(("ios", "android", "windows", "macos")), near="client")
    if number % 4 == 3:
        host, sizes = f"imap.{names.domain(rng)}", (60, 90, 140, 60)
        handshake(world, conversation, host, tls.LIBRARIES[int(rng.integers(4))], 45)
        for size in sizes:
            conversation.server(tls.application(size), think=0.01).client(tls.application(size // 2), think=0.002)
        return conversation.server(tls.application(50), think=0.003).close("fin", think=0.001)
    if number % 4 == 2:
        conversation.open().server(b"* OK [CAPABILITY IMAP4rev1 LITERAL+ IDLE] ready.\r\n", think=0.006)
        lines = (
            (b"LOGIN user secret", b"Logged in"),
            (b"SELECT INBOX", b"[READ-WRITE] Select completed"),
            (b"UID SEARCH UNSEEN", b"Search completed"),
            (b"LOGOUT", b"Logout completed"),
        )
        for turn, (asked, told) in enumerate(lines):
            conversation.client(b"a%d %b\r\n" % (turn, asked), think=0.001)
            conversation.server(b"a%d OK %b.\r\n" % (turn, told), think=0.004)
        return conversation.close("server_fin", think=0.0005)
    conversation.open().server(b"+OK POP3 ready\r\n", think=0.006)
    new = int(rng.integers(1, 4)) if number % 4 == 1 else 0
    user = world.word().encode()
    for asked, told in ((b"USER " + user, b""), (b"PASS secret", b" Logged in."), (b"STAT", b" %d 2040" % new)):
        conversation.client(asked + b"\r\n", think=0.001).server(b"+OK" + told + b"\r\n", think=0.004)
    for turn in range(new):
        conversation.client(b"RETR %d\r\n" % (turn + 1), think=0.001)
        body = http.html(rng, int(np.clip(rng.lognormal(8, 1.0), 300, 30_000)))
        conversation.server(b"+OK %d octets\r\n\r\n" % len(body) + body + b"\r\n.\r\n", think=0.004)
    return conversation.client(b"QUIT\r\n", think=0.001).server(b"+OK Bye.\r\n").close("server_fin")


def _stale(world: World, number: int) -> Conversation:
    """A login with last year's password."""
    conversation = Conversation.tcp(world, client_os=world.pick(("ios", "android")), near="client").open()
    wait = float(world.rng.uniform(1.0, 3.0))
    if number % 2:
        conversation.server(b"* OK IMAP4rev1 ready.\r\n", think=0.006)
        conversation.client(b"a1 LOGIN user old-secret\r\n", think=0.001)
        conversation.server(b"a1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n", think=wait)
        return conversation.client(b"a2 LOGOUT\r\n", think=0.01).server(b"a2 OK Bye.\r\n").close("server_fin")
    conversation.server(b"+OK POP3 ready\r\n", think=0.006)
    conversation.client(b"USER %b\r\n" % world.word().encode(), think=0.001).server(b"+OK\r\n", think=0.002)
    conversation.client([b"PASS ", Rand(9, "alnum"), b"\r\n"], think=0.001)
    return conversation.server(b"-ERR [AUTH] Authentication failed.\r\n", think=wait).close("fin", think=0.01)


def _down(world: World) -> Conversation:
    return Conversation.tcp(world, client_os="linux").send("S").repeat(think=1.0).repeat(think=2.0).repeat(think=4.0)


def conversations(world: World) -> list[Conversation]:
    """Ten deliveries, ten IMAP and ten POP sessions, eight polls, four refused ones, a server that is down."""
    made = [make(world) for make in (_smtp, _imap, _pop) for _ in range(_EACH)]
    made += [_poll(world, number) for number in range(_POLLS)]
    return [*made, *(_stale(world, number) for number in range(_STALE)), _down(world)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Mail comes from anywhere to two or three sites; people inside fetch theirs, some by the clock."""
    n, rng = len(intended), world.rng
    stale = float(np.clip(world.params.get("stale", rng.uniform(0.01, 0.05)), 0.0, 0.5))
    kind = rng.choice(6, n, p=(0.3, 0.19, 0.1, 0.39, 0.0, 0.02))  # 3 polls, 4 refused polls, 5 a server that is down
    most = float(np.clip(world.workload.duration_s / 4, 2.5, 600.0))
    period = float(world.params.get("period_s", np.exp(rng.uniform(np.log(2.0), np.log(most)))))
    regular = kind == 3
    # only polls keep a rhythm: for all others the period is too long to come again
    lasts = np.array([1e15, period * SECOND]).astype(np.int64)
    times, actor = beats(intended, regular.astype(np.int64), lasts, np.array([0.0, 0.05]), rng.random(n))
    old = rng.random(n) < stale  # by account: it fails each time
    kind = np.where(regular & old[actor], 4, kind)
    smtp = np.isin(kind, (0, 5))[:, None]
    account = world.inside[rng.permutation(len(world.inside))][actor % len(world.inside)]
    servers = world.some(world.outside_servers, 3, 9)
    src = np.where(
        smtp, world.draw(world.outside_servers, n), np.where(regular[:, None], account, world.draw(world.inside, n))
    )
    dst = np.where(smtp, world.draw(world.some(world.sites, 2, 3), n), servers[actor % len(servers)])
    counts = np.array((_EACH, _EACH, _EACH, _POLLS, _STALE, 1))
    inner = np.where(regular, actor, rng.integers(0, 1 << 30, n)) % counts[kind]
    polled = np.array((110, 110, 143, 993))[inner % 4]
    port = np.select(
        [kind == 3, kind == 4], [polled, np.where(inner % 2, 143, 110)], np.array((25, 993, 110, 0, 0, 25))[kind]
    )
    return Attempts.of(
        world,
        times,
        src=src,
        dst=dst,
        dst_port=port,
        template=np.concatenate([[0], np.cumsum(counts)[:-1]])[kind] + inner,
    )
