"""Browsing over TLS: pages, APIs and applications on port 443 as people and their programs use them.

TLS 1.3 for most, 1.2 for some; hellos of browsers and libraries; certificate chains of 2 to 6 kB or resumed sessions;
requests of 80 to 1,500 bytes, answers heavy-tailed from 150 bytes to 250 kB; connections of one request or of dozens
over minutes; idle keep-alives; half-open tabs that the server closes. Some programs poll regularly, which is ordinary
too.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import names, tls
from generator.world import Attempts, World

FAMILY = Family("benign", "Web browsing over TLS", "People and their programs use web sites and services over TLS.")
_VARIANTS = 44
_LARGEST = 250_000


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


def conversations(world: World) -> list[Conversation]:
    """A quarter of them are seen at the client's own network, the rest at the site's border."""
    return [_connection(world, number) for number in range(_VARIANTS)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Clients visit sites, some far more than others; inside clients visit servers outside."""
    n, rng = len(intended), world.rng
    outward = rng.random(n) < rng.uniform(0.2, 0.5)
    template = rng.integers(0, _VARIANTS // 4, n) * 4 + np.where(outward, 0, rng.integers(1, 4, n))
    src = np.where(outward[:, None], world.draw(world.inside, n), world.draw(world.clients, n, zipf=0.5))
    dst = np.where(
        outward[:, None], world.draw(world.outside_servers, n, zipf=0.9), world.draw(world.sites, n, zipf=0.8)
    )
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        dst_port=np.where(rng.random(n) < 0.97, 443, 8443),
        template=template,
    )
