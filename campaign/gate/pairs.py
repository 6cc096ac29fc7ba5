"""Candidate against base in interleaved pairs: blocks in random order, as many as it takes to know, up to a limit.

A pair is AB or BA by lot, half of them each way, so that whatever goes before or after favours neither. Ten pairs come
first; while a gate is undecided (its limit lies within its interval) five more are run, up to the most allowed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from campaign.gate.block import Block
from campaign.gate.findings import Finding, State
from campaign.gate.statistics import Interval, Word, interval

_STEP: Final = 5
_LATE_SHARE: Final = 0.1  # of the base's median latency: a sender later than that blurs what it measures
_LATE_MS: Final = 10.0  # and never less than that
Json = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """One block of each build, one right after the other."""

    candidate: Block
    base: Block
    order: str  # "AB": the candidate ran first

    @property
    def punctual(self) -> bool:
        """Whether frames left on time in both blocks: latencies of others say nothing of a build."""
        allowed = max(_LATE_MS, _LATE_SHARE * self.base.p50_ms)
        return max(self.candidate.late_p99_ms, self.base.late_p99_ms) <= allowed

    def as_dict(self) -> Json:
        """As a JSON object."""
        blocks = {"candidate": self.candidate.as_dict(), "base": self.base.as_dict()}
        return {"order": self.order, "punctual": self.punctual, **blocks}


@dataclass(frozen=True)
class Limits:
    """The most that the median ratio of each gate may be shown to be, and how many pairs are run."""

    cpu_ratio: float = 1.05
    latency_ratio: float = 1.10
    pairs: int = 10
    most_pairs: int = 20


@dataclass
class Comparison:
    """All pairs of one run and what they say. ``flows`` are those of the workload, by its truth."""

    limits: Limits
    flows: int
    pairs: list[Pair] = field(default_factory=list)

    def cpu(self) -> Interval:
        """Of processor time; both builds are given the same flows, so the ratio per 1,000 flows is the same."""
        return self._interval(self.pairs, lambda block: block.cpu_s)

    def latency(self) -> Interval | None:
        """Of median latency, over pairs whose frames left on time; None where fewer than half did."""
        good = [pair for pair in self.pairs if pair.punctual]
        if 2 * len(good) < len(self.pairs):
            return None
        return self._interval(good, lambda block: block.p50_ms)

    def _interval(self, pairs: list[Pair], value: Callable[[Block], float]) -> Interval:
        new, old = (
            [value(block) for block in blocks] for blocks in zip(*((p.candidate, p.base) for p in pairs), strict=True)
        )
        return interval(new, old, max(self.limits.most_pairs, len(pairs)))

    def per_thousand(self, of: Callable[[Pair], Block]) -> list[float]:
        """Processor time in ms per 1,000 flows of each block of one build."""
        return [round(1e6 * of(pair).cpu_s / self.flows, 4) for pair in self.pairs]

    def undecided(self) -> bool:
        """Whether more pairs may tell more: none of the gates has found a slowdown, and some cannot tell."""
        latency = self.latency()
        words = [self.cpu().word(self.limits.cpu_ratio)]
        words += [latency.word(self.limits.latency_ratio)] if latency else [Word.UNDECIDED]
        return Word.UNDECIDED in words and Word.SLOWER not in words

    def findings(self) -> list[Finding]:
        """One finding on processor time, one on latency."""
        cpu, latency = self.cpu(), self.latency()
        rows = [self._finding("CPU per 1,000 flows", cpu, self.limits.cpu_ratio, self._cpu_words())]
        name = "median latency"
        if latency is None:
            late = sum(not pair.punctual for pair in self.pairs)
            got = f"frames left late in {late} of {len(self.pairs)} pairs"
            detail = "the machine was too busy to measure latency; processor time is measured all the same"
            rows.append(
                Finding("regression", name, State.INVALID, got, self._wanted(self.limits.latency_ratio), detail)
            )
        else:
            rows.append(self._finding(name, latency, self.limits.latency_ratio, self._latency_words()))
        return rows

    def as_dict(self) -> Json:
        """Intervals and every block, as a JSON object."""
        latency = self.latency()
        return {
            "cpu": self.cpu().as_dict(),
            "latency": latency.as_dict() if latency else None,
            "cpu_ms_per_1000_flows": {
                "candidate": self.per_thousand(lambda pair: pair.candidate),
                "base": self.per_thousand(lambda pair: pair.base),
            },
            "flows": self.flows,
            "pairs": [pair.as_dict() for pair in self.pairs],
        }

    def _finding(self, name: str, found: Interval, limit: float, detail: str) -> Finding:
        word = found.word(limit)
        state = State.REGRESSED if word is Word.SLOWER else State.PASSED
        got = f"{found.median:.3f}x ({found.lower:.3f} to {found.upper:.3f}) in {found.pairs} pairs"
        if word is Word.UNDECIDED:
            detail += f"; more than {limit:g}x is not shown, nor ruled out"
        return Finding("regression", name, state, got, self._wanted(limit), detail, found.lower, limit)

    @staticmethod
    def _wanted(limit: float) -> str:
        return f"not shown to be above {limit:g}x"

    def _cpu_words(self) -> str:
        new, old = (_middle(self.per_thousand(of)) for of in (lambda p: p.candidate, lambda p: p.base))
        return f"{new:.2f} ms against {old:.2f} ms"

    def _latency_words(self) -> str:
        good = [pair for pair in self.pairs if pair.punctual]
        new, old = _middle([p.candidate.p50_ms for p in good]), _middle([p.base.p50_ms for p in good])
        return f"{new:.1f} ms against {old:.1f} ms"


def compare(
    run: Callable[[str], Block], limits: Limits, flows: int, seed: int, told: Callable[[Comparison], None] | None = None
) -> Comparison:
    """Run pairs until it is known. ``run`` is given ``candidate`` or ``base`` and measures a block of it.

    ``told`` is called after each pair. Raises what ``run`` raises.
    """
    lots = random.Random(seed)
    found = Comparison(limits, flows)
    wanted = limits.pairs
    while True:
        for order in _orders(wanted - len(found.pairs), lots):
            first, second = ("candidate", "base") if order == "AB" else ("base", "candidate")
            blocks = {first: run(first)}
            blocks[second] = run(second)
            found.pairs.append(Pair(blocks["candidate"], blocks["base"], order))
            if told:
                told(found)
        if wanted >= limits.most_pairs or not found.undecided():
            return found
        wanted = min(wanted + _STEP, limits.most_pairs)


def _orders(count: int, lots: random.Random) -> Sequence[str]:
    """AB and BA in random order, equally often, as far as the count is even."""
    orders = ["AB", "BA"] * (count // 2) + [lots.choice(["AB", "BA"])] * (count % 2)
    lots.shuffle(orders)
    return orders


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
