"""Campaigns that are started from here: one process each, one at a time, watched through their run folder."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.facts import RunFacts, read_json
from api.idempotency import Remembered
from api.names import FAMILY_PATTERN, SCENARIO_PATTERN, ZONE_PATTERN
from api.problems import ProblemError, bad_request, conflict, not_found
from api.room import refuse_without_room
from api.runs import POSTED, RunBook
from api.settings import Settings
from campaign import control
from campaign.runfolder import RunFolder
from campaign.scenario import Overrides, load, names
from contract.errors import InputError, LackingError

_STOP_PATIENCE_S: Final = 30.0
_TAIL: Final = 2000


class CampaignRequest(BaseModel):
    """What to run. Names only: never a path, never a URL."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"scenario": "paris-2024", "multiplier": 10, "duration_s": 60, "seed": 7}]},
    )

    scenario: str = Field(pattern=SCENARIO_PATTERN, description="A scenario, as `/v1/scenarios` names it.")
    multiplier: float | None = Field(default=None, gt=0, le=1000, description="Highest rate in multiples of 815/s.")
    duration_s: float | None = Field(default=None, ge=1, le=86_400, description="Length; the curve is shortened to it.")
    seed: int | None = Field(default=None, ge=0, le=4_294_967_295, description="The same seed gives the same frames.")
    sites: int | None = Field(default=None, ge=1, le=800, description="How many sites are attacked and visited.")
    zone: str | None = Field(default=None, pattern=ZONE_PATTERN, description="Only what is aimed at this zone.")
    mix: dict[Annotated[str, Field(pattern=FAMILY_PATTERN)], Annotated[float, Field(ge=0, le=1e6)]] | None = Field(
        default=None, min_length=1, max_length=64, description="Attack families and their weights; no others come."
    )
    arrivals: Literal["constant", "poisson", "mmpp", "pareto_on_off"] | None = Field(
        default=None, description="How attempts and ordinary conversations follow each other."
    )

    def overrides(self) -> Overrides:
        """What it changes of the scenario."""
        return Overrides(**self.model_dump(exclude={"scenario"}))


