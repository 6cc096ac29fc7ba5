"""A replay as a campaign: sent at its pace, detected, judged, reported, in a run folder like any other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from campaign import report, runfolder
from campaign.figures import Watcher
from campaign.replay_request import REQUEST, Request
from campaign.replaying import Traffic, open_replay
from campaign.runner import Campaign, Options, Outcome, run
from campaign.scenario import Overrides, Scenario
from contract.families import UNKNOWN
from generator.workload import TOKYO_RATE, Curve

_POINTS: Final = 120
MAKER: Final = "campaign.replay_maker"


class ReplayCampaign(Campaign):
    """A campaign whose frames come from a capture. ``request`` is set before it goes."""

    request: Request

    def sending(self) -> list[str]:
        """The sender's options: who makes the frames, and where they go."""
        (self.folder.path / REQUEST).write_text(self.request.to_json(), encoding="utf-8")
        return [*super().sending(), "--maker", MAKER]


@dataclass(frozen=True)
class Prepared:
    """A replay that was surveyed: what is to be sent, and a scenario that says so for figures and the run folder."""

    request: Request
    traffic: Traffic
    scenario: Scenario


def prepare(request: Request) -> Prepared:
    """Survey what a request asks for. Raises ``InputError`` as ``open_replay`` does."""
    request = _absolute(request)
    traffic = open_replay(request)
    return Prepared(request, traffic, scenario_of(request, traffic))


def replay_run(
    prepared: Prepared,
    options: Options,
    watcher: Watcher | None = None,
    told: Callable[[str], None] | None = None,
    kind: type[Campaign] = Campaign,
) -> Outcome:
    """Run a replay into a new run folder; ``kind`` is how the processes are joined. See ``campaign.runner.run``."""
    bases = (ReplayCampaign,) if kind is Campaign else (ReplayCampaign, kind)
    bound: type[Campaign] = type("ReplayCampaign", bases, {"request": prepared.request})
    outcome = run(prepared.scenario, options, Overrides(), watcher, told, bound)
    return _with_notes(outcome, prepared.traffic)


def _absolute(request: Request) -> Request:
    """The same request for a process that runs in another folder."""
    into = request.into
    if into is not None and Path(into).exists():
        into = str(Path(into).absolute())
    truth = str(Path(request.truth).absolute()) if request.truth else None
    return replace(request, capture=str(Path(request.capture).absolute()), truth=truth, into=into)


def scenario_of(request: Request, traffic: Traffic) -> Scenario:
    """A scenario that says what the replay is, for figures and the run folder; the generator makes none of it."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", Path(request.capture).stem).lstrip(".-_")[:60] or "capture"
    seconds = max((traffic.end_ns - traffic.start_ns) / 1e9, 1e-3)
    title = f"Replay of {Path(request.capture).name}"
    if request.into:
        title += f" into {Path(request.into).name}"
    head = f"name = {json.dumps(name)}\ntitle = {json.dumps(title)}\nduration = {seconds!r}\n"
    return Scenario(
        name=f"replay-{name}",
        title=title,
        summary=f"{len(traffic.starts):,} attempts in {seconds:,.1f} s",
        duration_s=seconds,
        multiplier=_curve(traffic, seconds),
        background=((0.0, 0.0),),
        attacks=(),
        benign=(),
        seed=request.seed,
        text=f"# A replay; {REQUEST} says how.\n{head}",
    )


def _curve(traffic: Traffic, seconds: float) -> Curve:
    """Attempts a second over time as multiples of 815."""
    starts = (traffic.starts - traffic.start_ns) / 1e9
    bins = min(_POINTS, max(1, int(seconds)))
    counts, edges = np.histogram(starts, bins, (0.0, seconds))
    rates = counts / (seconds / bins) / TOKYO_RATE
    return tuple(zip(((edges[:-1] + edges[1:]) / 2).tolist(), rates.tolist(), strict=True))


def _with_notes(outcome: Outcome, traffic: Traffic) -> Outcome:
    """Put what the replay has to say into scorecard and report."""
    card: dict[str, Any] = outcome.card
    card["notes"] = [*card.get("notes", []), *traffic.notes]
    if traffic.otherwise == UNKNOWN:  # nobody says that what these alerts name is ordinary
        card["alerts"] |= {"unjudged": card["alerts"]["total"] - card["alerts"]["true"], "false": 0}
        card["false_alarms"]["alerts"] = 0
    card["run"]["replay"] = {"truth": traffic.known, "seconds": round((traffic.end_ns - traffic.start_ns) / 1e9, 6)}
    runfolder.write_json(outcome.folder.scorecard, card)
    report.render(outcome.folder)
    return outcome
