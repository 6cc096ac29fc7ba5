"""A whole check: which gates are asked for, one after the other, and one document of all that was found."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from campaign.gate import baseline, builds, frames, history, machine, outputs, quality, regression, slo
from campaign.gate.builds import Build
from campaign.gate.findings import Finding, State, exit_code
from campaign.gate.targets import Targets
from campaign.judge import captures_of
from contract.errors import InputError, LackingError
from detector.model import load_default

GATES: Final = ("quality", "slo", "regression")
_LOSS_SEED: Final = 1
Json = dict[str, Any]
Told = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What is checked, against what, and where it goes. ``base`` is a revision, ``base_path`` another tree."""

    targets: Targets
    out: Path
    only: tuple[str, ...] = ()
    base: str | None = None
    base_path: Path | None = None
    captures: tuple[Path, ...] = ()
    baseline: Path | None = None
    update: bool = False
    history: Path | None = None

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates that are asked for. Raises ``InputError`` where one cannot be."""
        unknown = [name for name in self.only if name not in GATES]
        if unknown:
            raise InputError(f"there is no gate {unknown[0]!r}; there are {', '.join(GATES)}")
        if self.base and self.base_path:
            raise InputError("--base and --base-path are two bases; name one")
        compared = bool(self.base or self.base_path)
        if "regression" in self.only and not compared:
            raise InputError("a regression is judged against a base: --base REVISION or --base-path DIR")
        if compared and self.only and "regression" not in self.only:
            raise InputError("a base is given, and --only leaves out the regression gate that needs it")
        return self.only or tuple(name for name in GATES if compared or name != "regression")


@dataclass
class Outcome:
    """The findings, everything measured as one JSON document, and the exit code."""

    findings: list[Finding] = field(default_factory=list)
    document: Json = field(default_factory=dict)

    @property
    def code(self) -> int:
        """0, 1, 3 or 99."""
        return exit_code(self.findings)


def check(request: Request, told: Told, seed: int | None = None) -> Outcome:
    """Run the gates and write what they found into ``request.out``. Must run in the main thread.

    Raises ``InputError`` before anything is measured where the request cannot be met.
    """
    gates, work = request.gates, request.out / "work"
    before = baseline.read(request.baseline) if request.baseline and not request.update else None
    if request.update and not request.baseline:
        raise InputError("--update-baseline needs a file: --baseline FILE")
    captures = captures_of(list(request.captures)) if request.captures else []
    found = Outcome()
    found.document = _about(request)
    with contextlib.ExitStack() as stack:
        base = _base(request, work, stack, told, found)
        if "quality" in gates:
            _quality(request, captures, work, told, found)
        if "slo" in gates:
            _slo(request, told, found)
        if "regression" in gates and base:
            _regression(request, base, work, told, found, seed)
    _trend(request, found)
    _beside(request, before, found)
    return finish(request.out, found)


def finish(out: Path, found: Outcome) -> Outcome:
    """Complete the document and write it in its three forms."""
    document = found.document
    document |= {"exit_code": found.code, "findings": [row.as_dict() for row in found.findings]}
    outputs.write(out, document, found.findings)
    return found


def _about(request: Request) -> Json:
    return {
        "schema": "tenfold-check/1",
        "when": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "revision": builds.revision_of(builds.ROOT),
        "machine": machine.fingerprint(),
        "config": request.targets.digest,
        "targets": request.targets.table,
        "frames": {},
        "quality": {},
        "captures": {},
        "slo": {},
        "regression": None,
    }


def _base(request: Request, work: Path, stack: contextlib.ExitStack, told: Told, found: Outcome) -> Build | None:
    """The build to compare with, found before anything is measured; what it lacks is a finding, not the end."""
    if request.base_path:
        return builds.at_path("base", request.base_path)
    if request.base:
        told(f"regression: checking out {request.base}")
        try:
            return stack.enter_context(builds.of_revision(request.base, work, told))
        except LackingError as error:
            row = Finding("regression", "the base can be run", State.INVALID, str(error), "its packages are installed")
            found.findings.append(row)
    return None


def _timed(rows: list[Finding], begun: float) -> list[Finding]:
    """The findings of one measurement, which took so long together."""
    each = (time.monotonic() - begun) / max(len(rows), 1)
    return [replace(row, seconds=round(each, 3)) for row in rows]


def _quality(request: Request, captures: list[Path], work: Path, told: Told, found: Outcome) -> None:
    table = request.targets["quality"]
    told("quality: making frames")
    made = frames.make(work, table["scenario"], table["seconds"], table["multiplier"], table["seed"])
    benign = frames.make(work, table["benign_scenario"], table["benign_seconds"], None, table["seed"])
    found.document["frames"] = {"quality": made.sha256, "benign": benign.sha256}
    model = load_default()
    for bars in request.targets.loss:
        begun = time.monotonic()
        told(f"quality: {made.frames + benign.frames:,} frames, {bars.percent:g} % of them lost")
        got = quality.of_generated(made, benign, model, bars.percent, _LOSS_SEED)
        found.document["quality"][f"{bars.percent:g} %"] = got.as_dict()
        found.findings += _timed(quality.findings(got, bars, "generated"), begun)
    for bars in request.targets.captures if captures else ():
        begun = time.monotonic()
        got = quality.of_captures(captures, model, bars.percent, _LOSS_SEED, told)
        found.document["captures"][f"{bars.percent:g} %"] = got.as_dict()
        found.findings += _timed(quality.findings(got, bars, "captures"), begun)


def _slo(request: Request, told: Told, found: Outcome) -> None:
    targets, runs = request.targets, request.out / "runs"
    for multiplier in targets.slo_levels:
        begun = time.monotonic()

        def run(number: int, multiplier: float = multiplier) -> tuple[Json, Json]:
            return slo.play(targets, multiplier, number, runs)

        level = slo.try_level(multiplier, targets, run, told)
        found.document["slo"][level.name] = level.tries
        found.findings += _timed(level.findings, begun)


def _regression(request: Request, base: Build, work: Path, told: Told, found: Outcome, seed: int | None) -> None:
    table, begun = request.targets["regression"], time.monotonic()
    told("regression: making frames")
    made = frames.make(work, table["scenario"], table["seconds"], table["multiplier"], table["seed"])
    candidate = builds.at_path("candidate", builds.ROOT)
    limits = regression.limits_of(table)
    rows, found.document["regression"] = regression.against(candidate, base, made, limits, work, told, seed)
    found.findings += _timed(rows, begun)


def _trend(request: Request, found: Outcome) -> None:
    if not found.document["slo"] or not request.history:
        return
    document, table = found.document, request.targets["trend"]
    who = document["machine"]["id"], document["config"]
    row = history.line(*who, document["revision"], document["when"], document["slo"])
    found.findings += history.findings(row, history.read(request.history, *who), table["compare"])
    history.append(request.history, row, table["keep"])


def _beside(request: Request, before: Json | None, found: Outcome) -> None:
    document = found.document
    levels = {name: tries[-1] for name, tries in document["slo"].items()}
    blocks = (document["regression"] or {}).get("cpu_ms_per_1000_flows", {}).get("candidate", [])
    latencies = [pair["candidate"]["p50_ms"] for pair in (document["regression"] or {}).get("pairs", [])]
    values = {"cpu_ms_per_1000_flows": blocks, "latency_p50_ms": latencies}
    now = baseline.document(document, levels, document["quality"], values)
    if before is not None:
        found.findings += baseline.findings(now, before, request.targets["baseline"])
    if request.update and request.baseline:
        baseline.write(request.baseline, now)
