"""What a load test is told, by environment variables, so that Locust's own command line stays free."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contract.errors import InputError
from loadtests.shapes import BREAKING, Step, plan_of, steps

TOKYO_RATE: Final = 815
SHAPE: Final = "climb"


@dataclass(frozen=True)
class Thresholds:
    """What must hold for exit code 0. Latencies in milliseconds, shares from 0 to 1."""

    detect_p99_ms: float = 5000.0
    missed: float = 0.05
    failures: float = 0.0
    behind: float = 0.02  # posts that could not leave within a slice of their time
    dropped: float = 0.01  # arrivals that could not be started
    read_p99_ms: float = 1000.0
    stream_p99_ms: float = 2000.0


@dataclass(frozen=True)
class LoadSettings:
    """The folder of feeds (``feed-8x.arrow`` and so on), the plan, how many there are of each user, the thresholds.

    ``steps`` are multipliers, one step each; without them the named ``shape`` counts. ``sensors`` share one plan.
    """

    feeds: Path
    shape: str = SHAPE
    steps: tuple[int, ...] = ()
    step_s: float = 15.0
    sensors: int = 1
    readers: int = 2
    reads_s: float = 5.0  # requests a second of each reader
    walls: int = 2
    launches: int = 1
    slice_s: float = 0.1
    summary: Path | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    headers: dict[str, str] = field(default_factory=dict, repr=False)  # give the service its key, where one is needed

    @property
    def plan(self) -> list[Step]:
        """The steps, in order."""
        return steps(self.steps, self.step_s) if self.steps else plan_of(self.shape, self.step_s)

    @property
    def breaking(self) -> bool:
        """Whether the test looks for the first step that does not hold."""
        return not self.steps and self.shape == BREAKING

    def feed(self, multiplier: int) -> Path:
        """The file with the attempts of one step."""
        return self.feeds / f"feed-{multiplier}x.arrow"


def from_environment(environment: dict[str, str] | None = None) -> LoadSettings:
    """The settings of this process. Raises ``InputError`` where one is missing or makes no sense."""
    values = dict(os.environ) if environment is None else environment
    feeds = values.get("TENFOLD_FEEDS", "")
    if not feeds:
        raise InputError("TENFOLD_FEEDS must name the folder with feed-1x.arrow and so on; `make load` makes it")
    base = Thresholds()
    summary = values.get("TENFOLD_LOAD_SUMMARY", "")
    return LoadSettings(
        feeds=Path(feeds),
        shape=_shape(values.get("TENFOLD_LOAD_SHAPE", SHAPE)),
        steps=_steps(values.get("TENFOLD_LOAD_STEPS", "")),
        sensors=max(1, int(_number(values, "TENFOLD_LOAD_SENSORS", 1))),
        readers=int(_number(values, "TENFOLD_LOAD_READERS", 2)),
        reads_s=max(0.01, _number(values, "TENFOLD_LOAD_READS_S", 5.0)),
        walls=int(_number(values, "TENFOLD_LOAD_WALLS", 2)),
        launches=int(_number(values, "TENFOLD_LOAD_LAUNCHES", 1)),
        headers=key_headers(values),
        step_s=_number(values, "TENFOLD_LOAD_STEP_S", 15.0),
        summary=Path(summary) if summary else None,
        thresholds=Thresholds(
            detect_p99_ms=_number(values, "TENFOLD_LOAD_DETECT_P99_MS", base.detect_p99_ms),
            missed=_number(values, "TENFOLD_LOAD_MISSED", base.missed),
            failures=_number(values, "TENFOLD_LOAD_FAILURES", base.failures),
            behind=_number(values, "TENFOLD_LOAD_BEHIND", base.behind),
            dropped=_number(values, "TENFOLD_LOAD_DROPPED", base.dropped),
            read_p99_ms=_number(values, "TENFOLD_LOAD_READ_P99_MS", base.read_p99_ms),
            stream_p99_ms=_number(values, "TENFOLD_LOAD_STREAM_P99_MS", base.stream_p99_ms),
        ),
    )


def key_headers(environment: dict[str, str] | None = None) -> dict[str, str]:
    """The header that gives the key of ``TENFOLD_KEY`` (scopes ingest, read, operate); none without it.

    Only the environment holds it: everybody can read the command line of a process. Raises ``InputError``.
    """
    key = (dict(os.environ) if environment is None else environment).get("TENFOLD_KEY", "")
    if key and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", key):
        raise InputError("TENFOLD_KEY holds no key; `tenfold keys add` prints one")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _shape(name: str) -> str:
    plan_of(name, 1.0)
    return name


def _steps(text: str) -> tuple[int, ...]:
    if not text:
        return ()
    parts = text.split(",")
    if not all(part.strip().isdecimal() and 1 <= int(part) <= 1000 for part in parts):
        raise InputError(f"TENFOLD_LOAD_STEPS: {text!r} is no list of multipliers such as 1,8,10")
    return tuple(int(part) for part in parts)


def _number(values: dict[str, str], name: str, default: float) -> float:
    text = values.get(name, "")
    try:
        number = float(text) if text else default
    except ValueError:
        raise InputError(f"{name}: {text!r} is no number") from None
    if not 0 <= number < 1e9:
        raise InputError(f"{name}: {text!r} makes no sense")
    return number
