"""Who takes part in a campaign: each share's family, world and conversations, ready to be asked for attempts.

Conversations are made once a family (making them is the slow part of planning). In a zone a family sees the zone's
sites and has random draws of its own; attackers come from the family's pool everywhere.
"""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from generator import registry
from generator.conversation import Conversation
from generator.segment_rng import SegmentGenerator
from generator.template import Columns, Template
from generator.workload import Share, Workload
from generator.world import Attempts, Layout, World, make_world

Int64 = npt.NDArray[np.int64]
_PILOT = 2000


@dataclass
class Role:
    """One share of the campaign. ``family`` and ``base`` are numbers: of the family, of its first conversation.

    ``variants`` is how many conversations it has.
    """

    share: Share
    world: World
    family: int
    base: int
    variants: int
    state: Mapping[str, Any]  # of the world's generator, before the first attempt is asked for

    def attempts(self, times: Int64, key: list[int] | None = None) -> Attempts:
        """The family's attempts at these times. ``key`` names one stretch of a longer campaign."""
        rng = np.random.default_rng(0)
        rng.bit_generator.state = self.state
        self.world.partial = key is not None
        if key is not None:
            own = np.random.default_rng([*key, *self.share.family.encode(), 0, *self.share.zone.encode()])
            rng = SegmentGenerator(rng, own, len(times))
        self.world.rng = rng
        made = registry.family(self.share.family).attempts(times, self.world)
        self.world.before += len(times)
        if key is not None:  # an attempt's seed is never met again in another stretch
            made = made._replace(seed=made.seed ^ own.integers(0, 2**64, 1, np.uint64))
        return made


class Cast:
    """All roles of a campaign, attacks first. ``families[role.family]`` is the name of a role's family.

    ``check`` is given every family's conversations and name before anything is made of them.
    """

    def __init__(
        self, workload: Workload, layout: Layout, check: Callable[[list[Conversation], str], None] = lambda *_: None
    ) -> None:
        self._check = check
        self.layout = layout
        self.families: list[str] = []
        self._made: dict[tuple[str, str], Role] = {}
        self._columns = Columns()
        attacks, benign = workload.dealt()
        with _uncollected():
            self.attacks = [self._role(share, workload) for share in attacks]
            self.benign = [self._role(share, workload) for share in benign]
            self.template: Template = self._columns.template()
        self._columns = Columns()  # hundreds of megabytes, and all that is needed of them is compiled

    def _role(self, share: Share, workload: Workload) -> Role:
        known = self._made.get((share.family, _text(share.params)))
        if known is None:
            known = self._first(share, workload)
            self._made[share.family, _text(share.params)] = known
        if not share.zone:
            return replace(known, share=share, world=replace(known.world))
        rng = np.random.default_rng([workload.seed, *share.family.encode(), 0, *share.zone.encode()])
        world = replace(known.world, zone=share.zone, sites=self.layout.zones[share.zone], params=share.params)
        return replace(known, share=share, world=world, state=rng.bit_generator.state)

    def _first(self, share: Share, workload: Workload) -> Role:
        world = make_world(workload, share.family, share.params, self.layout)
        made = registry.family(share.family).conversations(world)
        self._check(made, share.family)
        if share.family not in self.families:
            self.families.append(share.family)
        base = len(self._columns)
        self._columns.add(made)
        number = self.families.index(share.family)
        return Role(share, world, number, base, len(made), world.rng.bit_generator.state)

    def frames_ratio(self, workload: Workload) -> float:
        """Mean frames of an attempt by those of an ordinary conversation, from a trial of each family."""
        counts = np.diff(self.template.first)[::2]
        # counted from second 0, so that the same comes of it whenever the campaign begins
        within = np.linspace(0, workload.end_ns - workload.start_ns - 1, _PILOT)
        times = workload.start_ns + within.astype(np.int64)

        def mean(roles: list[Role]) -> float:
            total = sum(role.share.weight for role in roles)
            frames = [role.share.weight * counts[role.base + _trial(role, times)].mean() for role in roles]
            return float(sum(frames) / total) if total else 0.0

        attempts, others = mean(self.attacks), mean(self.benign)
        return attempts / others if others else 1.0


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Hundreds of thousands of small tuples, none in a cycle: looking for garbage costs a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _trial(role: Role, times: Int64) -> npt.NDArray[np.int32]:
    made = role.attempts(times)
    role.world.before = 0
    if len(made.template) and (made.template.min() < 0 or made.template.max() >= role.variants):
        raise InputError(f"{role.share.family}: an attempt names a conversation that does not exist")
    return made.template


def _text(params: Mapping[str, Any]) -> str:
    return json.dumps(params, sort_keys=True, default=str)
