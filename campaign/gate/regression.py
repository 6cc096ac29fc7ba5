"""The regression verdict: frames are made once, both builds are warmed, and pairs of blocks decide."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from campaign.gate.block import Block, BlockError, run_block
from campaign.gate.builds import Build
from campaign.gate.feed import Feed
from campaign.gate.findings import Finding, State
from campaign.gate.frames import Made
from campaign.gate.pairs import Comparison, Limits, compare
from campaign.gate.targets import Table

Json = dict[str, Any]


def limits_of(table: Table) -> Limits:
    """The limits in ``[regression]``."""
    names = ("cpu_ratio", "latency_ratio", "pairs", "most_pairs")
    return Limits(**{name: table[name] for name in names})


def against(
    candidate: Build,
    base: Build,
    made: Made,
    limits: Limits,
    work: Path,
    told: Callable[[str], None],
    seed: int | None = None,
    *,
    warm: bool = True,
) -> tuple[list[Finding], Json]:
    """Compare two builds on frames that were made; the findings, and everything that was measured as JSON.

    A build that cannot be measured is an invalid finding; a candidate that loses frames without a reason a broken one.
    ``warm`` runs a block of each first that does not count: kernels are compiled, files lie in memory.
    """
    builds = {"candidate": candidate, "base": base}
    about: Json = {"candidate": candidate.as_dict(), "base": base.as_dict(), "frames": made.frames, "flows": made.flows}
    about["seed"] = seed = secrets.randbits(32) if seed is None else seed
    try:
        feed = Feed(made.capture)

        def run(name: str) -> Block:
            return run_block(builds[name], feed, work / "block")

        for name in builds if warm else ():
            told(f"regression: warming {name}")
            run(name)
        found = compare(run, limits, made.flows, seed, lambda so_far: told(_line(so_far)))
    except BlockError as error:
        mine = error.loss and str(error).startswith(candidate.name)
        state = State.BROKEN if mine else State.INVALID
        return [
            Finding("regression", "both builds can be measured", state, str(error), "both run, nothing lost")
        ], about
    return found.findings() + _answers(found), about | found.as_dict()


def _answers(found: Comparison) -> list[Finding]:
    """Whether both builds called as many flows an attack: told, since a comparison of speed alone would hide it."""
    new, old = found.pairs[-1].candidate.attacks, found.pairs[-1].base.attacks
    return [Finding("regression", "flows called an attack", State.TOLD, f"{new:,} against the base's {old:,}")]


def _line(found: Comparison) -> str:
    cpu, latency = found.cpu(), found.latency()
    words = f"median latency {latency.median:.3f}x" if latency else "median latency not measurable"
    return f"regression: pair {len(found.pairs)}: CPU {cpu.median:.3f}x ({cpu.lower:.3f} to {cpu.upper:.3f}), {words}"
