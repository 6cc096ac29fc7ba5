"""The plan of a campaign, made ahead: who attempts what, when, against whom; refused as a whole where unsafe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from contract.families import catalogue
from contract.safety import Target
from generator import arrivals
from generator.casting import Cast
from generator.curves import held_from
from generator.envelope import envelopes
from generator.plan_check import carriers, check_addresses, check_ports, check_templates
from generator.ports import spared
from generator.stamp import Table
from generator.template import Template
from generator.workload import Share, Workload
from generator.world import Attempts, Layout

Int64 = npt.NDArray[np.int64]
WHOLE: Final = 500_000  # conversations of a campaign that is planned at once
PART: Final = 100_000  # of a stretch of a longer one
_BLOCK: Final = 1 << 16


class Segment(NamedTuple):
    """One stretch of a campaign: its attempts, sorted by ``intended``; ``upto_ns`` is where the next begins."""

    table: Table
    upto_ns: int


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

    def next(self) -> Segment | None:
        """All of it as one stretch; there is no end to it, as whoever asks knows when the campaign ends."""
        return Segment(self.table, self.workload.end_ns)


class Planner:
    """Plans a campaign stretch by stretch, so that memory does not grow with its length.

    A campaign of at most ``WHOLE`` conversations is one stretch; a longer one has stretches of about ``PART``. The same
    workload gives the same stretches. Raises ``InputError``, ``UnsafeError``.
    """

    def __init__(self, workload: Workload, target: Target = Target.WIRE) -> None:
        self.workload = workload
        self.layout = Layout(workload)
        self._target = target
        self._cast = Cast(workload, self.layout, lambda made, family: check_templates(made, family, target))
        self.template: Template = self._cast.template
        self._carriers = carriers(self.template)
        self.families = tuple(self._cast.families)
        self.attacks = np.array([catalogue()[name].attack for name in self.families], np.bool_)
        self._ratio = self._cast.frames_ratio(workload) if workload.match == "frames" else 1.0
        self._curve = workload.curve
        self._due = list(workload.changes)
        self._stage = self._number = 0
        self._at_s, self._late = 0.0, empty_table()
        self._enter_stage()

    def change(self, second: float, rate: float) -> None:
        """From ``second`` on there are ``rate`` attempts a second; what was planned for later is planned anew.

        Whoever took stretches leaves out the attempts from that second on, and those in ``workload.changes`` say so.
        """
        self.workload = replace(self.workload, changes=(*self.workload.changes, (second, rate)))
        self._change(second, rate)

    def expected(self, from_s: float) -> float:
        """How many malicious attempts there will be from a second to the end, on average."""
        attempts, _ = self._envelopes
        return attempts.rate.total - attempts.rate.integral(from_s)

    def next(self) -> Segment | None:
        """The next stretch, None where the campaign is over."""
        if self._due and self._at_s >= self._due[0][0]:
            self._change(*self._due.pop(0))
        if self._at_s >= self.workload.duration_s:
            return None
        end = self._end()
        segment = self._planned(self._at_s, end)
        self._at_s, self._number = end, self._number + 1
        if self._due and self._due[0][0] < end:
            # As if the change had come while this stretch was being sent: planned in full, then cut.
            upto = self.workload.start_ns + round(self._due[0][0] * 1e9)
            segment = Segment(segment.table.take(segment.table.intended < upto), upto)
            self._at_s = self._due[0][0]
        return segment

    def _change(self, second: float, rate: float) -> None:
        self._at_s, self._late = second, empty_table()
        self._curve = held_from(self._curve, second, rate)
        self._stage, self._number = self._stage + 1, 0
        self._enter_stage()

    def _enter_stage(self) -> None:
        self._envelopes = envelopes(self.workload, self._ratio, self._curve)
        rest = sum(each.rate.total - each.rate.integral(self._at_s) for each in self._envelopes)
        self._whole = self._stage == 0 and rest <= WHOLE

    def _end(self) -> float:
        """Where the stretch ends that begins now: at a whole millisecond, or at the end of the campaign or stage."""
        duration = self.workload.duration_s
        low, high = math.floor(self._at_s * 1000) + 1, math.ceil(duration * 1000)
        begun = sum(each.rate.integral(self._at_s) for each in self._envelopes)
        while low < high and not self._whole:
            middle = (low + high + 1) // 2
            inside = sum(each.rate.integral(middle / 1000) for each in self._envelopes) - begun
            low, high = (middle, high) if inside <= PART else (low, middle - 1)
        return duration if self._whole else min(low / 1000, duration)

    def _planned(self, begin: float, end: float) -> Segment:
        work = self.workload
        low, high = work.start_ns + round(begin * 1e9), work.start_ns + round(end * 1e9)
        tables = [self._late]
        for roles, envelope, salt in zip(
            (self._cast.attacks, self._cast.benign), self._envelopes, (0xA77, 0xBE9), strict=True
        ):
            key = [work.seed, salt] if self._whole else [work.seed, salt, 1, self._stage, self._number]
            rng = np.random.default_rng(key)
            if not roles:
                continue
            arriving = arrivals.points(envelope.rate, envelope.spec, begin, end, rng)
            times = np.maximum(arrivals.clock_times(arriving, work.start_ns, high), low)
            for role, own in zip(roles, split([role.share for role in roles], times, work, rng), strict=True):
                attempts = role.attempts(own, None if self._whole else key)
                _check(attempts, role.variants, role.share.family)
                check_addresses(attempts.src, attempts.dst, role.share.family, self._target)
                rows = _spared(_rows(attempts, role.base, role.family, self.layout, work), self._carriers)
                check_ports(rows.src_port, rows.dst_port, self._carriers[rows.variant], role.share.family)
                tables.append(rows)
        joined: list[Any] = [np.concatenate(columns) for columns in zip(*tables, strict=True)]
        table = Table(*joined)
        # Families may move their attempts a little: what falls into the next stretch waits for it.
        self._late = table.take(table.intended >= high)
        table = table.take((table.intended >= low) & (table.intended < high))
        return Segment(table.take(np.argsort(table.intended, kind="stable")), high)


def make_plan(workload: Workload, target: Target = Target.WIRE) -> Plan:
    """Draw the whole plan at once. The same workload gives the same plan. Raises ``InputError``, ``UnsafeError``.

    For a file documentation ranges may be planned as well.
    """
    planner = Planner(workload, target)
    tables = [segment.table for segment in iter(planner.next, None)]
    joined: list[Any] = [np.concatenate(columns) for columns in zip(*tables, strict=True)]
    return Plan(workload, planner.template, Table(*joined), planner.families, planner.attacks)


def split(shares: Sequence[Share], times: Int64, workload: Workload, rng: np.random.Generator) -> list[Int64]:
    """Sorted arrivals dealt out to the shares by weight; at a time when no share is active nobody gets any."""
    seconds = (times - workload.start_ns) / 1e9
    draws = rng.random(len(times))
    chosen = np.empty(len(times), np.int16)
    for low in range(0, len(times), _BLOCK):
        part = slice(low, low + _BLOCK)
        weights = np.zeros((len(shares), len(seconds[part])))
        for row, share in enumerate(shares):
            end = workload.duration_s if share.end_s is None else share.end_s
            weights[row] = share.weight * ((seconds[part] >= share.begin_s) & (seconds[part] < end))
        sums = np.cumsum(weights, axis=0)
        chosen[part] = (draws[part] * sums[-1] >= sums).sum(axis=0)
        chosen[part][sums[-1] <= 0] = len(shares)
    return [times[chosen == row] for row in range(len(shares))]


def _check(attempts: Attempts, variants: int, family: str) -> None:
    n = len(attempts.intended)
    if any(len(column) != n for column in attempts):
        raise InputError(f"{family}: the columns of its attempts differ in length")
    if n and (attempts.template.min() < 0 or attempts.template.max() >= variants):
        raise InputError(f"{family}: an attempt names a conversation that does not exist")
    if n and np.any(_six(attempts.src) != _six(attempts.dst)):
        raise InputError(f"{family}: an attempt has ends of different IP versions")


def _six(addresses: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which of the addresses that a plan may have are IPv6: those of IPv4 are mapped and begin with zeros."""
    found: npt.NDArray[np.bool_] = addresses[:, 0] != 0
    return found


def _rows(attempts: Attempts, base: int, family: int, layout: Layout, workload: Workload) -> Table:
    inside = (attempts.intended >= workload.start_ns) & (attempts.intended < workload.end_ns)
    rows: list[Any] = [column[inside] for column in attempts]
    kept = Attempts(*rows)
    six = _six(kept.src).astype(np.int32)
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
        vlan=layout.vlans(kept.src, kept.dst),
    )


def _spared(table: Table, carrying: npt.NDArray[np.bool_]) -> Table:
    """Datagrams that could hold a packet have no port of a tunnel."""
    could = carrying[table.variant]
    ports = {name: getattr(table, name) for name in ("src_port", "dst_port")}
    return table._replace(**{name: np.where(could, spared(own), own) for name, own in ports.items()})


def empty_table() -> Table:
    """No attempts."""
    wide, none = np.zeros((0, 16), np.uint8), np.zeros(0)
    types = (
        np.int64,
        None,
        None,
        np.uint16,
        np.uint16,
        np.uint64,
        np.uint64,
        np.int32,
        np.int64,
        np.uint64,
        np.int16,
        np.uint16,
    )
    columns: list[Any] = [wide if dtype is None else none.astype(dtype) for dtype in types]
    return Table(*columns)