class CampaignChange(BaseModel):
    """What to change of a campaign while it runs."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [{"multiplier": 8}]})

    multiplier: float = Field(ge=0, le=1000, description="Attempts in multiples of 815 a second; 0 pauses the attacks.")
    at_s: float | None = Field(
        default=None, ge=0, le=604_800, description="Second of the campaign from which it holds; without it, at once."
    )


class Campaigns:
    """Starts, lists and stops campaigns. May be shared by threads."""

    def __init__(self, settings: Settings, runs: RunBook) -> None:
        self._settings, self._runs = settings, runs
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._run = ""
        self._remembered = Remembered(settings.runs)

    def start(self, wanted: CampaignRequest, who: str = "", key: str | None = None) -> tuple[str, bool]:
        """Start a campaign; its run id, and whether it is an answer of before, to the same ``Idempotency-Key``.

        Raises 400 for what cannot be run, 409 while another one is under way, 422 for a key with another body, 507
        while the disk is nearly full.
        """
        check(wanted)
        refuse_without_room(self._settings)
        body = wanted.model_dump(exclude_none=True)
        with self._turn:
            run = self._remembered.run_of(who, key, body) if key else None
            if run is not None and (run == self._run or (self._settings.runs / run).exists()):
                return run, True
            under_way = self._under_way()
            if under_way:
                raise conflict("under-way", f"campaign {under_way} is under way; stop it or wait for its end")
            # A run that is remembered and never came to be (the service ended in between) is started now.
            run = run or f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{wanted.scenario}-{secrets.token_hex(2)}"
            if key:
                self._remembered.keep(who, key, body, run)
            try:
                self._process = self._spawn(run, wanted)
            except LackingError:
                if key:
                    self._remembered.forget(who, key)
                raise
            self._run = run
        return run, False

    def change(self, run: str, wanted: CampaignChange) -> None:
        """Hold another multiplier. Raises 404, 409 where the campaign is not under way."""
        with self._turn:
            self._ask(run, multiplier=wanted.multiplier, at_s=wanted.at_s)

    def stop(self, run: str) -> None:
        """Ask a campaign to end in order; it is judged as far as it went. Raises 404, or 409 where it has ended."""
        with self._turn:
            if self._process is not None and self._run == run and self._process.poll() is None:
                self._process.send_signal(signal.SIGINT)
            else:
                self._ask(run, stop=True)

    def _ask(self, run: str, **asked: Any) -> None:  # noqa: ANN401 - what control.ask takes
        """By the control file, which any campaign reads, also one that was started in a terminal."""
        mine = self._process is not None and self._run == run and self._process.poll() is None
        try:
            facts = self._runs.choose(run)
        except ProblemError:
            if not mine:
                raise
            raise conflict("starting", f"campaign {run} is only starting; ask again in a second") from None
        if facts.id in POSTED or not _under_way(facts):
            raise conflict("ended", f"campaign {run} is not under way")
        try:
            control.ask(RunFolder(facts.folder), **asked)
        except InputError as error:
            raise bad_request("change", str(error)) from None

    def all(self) -> list[dict[str, Any]]:
        """Every campaign, the newest first; one that has not made its folder yet stands first."""
        items = [self.item(facts) for facts in self._runs.all() if facts.id not in POSTED]
        with self._turn:
            fresh = self._process is not None and all(item["id"] != self._run for item in items)
            if fresh:
                items.insert(0, self._early())
        return items

    def one(self, run: str) -> dict[str, Any]:
        """One campaign. Raises 404."""
        try:
            return self.item(self._runs.choose(run))
        except ProblemError:
            with self._turn:
                if self._process is not None and self._run == run:
                    return self._early()
        raise not_found("no-campaign", f"no campaign is called {run}; /v1/campaigns lists them")

    def item(self, facts: RunFacts) -> dict[str, Any]:
        """A campaign as the API shows it."""
        process = self._process
        mine = process is not None and self._run == facts.id and process.poll() is None
        asked = facts.active and facts.id not in POSTED and _under_way(facts)
        item = facts.item() | {"stoppable": mine or asked}
        return item | (
            {"changes": (read_json(facts.folder / "control.json") or {}).get("changes", [])} if asked else {}
        )

    def close(self) -> None:
        """End the campaign that was started here, in order."""
        with self._turn:
            process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _under_way(self) -> str:
        if self._process is not None and self._process.poll() is None:
            return self._run
        active = self._runs.active()
        return active.id if active else ""

    def _early(self) -> dict[str, Any]:
        """A campaign whose process has no folder yet, or ended before it made one."""
        code = self._process.poll() if self._process is not None else None
        state = "starting" if code is None else "failed"
        reason = "" if code is None else (_last_line(self._log_path()) or f"the process ended with code {code}")
        return early(self._run) | {"state": state, "reason": reason, "stoppable": code is None}

    def _log_path(self) -> Path:
        return self._settings.runs / ".campaign.log"

    def _spawn(self, run: str, wanted: CampaignRequest) -> subprocess.Popen[bytes]:
        command = [*command_line(self._settings.runs, run, wanted)]
        if self._settings.config:
            command += ["--config", str(self._settings.config)]
        try:
            self._settings.runs.mkdir(parents=True, exist_ok=True)
            with self._log_path().open("wb") as log:
                return subprocess.Popen(  # noqa: S603 - our own command line; the request gives a checked name and numbers
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env=os.environ | {"PYTHONUNBUFFERED": "1"},
                )
        except OSError as error:
            raise LackingError(f"the campaign cannot be started: {error.strerror}") from None


def _under_way(facts: RunFacts) -> bool:
    """Whether the campaign reads what is asked of it."""
    try:
        return control.under_way(RunFolder(facts.folder))
    except InputError:
        return False  # its state cannot be read


def early(run: str) -> dict[str, Any]:
    """A campaign that was just started: the answer to the request, and to the same request again."""
    return {"id": run, "state": "starting", "reason": "", "stoppable": True, "elapsed_s": None}


def check(wanted: CampaignRequest) -> None:
    """Raise 400 for a scenario that does not exist or cannot be run like that."""
    known = names()
    if wanted.scenario not in known:
        raise bad_request("no-scenario", f"no scenario is called {wanted.scenario!r}; there are {', '.join(known)}")
    try:
        wanted.overrides().apply(load(wanted.scenario))
    except InputError as error:
        raise bad_request("scenario", str(error)) from None


def command_line(runs: Path, run: str, wanted: CampaignRequest) -> Sequence[str]:
    """The command that runs a campaign into a folder of that name."""
    command = [sys.executable, "-m", "cli.main", "run", wanted.scenario, "--runs", str(runs), "--id", run, "--no-serve"]
    for flag, value in (
        ("--multiplier", wanted.multiplier),
        ("--duration", wanted.duration_s),
        ("--seed", wanted.seed),
        ("--sites", wanted.sites),
        ("--zone", wanted.zone),
        ("--mix", ",".join(f"{name}={weight:g}" for name, weight in (wanted.mix or {}).items()) or None),
        ("--arrivals", wanted.arrivals),
    ):
        if value is not None:
            command += [flag, f"{value:g}" if isinstance(value, float) else str(value)]
    return command


def _last_line(path: Path) -> str:
    """What the process said last, without the colours of a terminal."""
    try:
        text = path.read_bytes()[-_TAIL:].decode(errors="replace")
    except OSError:
        return ""
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).strip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "")
