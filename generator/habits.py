"""The campaign's own flavour: which systems there are, how far away, over which links and paths, with which timers.

Everything is drawn once a campaign from ``generator.ranges``; what is drawn for each conversation is drawn by
``generator.path`` with the shares and leanings that stand here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from generator.ranges import CHOICES, RANGES
from generator.stacks import IPID_COUNT, IPID_FIXED, IPID_RANDOM, IPID_ZERO, STACKS, Stack

__all__ = ["IPID_COUNT", "IPID_FIXED", "IPID_RANDOM", "IPID_ZERO", "STACKS", "Habits", "Stack", "draw_habits"]


@dataclass(frozen=True)
class Habits:
    """The campaign's own flavour. Times in seconds, rates in bits a second.

    ``stacks`` has every system by name; ``kinds`` the names of those of a kind that this campaign meets, with their
    weights. ``shares`` are the drawn values of ``generator.ranges.RANGES``, ``leanings`` the weights of ``CHOICES``.
    """

    stacks: dict[str, Stack]
    kinds: dict[str, tuple[tuple[str, float], ...]]
    shares: dict[str, float]
    leanings: dict[str, tuple[float, ...]]

    @property
    def rtt_median_s(self) -> float:
        """Median round trip over the Internet."""
        return self.shares["rtt_median"]

    @property
    def rtt_sigma(self) -> float:
        """Spread of round trips."""
        return self.shares["rtt_sigma"]

    @property
    def hops(self) -> tuple[int, int]:
        """Routers between a far end and the monitor, least and most."""
        least = int(self.shares["hops_least"])
        return least, least + int(self.shares["hops_span"])

    @property
    def bandwidth(self) -> tuple[float, float]:
        """Access links, slowest and fastest."""
        return self.shares["access_slow"], self.shares["access_fast"]

    @property
    def delayed_ack_s(self) -> float:
        """How long most systems wait before they acknowledge a lone segment."""
        return 0.04 * self.shares["delayed_ack"]

    def stack(self, name: str, rng: np.random.Generator) -> Stack:
        """A system by its name or, where it is a kind, one of that kind as often as the campaign meets it."""
        listed = self.kinds.get(name)
        if listed is None:
            return self.stacks[name]
        at = rng.random()
        for member, share in listed:
            at -= share
            if at < 0:
                return self.stacks[member]
        return self.stacks[listed[-1][0]]

    def system(self, choice: str, rng: np.random.Generator) -> str:
        """The kind of an ordinary system: ``choice`` is "clients" or "servers"."""
        return str(CHOICES[choice].draw(rng, self.leanings[choice]))


def _varied(rng: np.random.Generator, stack: Stack) -> Stack:
    """What tools and kernels let the user set, or draw themselves."""
    kind = stack.kind or stack.name.partition("-")[0]
    if kind in ("linux", "android") and rng.random() < 0.25:
        return replace(stack, scale=int(rng.choice([6, 7, 8, 9, 10])))  # follows net.core.rmem_max
    if kind == "nmap":
        return replace(
            stack, ttl=int(RANGES["nmap_ttl"].draw(rng)), window=int(CHOICES["nmap_window"].number(rng))
        )  # fmt: skip
    if kind in ("mirai", "flooder", "hping"):
        window = stack.window if kind == "hping" and rng.random() < 0.6 else int(RANGES["tool_window"].draw(rng))
        return replace(stack, window=window, ttl=int(CHOICES["tool_ttl"].number(rng)))
    return stack


def _kinds(rng: np.random.Generator) -> dict[str, tuple[tuple[str, float], ...]]:
    """Who is met: of ordinary kinds all members, each campaign with its own weights; of a tool one build alone."""
    members: dict[str, list[Stack]] = {}
    for stack in STACKS:
        members.setdefault(stack.kind or stack.name.partition("-")[0], []).append(stack)
    kinds: dict[str, tuple[tuple[str, float], ...]] = {}
    for kind, listed in members.items():
        shares = rng.dirichlet([3.0 if number == 0 else 1.0 for number in range(len(listed))])
        if listed[0].tool:
            kinds[kind] = ((listed[int(np.argmax(shares))].name, 1.0),)
        else:
            kinds[kind] = tuple((stack.name, float(share)) for stack, share in zip(listed, shares, strict=True))
    return kinds


def draw_habits(rng: np.random.Generator) -> Habits:
    """The habits of one campaign."""
    return Habits(
        stacks={stack.name: _varied(rng, stack) for stack in STACKS},
        kinds=_kinds(rng),
        shares={name: one.draw(rng) for name, one in RANGES.items() if one.per == "campaign"},
        leanings={name: one.lean(rng) for name, one in CHOICES.items() if one.spread},
    )
