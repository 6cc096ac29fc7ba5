"""The plan of a campaign, made ahead: who attempts what, when, against whom; refused as a whole where unsafe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from contract.addresses import Networks
from contract.errors import InputError, UnsafeError
from contract.families import catalogue
from contract.safety import LAB
from generator import arrivals, registry
from generator.conversation import Conversation
from generator.envelope import Envelope, envelopes
from generator.stamp import Table
from generator.template import Template, compile_conversations
from generator.workload import Share, Workload
from generator.world import Attempts, Layout, make_world

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """A workload made concrete. ``families[table.family]`` names the family of each attempt."""

    workload: Workload
    template: Template
    table: Table
    families: tuple[str, ...]
    attacks: npt.NDArray[np.bool_]  # by row of ``families``

    @property
    def attempts(self) -> int:
        """How many malicious attempts are planned (ordinary conversations are not counted)."""
        return int(np.count_nonzero(self.attacks[self.table.family]))


def make_plan(workload: Workload) -> Plan:
    """Draw the plan. The same workload gives the same plan. Raises ``InputError``, ``UnsafeError``."""
    layout = Layout(workload)
    conversations: list[Conversation] = []
    tables: list[Table] = []
    names: list[str] = []
    attempts_come, others_come = envelopes(workload)
    groups: tuple[tuple[tuple[Share, ...], Envelope, int], ...] = (
        (workload.attacks, attempts_come, 0xA77),
        (workload.benign, others_come, 0xBE9),
    )
    for shares, envelope, salt in groups:
        rng = np.random.default_rng([workload.seed, salt])
        for share, times in split(shares, envelope, workload, rng):
            world = make_world(workload, share.family, share.params, layout)
            module = registry.family(share.family)
            made = module.conversations(world)
            attempts = module.attempts(times, world)
            _check(attempts, made, share.family)
            tables.append(_rows(attempts, len(conversations), len(names), layout, workload))
            conversations.extend(made)
            names.append(share.family)
    template = compile_conversations(conversations)
    joined: list[Any] = [np.concatenate(columns) for columns in zip(*tables, strict=True)]
    table = Table(*joined) if tables else _empty()
    order = np.argsort(table.intended, kind="stable")
    attack = np.array([catalogue()[name].attack for name in names], np.bool_)
    return Plan(workload, template, table.take(order), tuple(names), attack)


def split(
    shares: tuple[Share, ...], envelope: Envelope, workload: Workload, rng: np.random.Generator
) -> list[tuple[Share, Int64]]:
    """The arrivals of one envelope dealt out to the shares by weight; at a time when no share is active none arrives."""
    if not shares:
        return []
    arriving = arrivals.points(envelope.rate, envelope.spec, 0.0, workload.duration_s, rng)
    times = arrivals.clock_times(arriving, workload.start_ns, workload.end_ns)
    seconds = (times - workload.start_ns) / 1e9
    weights = np.zeros((len(shares), len(times)))
    for row, share in enumerate(shares):
        end = workload.duration_s if share.end_s is None else share.end_s
        weights[row] = share.weight * ((seconds >= share.begin_s) & (seconds < end))
    sums = np.cumsum(weights, axis=0)
    draws = rng.random(len(times)) * sums[-1]
    chosen = (draws >= sums).sum(axis=0)
    chosen[sums[-1] <= 0] = len(shares)
    return [(share, times[chosen == row]) for row, share in enumerate(shares)]


def _check(attempts: Attempts, conversations: list[Conversation], family: str) -> None:
    n = len(attempts.intended)
    if any(len(column) != n for column in attempts):
        raise InputError(f"{family}: the columns of its attempts differ in length")
    if n and (attempts.template.min() < 0 or attempts.template.max() >= len(conversations)):
        raise InputError(f"{family}: an attempt names a conversation that does not exist")
    lab = Networks([str(network) for network in LAB])
    for side in (attempts.src, attempts.dst):
        outside = ~lab.contains(side)
        if outside.any():
            raise UnsafeError(f"{family}: {int(outside.sum())} planned addresses lie outside {LAB[0]} and {LAB[1]}")
    if n and np.any((attempts.src[:, 0] == 0x20) != (attempts.dst[:, 0] == 0x20)):
        raise InputError(f"{family}: an attempt has ends of different IP versions")


def _rows(attempts: Attempts, base: int, family: int, layout: Layout, workload: Workload) -> Table:
    inside = (attempts.intended >= workload.start_ns) & (attempts.intended < workload.end_ns)
    rows: list[Any] = [column[inside] for column in attempts]
    kept = Attempts(*rows)
    six = (kept.src[:, 0] == 0x20).astype(np.int32)
    return Table(
        intended=np.ascontiguousarray(kept.intended, np.int64),
        src=np.ascontiguousarray(kept.src, np.uint8),
        dst=np.ascontiguousarray(kept.dst, np.uint8),
        src_port=np.asarray(kept.src_port, np.uint16),
        dst_port=np.asarray(kept.dst_port, np.uint16),
        src_mac=layout.macs(kept.src, 0),
        dst_mac=layout.macs(kept.dst, 1),
        variant=((kept.template.astype(np.int32) + base) * 2 + six).astype(np.int32),
        rtt_ns=np.asarray(kept.rtt_ns, np.int64),
        seed=np.asarray(kept.seed, np.uint64),
        family=np.full(len(kept.intended), family, np.int16),
    )


def _empty() -> Table:
    wide, none = np.zeros((0, 16), np.uint8), np.zeros(0)
    types = (np.int64, None, None, np.uint16, np.uint16, np.uint64, np.uint64, np.int32, np.int64, np.uint64, np.int16)
    columns: list[Any] = [wide if dtype is None else none.astype(dtype) for dtype in types]
    return Table(*columns)
