"""``tenfold capacity``: the highest multiplier of a scenario that a detector holds, trial by trial.

Each trial is a campaign of its own, with processes that start anew: what one leaves in tables and queues cannot help or
harm the next. ``capacity.json`` is written after each trial, and a search that was broken off goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from campaign.capacity_search import GENERATOR, HELD, Bounds, Found, most_trials, search
from campaign.capacity_trial import BROKEN, Limits, slim, summary
from campaign.closing import machine
from campaign.figures import Watcher
from campaign.runfolder import read_json, write_json
from campaign.runner import Campaign, Options, run
from campaign.scenario import Overrides, Scenario
from contract.clock import Clock, iso
from contract.errors import InputError, LackingError
from contract.version import VERSION
from generator.workload import TOKYO_RATE

FORMAT: Final = "tenfold-capacity/1"
_SHOWN_WHY: Final = 2
_KEPT: Final = {"number", "multiplier", "phase", "outcome", "why", "latency_ms", "recall", "loss", "sent_per_s", "kpi"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What is searched: ``overrides`` apply to every trial, ``trial_s`` counts behind the warm-up."""

    scenario: Scenario
    overrides: Overrides
    transport: str  # stream or wire
    limits: Limits
    bounds: Bounds
    trial_s: float = 20.0
    warm_up_s: float = 5.0
    model: Path | None = None
    config: Path | None = None
    keep: bool = False  # the tables of each trial's run folder

    def check(self) -> None:
        """Raise ``InputError`` where the request makes no sense."""
        bounds = self.bounds
        if not 0 < bounds.least <= bounds.most <= 1000:
            raise InputError(f"multipliers from {bounds.least:g} to {bounds.most:g}: above 0, up to 1000, lower first")
        if not 0.001 <= bounds.resolution <= 1:
            raise InputError(f"a resolution of {bounds.resolution:g} is not between 0.001 and 1")
        if not 1 <= self.trial_s <= 86_400 or not 0 <= self.warm_up_s <= 3600:
            raise InputError(
                f"trials of {self.trial_s:g} s with {self.warm_up_s:g} s of warm-up: 1 to 86400, 0 to 3600"
            )
        if not 1 <= bounds.confirmations <= 20:
            raise InputError(f"{bounds.confirmations} confirmations are not between 1 and 20")

    def as_dict(self) -> Json:
        """The parameters of the test, as a report must name them (RFC 2544, section 26; RFC 9411, section 4.3)."""
        scenario = self.scenario
        return {
            "scenario": scenario.name,
            "transport": self.transport,
            "trial_s": self.trial_s,
            "warm_up_s": self.warm_up_s,
            "limits": self.limits.as_dict(),
            "bounds": asdict(self.bounds),
            "overrides": self.overrides.as_dict(),
            "background_per_s": max((rate for _, rate in scenario.background), default=0.0),
            "families": scenario.families(),
            "seed": scenario.seed,
            "sites": scenario.sites,
            "clients": scenario.clients,
            "model": self.model.name if self.model else "",
            "config": self.config.name if self.config else "",
        }


class _InterruptedError(Exception):
    """The user stopped a trial."""


