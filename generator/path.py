"""What the network and both ends' habits do to one conversation: loss, reordering, pacing, MTU, keep-alive, marks.

Drawn for each template conversation, with the campaign's shares (``generator.ranges``, ``generator.habits``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from generator.habits import Habits
from generator.ranges import CHOICES, RANGES
from generator.stacks import Stack

FINE: Final = 0  # a segment that arrives
BEFORE: Final = 1  # lost before the monitor: seen once, late
AFTER: Final = 2  # lost beyond the monitor: seen twice


@dataclass(frozen=True)
class Path:
    """One conversation's path and habits; pairs are (client, server). ``CLEAN`` is a perfect one.

    ``loss`` and ``reorder`` are shares of data segments, ``lost_after`` the share of losses beyond the monitor;
    ``burst_rate`` is in bits a second, 0 where the sender paces; ``keepalive`` the idle seconds before a probe, 0 for
    none; ``ack_every`` how many segments one ACK answers; ``tos`` the DSCP byte; ``ecn`` whether the client asks.
    """

    loss: float = 0.0
    lost_after: float = 0.5
    reorder: float = 0.0
    burst_rate: float = 0.0
    keepalive: float = 0.0
    keepalive_by_server: bool = False
    ack_every: tuple[int, int] = (2, 2)
    mtu: tuple[int, int] = (1500, 1500)
    tos: tuple[int, int] = (0, 0)
    ecn: bool = False
    stalls: bool = False
    resets: bool = False
    syn_retry: float = 1.0

    @property
    def orderly(self) -> bool:
        """All that is sent arrives, in order."""
        return self.loss <= 0 and self.reorder <= 0

    def fates(self, rng: np.random.Generator, segments: int) -> list[int]:
        """What happens to each of some segments: ``FINE``, ``BEFORE`` or ``AFTER``."""
        if self.loss <= 0:
            return [FINE] * segments
        lost = rng.random(segments) < self.loss
        after = rng.random(segments) < self.lost_after
        return [(AFTER if beyond else BEFORE) if gone else FINE for gone, beyond in zip(lost, after, strict=True)]

    def arrival(self, rng: np.random.Generator, segments: int) -> list[int]:
        """The order in which some segments reach the monitor: now and then one behind its successor."""
        order = list(range(segments))
        if self.reorder > 0:
            for at in np.flatnonzero(rng.random(segments - 1) < self.reorder) if segments > 1 else ():
                order[at], order[at + 1] = order[at + 1], order[at]
        return order


CLEAN: Final = Path()


def draw_path(habits: Habits, rng: np.random.Generator, client: Stack) -> Path:
    """The path of one conversation of that client."""
    shares, leanings = habits.shares, habits.leanings

    def happens(share: str) -> bool:
        return bool(rng.random() < shares[share])

    def part(name: str) -> float:
        drawn = RANGES[name].draw(rng)
        return shares.get(name, drawn)  # a campaign may fix it (``Workload.path``)

    def marked() -> int:
        return int(CHOICES["dscp"].number(rng)) if happens("marked_share") else 0

    mtus = tuple(int(CHOICES["mtu"].number(rng, leanings["mtu"])) for _ in range(2))
    acks = tuple(int(CHOICES["ack_every"].number(rng, leanings["ack_every"])) for _ in range(2))
    return Path(
        loss=part("loss") if happens("lossy_share") else 0.0,
        lost_after=shares["lost_after"],
        reorder=part("reorder") if happens("reordered_share") else 0.0,
        burst_rate=0.0 if happens("paced_share") else RANGES["burst_rate"].draw(rng),
        keepalive=CHOICES["keepalive_idle"].number(rng) if happens("keepalive_share") else 0.0,
        keepalive_by_server=bool(rng.random() < 0.3),
        ack_every=(acks[0], acks[1]),
        mtu=(mtus[0], 1500 if rng.random() < 0.8 else mtus[1]),
        tos=(0 if client.tool else marked(), marked()),
        ecn=bool(rng.random() < client.ecn * shares["ecn"]),
        stalls=happens("stall_share"),
        resets=happens("reset_share"),
        syn_retry=RANGES["syn_retry"].draw(rng),
    )


def segment_size(stack: Stack, mtu: int) -> int:
    """The MSS that a system on a link of that MTU announces over IPv4; tools announce their own."""
    return stack.mss if stack.tool else min(stack.mss, mtu - 40)
