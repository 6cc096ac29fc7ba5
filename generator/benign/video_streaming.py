"""Video streaming: a segment of video every few seconds over one long TLS connection, nearly all of it towards the
client.

HLS and DASH habits: segments of 2 to 10 s, a burst of two to five at the start, then one a period, sizes by the
ladder of qualities (40 to 260 kB here: low rungs, to keep the number of frames moderate), playlist reloads for live
streams, quality changes, seeks, and people who stop watching.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.benign.tls_browsing import handshake
from generator.conversation import Conversation
from generator.shapes import names, tls
from generator.world import Attempts, World

FAMILY = Family("benign", "Video streaming", "Clients fetch segments of video at regular times over TLS.")
_VARIANTS = 20


def _viewer(world: World) -> Conversation:
    rng = world.rng
    style = tls.BROWSERS[int(rng.integers(6))]
    conversation = Conversation.tcp(world, near=world.pick(("client", "server")))
    handshake(world, conversation, names.cdn(rng), style, int(rng.integers(300, 1400)))
    conversation.server(tls.application(int(rng.integers(900, 6000)), rng), think=0.004)
    period = float(world.pick((2.0, 4.0, 4.0, 6.0, 10.0)))
    size = int(rng.uniform(40_000, 130_000))
    live = rng.random() < 0.5
    start = int(rng.integers(1, 4))
    segments, budget = 0, 250_000
    while budget > 0 and segments < 12:
        think = 0.003 if segments < start else period
        if live:
            conversation.client(tls.application(int(rng.integers(250, 700))), think=think, jitter=0.1)
            conversation.server(tls.application(int(rng.integers(400, 1800)), rng), think=0.004)
            think = 0.004
        conversation.client(tls.application(int(rng.integers(250, 900))), think=think, jitter=0.1)
        piece = int(size * rng.uniform(0.7, 1.3))
        conversation.server(tls.application(piece, rng), think=float(rng.lognormal(-5.0, 0.8)), jitter=0.5)
        size = int(np.clip(size * world.pick((1, 1, 1, 0.6, 1.5)), 30_000, 260_000))
        segments, budget = segments + 1, budget - piece
    return conversation.close(world.pick(("fin", "rst", "none", "server_fin")), think=float(rng.uniform(0.1, 10.0)))


def conversations(world: World) -> list[Conversation]:
    """About 0.3 MB for each viewer's connection."""
    return [_viewer(world) for _ in range(_VARIANTS)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Clients outside watch a few of the sites; clients inside watch servers outside."""
    n, rng = len(intended), world.rng
    outward = rng.random(n) < 0.6
    stages = world.some(world.sites, 2, 8)
    src = np.where(outward[:, None], world.draw(world.inside, n), world.draw(world.clients, n))
    dst = np.where(outward[:, None], world.draw(world.outside_servers, n, zipf=1.0), world.draw(stages, n))
    return Attempts.of(world, intended, src=src, dst=dst, dst_port=443, template=world.templates(n, _VARIANTS))