class Capacity:
    """One search: its folder, its trials so far, and how a trial is made."""

    def __init__(
        self, request: Request, folder: Path, told: Callable[[str], None], watcher: Watcher, kind: type[Campaign]
    ) -> None:
        self._request, self._folder, self._told = request, folder, told
        self._watcher, self._kind = watcher, kind
        self._path = folder / "capacity.json"
        self.trials: list[Json] = []
        self._earlier = self._resumed()

    def run(self) -> Json:
        """Search; the document that lies in ``capacity.json``. Raises ``KeyboardInterrupt`` where it was stopped."""
        request = self._request
        self._told(
            f"at most some {most_trials(request.bounds)} trials of {request.warm_up_s + request.trial_s:g} s, and the "
            "preparation of each"
        )
        try:
            found = search(self._trial, request.bounds)
        except _InterruptedError:
            self._write(None)
            raise KeyboardInterrupt from None
        return self._write(found)

    def _resumed(self) -> list[Json]:
        """The trials of a search that was broken off, if it asked for the same."""
        known = read_json(self._path)
        if not known:
            return []
        if known.get("format") != FORMAT or known.get("parameters") != self._request.as_dict():
            raise InputError(f"{self._path}: is of another search: give another --out, or the same options")
        trials = known.get("trials")
        if not isinstance(trials, list) or not all(isinstance(t, dict) and t.keys() >= _KEPT for t in trials):
            raise InputError(f"{self._path}: damaged: a trial lacks what is kept of one; give another --out")
        trials = [trial for trial in trials if trial["outcome"] != BROKEN]
        if trials:
            self._told(f"going on behind {len(trials)} trials in {self._folder}")
        return trials

    def _trial(self, load: float, phase: str) -> str:
        for at, known in enumerate(self._earlier):
            if (known["multiplier"], known["phase"]) == (load, phase):
                self.trials.append(self._earlier.pop(at))
                return str(known["outcome"])
        number = len(self.trials) + len(self._earlier) + 1
        self._told(f"trial {number}: {load:g}x ({load * TOKYO_RATE:,.0f} attempts/s), {phase}")
        began = time.monotonic()
        made = self._made(number, load)
        trial: Json = {"number": number, "multiplier": load, "phase": phase} | made
        self.trials.append(trial | {"took_s": round(time.monotonic() - began, 1)})
        self._write(None)
        self._told(f"  {describe(trial)}")
        if trial["outcome"] == BROKEN:
            raise LackingError(f"trial {number} could not be made: {'; '.join(trial['why'])}")
        return str(trial["outcome"])

    def _made(self, number: int, load: float) -> Json:
        request = self._request
        overrides = request.overrides
        values = overrides.as_dict() | {
            "multiplier": load,
            "duration_s": request.warm_up_s + request.trial_s,
            "warm_up_s": request.warm_up_s,
        }
        run_id = self._free(f"{number:02d}-{load:g}x")
        options = Options(runs=self._folder / "trials", run_id=run_id, model=request.model, config=request.config)
        scenario = replace(request.scenario, targets=request.limits.targets())
        done = run(scenario, options, Overrides(**values), self._watcher, kind=self._kind)
        if done.passed is None:
            raise _InterruptedError
        found = summary(done.folder, done.card, request.limits)
        if not request.keep:
            slim(done.folder)
        return {"run": f"trials/{run_id}"} | found

    def _free(self, name: str) -> str:
        """A name of which there is no run folder yet: of a trial that was stopped, one stays behind."""
        names = (name, *(f"{name}-{again}" for again in range(2, 1000)))
        return next(each for each in names if not (self._folder / "trials" / each).exists())

    def _write(self, found: Found | None) -> Json:
        document: Json = {
            "format": FORMAT,
            "tenfold": VERSION,
            "written": iso(Clock.start().now_ns()),
            "parameters": self._request.as_dict(),
            "machine": machine(),
            "finished": found is not None,
            "result": result(found, self.trials, self._request) if found else None,
            "trials": [*self.trials, *self._earlier],
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        write_json(self._path, document)
        return document


def result(found: Found, trials: list[Json], request: Request) -> Json:
    """What a search found, in one sentence and in figures; ``kpi`` are those of the trials that confirmed it."""
    confirming = [t for t in trials if t["multiplier"] == found.load and t["outcome"] == HELD]
    worst = max((t["latency_ms"]["p99"] for t in confirming if t["latency_ms"]["p99"] is not None), default=None)
    return {
        "multiplier": found.load,
        "attempts_per_s": round(found.load * TOKYO_RATE),
        "limit": found.limit,
        "bound": found.bound,
        "confirmed": found.confirmed,
        "headline": headline(found, trials, request),
        "worst_p99_ms": worst,
        "kpi": confirming[-1]["kpi"] if confirming else None,
        "latency_ms": confirming[-1]["latency_ms"] if confirming else None,
    }


def headline(found: Found, trials: list[Json], request: Request) -> str:
    """The sentence that a search is for."""
    place = "over the wire" if request.transport == "wire" else "as a stream"
    rate = f"{found.load * TOKYO_RATE:,.0f} attempts/s"
    why: list[str] = next((t["why"] for t in reversed(trials) if t["multiplier"] == found.limit and t["why"]), [])
    because = "; ".join(why[:_SHOWN_WHY])
    if not found.load:
        if found.bound == GENERATOR:
            return f"This machine's generator does not make {found.limit:g}x, so nothing is known: {because}."
        return f"This detector does not hold {found.limit:g}x Tokyo {place}: {because}."
    if found.bound is None:
        return f"This detector holds {found.load:g}x Tokyo ({rate}) {place}, the most that was asked for."
    if found.bound == GENERATOR:
        return (
            f"This machine's generator ends at {found.load:g}x Tokyo ({rate}); the detector held that {place}. "
            f"What it holds beyond is not known."
        )
    return f"This detector holds {found.load:g}x Tokyo ({rate}) {place}; at {found.limit:g}x it does not: {because}."


def describe(trial: Json) -> str:
    """One line of a log."""
    latency, recall = trial["latency_ms"]["p99"], trial["recall"]
    figures = (
        f"p99 {'-' if latency is None else f'{latency:,.0f} ms'}, "
        f"recall {'-' if recall is None else f'{100 * recall:.1f} %'}, lost {trial['loss']['frames']:,} frames"
    )
    return f"{trial['outcome']}: {figures}{'; ' + '; '.join(trial['why']) if trial['why'] else ''}"


def load_trials(folder: Path) -> Json:
    """``capacity.json`` of a folder. Raises ``InputError`` where there is none."""
    document = read_json(folder / "capacity.json")
    if document.get("format") != FORMAT:
        raise InputError(f"{folder}: holds no capacity.json of {FORMAT}")
    return document
