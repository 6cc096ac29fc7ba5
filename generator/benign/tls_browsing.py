"""Browsing over TLS: pages, APIs and applications on port 443 as people and their programs use them.

TLS 1.3 for most, 1.2 for some; hellos of browsers and libraries; certificate chains of 2 to 6 kB or resumed sessions;
requests of 80 to 1,500 bytes, answers heavy-tailed from 150 bytes to 250 kB; connections of one request or of dozens
over minutes; idle keep-alives; half-open tabs that the server closes. Some programs poll regularly, which is ordinary
too. **Onion routing**: one or two hosts hold long connections to a few guards (443, 9001) in which everything comes in
cells of 514 bytes: bursts down, few cells up, padding cells each 1.5 to 9.5 s when idle. Parameters: ``onion`` (share
of connections, else 0 to 0.03).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import names, tls
from generator.shapes.sessions import visits
from generator.world import Attempts, World

FAMILY = Family("benign", "Web browsing over TLS", "People and their programs use web sites and services over TLS.")
_VARIANTS = 44
_LARGEST = 250_000
_ONIONS = 4
_CELL = 514


def handshake(world: World, conversation: Conversation, host: str, style: tls.ClientStyle, first: int) -> Conversation:
    """A TLS handshake, full or resumed, and the first request of ``first`` bytes."""
    rng = world.rng
    conversation.open().client(tls.client_hello(rng, host, style), think=float(rng.uniform(0.0002, 0.004)))
    if style.tls13 and rng.random() < 0.85:
        resumed = rng.random() < 0.35
        chain = 40 if resumed else int(rng.integers(2000, 5200))
        conversation.server(tls.server_flight_13(rng, style, chain), think=float(rng.uniform(0.0005, 0.01)))
        conversation.client([*tls.client_finish_13(), *tls.application(first)], think=float(rng.uniform(0.0003, 0.003)))
        if not resumed and rng.random() < 0.7:
            conversation.server(tls.application(int(rng.integers(230, 520))), think=0.0005)
        return conversation
    conversation.server(
        tls.server_flight_12(rng, host, int(rng.integers(2200, 5200))), think=float(rng.uniform(0.0005, 0.01))
    )
    conversation.client(tls.client_finish_12(), think=float(rng.uniform(0.0005, 0.005)))
    conversation.server(tls.server_finish_12(ticket=rng.random() < 0.8), think=0.0005)
    return conversation.client(tls.application(first), think=0.0003)


def _connection(world: World, number: int) -> Conversation:
    rng = world.rng
    program = rng.random() < 0.25
    style = tls.LIBRARIES[int(rng.integers(4))] if program else tls.BROWSERS[int(rng.integers(6))]
    conversation = Conversation.tcp(world, near="client" if number % 4 == 0 else "server")
    handshake(world, conversation, names.host(rng), style, int(rng.integers(80, 1500)))
    poll = program and rng.random() < 0.5
    period = float(rng.uniform(1.0, 15.0))
    for turn in range(min(int(rng.geometric(0.25)), 14)):
        if turn:
            think = (
                period if poll else float(rng.lognormal(1.0, 1.0) if rng.random() < 0.3 else rng.lognormal(-3.5, 1.2))
            )
            conversation.client(
                tls.application(int(rng.integers(60, 900))), think=min(think, 30.0), jitter=0.1 if poll else 0.8
            )
        size = int(rng.integers(150, 900)) if poll else int(np.clip(rng.lognormal(8.3, 1.5), 150, _LARGEST))
        conversation.server(tls.application(size, rng), think=float(rng.lognormal(-4.0, 1.0)), jitter=0.7)
    if rng.random() < 0.4:
        conversation.client(tls.alert_close(), think=float(rng.exponential(4.0)))
    return conversation.close(
        world.pick(("fin", "fin", "server_fin", "rst", "none")), think=float(rng.exponential(1.0))
    )


def _onion(world: World, number: int) -> Conversation:
    """Cells in a long connection to a guard."""
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=world.pick(("windows", "linux", "macos")), near="client")
    handshake(world, conversation, f"www.{names.token(rng, 12)}.example.net", tls.OPENSSL, 11 + 17)
    conversation.server(tls.application(2 * _CELL + 700), think=0.03).client(
        tls.application(2 * _CELL + 17), think=0.004
    )
    for _ in range(int(rng.integers(4, 9))):
        if number == 0 or rng.random() < 0.4:  # padding
            conversation.client(tls.application(_CELL + 17), think=float(rng.uniform(1.5, 9.5)))
            conversation.server(tls.application(_CELL + 17), think=0.01)
            continue
        conversation.client(tls.application(int(rng.integers(1, 4)) * _CELL + 17), think=float(rng.lognormal(0.0, 1.0)))
        for _ in range(int(rng.integers(1, 6))):
            cells = int(np.clip(rng.lognormal(2.0, 1.0), 1, 30))
            conversation.server(tls.application(cells * _CELL + 17, rng), think=float(rng.lognormal(-2.5, 0.8)))
    return conversation.close(world.pick(("none", "fin", "rst")), think=float(rng.exponential(5.0)))


def conversations(world: World) -> list[Conversation]:
    """A quarter of them are seen at the client's own network, the rest at the site's border; then onion routing."""
    made = [_connection(world, number) for number in range(_VARIANTS)]
    return made + [_onion(world, number) for number in range(_ONIONS)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Clients visit sites, some far more than others; inside clients visit servers outside."""
    n, rng = len(intended), world.rng
    outward = rng.random(n) < rng.uniform(0.2, 0.5)
    template = rng.integers(0, _VARIANTS // 4, n) * 4 + np.where(outward, 0, rng.integers(1, 4, n))
    from_inside = visits(world, n, world.inside, world.outside_servers, zipf=0.9)
    to_sites = visits(world, n, world.clients, world.sites, zipf=0.8)
    src, dst = (np.where(outward[:, None], out, into) for out, into in zip(from_inside, to_sites, strict=True))
    onion = rng.random(n) < float(np.clip(world.params.get("onion", rng.uniform(0.0, 0.03)), 0.0, 1.0))
    template = np.where(onion, _VARIANTS + rng.integers(0, _ONIONS, n), template)
    hidden, guards = world.some(world.inside, 1, 2), world.some(world.outside_servers, 2, 4)
    guard = rng.integers(0, len(guards), n)
    port = np.where(rng.random(n) < 0.97, 443, 8443)
    return Attempts.of(
        world,
        intended,
        src=np.where(onion[:, None], world.draw(hidden, n), src),
        dst=np.where(onion[:, None], guards[guard], dst),
        dst_port=np.where(onion, np.where(guard % 2, 9001, 443), port),
        template=template,
    )
