"""What a run folder says of itself: its scenario, its state, how far it is."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from contract.clock import Clock, calendar, iso
from store.layout import DATABASE

_MAX_JSON: Final = 16 << 20
_ACTIVE: Final = ("starting", "running", "judging", "live")
_TITLES: Final = {"live": "What sensors post", "sensors": "What remote sensors meter"}
_STALE_S: Final = 15.0
_MARKS: Final = ("run.json", "scenario.toml", DATABASE, "scorecard.json")


@dataclass(frozen=True)
class RunFacts:
    """One run folder at one moment. ``status`` is the runner's own document, ``{}`` where there is none."""

    id: str
    folder: Path
    state: str
    scenario: str
    title: str
    started_ns: int | None
    ended_ns: int | None
    duration_s: float | None
    touched_ns: int
    reason: str = ""
    status: dict[str, Any] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Whether something still happens in it."""
        return self.state in _ACTIVE

    @property
    def has_store(self) -> bool:
        """Whether detections can be read."""
        return (self.folder / DATABASE).is_file()

    @property
    def now_ns(self) -> int:
        """Now (epoch ns) by the clock of the run, so that a step of the wall clock since its start changes nothing."""
        try:
            return Clock.from_anchor(self.status["clock"]).now_ns()
        except (KeyError, ValueError, AttributeError):  # a run of another version, or none of a campaign
            return calendar().now_ns()

    @property
    def elapsed_s(self) -> float | None:
        """Seconds since it started, up to its end."""
        if self.started_ns is None:
            return None
        return max(0.0, ((self.ended_ns or self.now_ns) - self.started_ns) / 1e9)

    def item(self) -> dict[str, Any]:
        """The run as the API shows it."""
        return {
            "id": self.id,
            "state": self.state,
            "scenario": self.scenario,
            "title": self.title,
            "started": iso(self.started_ns) if self.started_ns else None,
            "started_ms": self.started_ns / 1e6 if self.started_ns else None,
            "ended": iso(self.ended_ns) if self.ended_ns else None,
            "elapsed_s": self.elapsed_s,
            "duration_s": self.duration_s,
            "reason": self.reason,
            "has_report": (self.folder / "report.html").is_file(),
            "has_scorecard": (self.folder / "scorecard.json").is_file(),
        }


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object from a file of a run; None where there is none or it is half written."""
    try:
        if path.stat().st_size > _MAX_JSON:
            return None
        document = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return document if isinstance(document, dict) else None


def read_facts(folder: Path) -> RunFacts | None:
    """The facts of a run folder; None where it is none."""
    if not any((folder / mark).exists() for mark in _MARKS):
        return None
    try:
        touched = max((folder / mark).stat().st_mtime_ns for mark in (*_MARKS, ".") if (folder / mark).exists())
    except OSError:
        return None
    status = read_json(folder / "run.json") or {}
    scenario = {} if status.get("title") else _scenario(folder)
    name = str(status.get("scenario") or scenario.get("name") or "")
    return RunFacts(
        id=folder.name,
        folder=folder,
        state=_state(folder, status, touched),
        scenario=name,
        title=str(status.get("title") or scenario.get("title") or name or _TITLES.get(folder.name, folder.name)),
        started_ns=_whole(status.get("started_ns")),
        ended_ns=_whole(status.get("ended_ns")),
        duration_s=_float(status.get("duration_s", scenario.get("duration"))),
        touched_ns=touched,
        reason=str(status.get("reason") or ""),
        status=status,
    )


def _scenario(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / "scenario.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _state(folder: Path, status: dict[str, Any], touched_ns: int) -> str:
    if folder.name in _TITLES:
        return "live"
    state = str(status.get("state") or "")
    if not state:
        return "finished" if (folder / "scorecard.json").is_file() else "unknown"
    if state in _ACTIVE and not _alive(status.get("pid"), touched_ns):
        return "interrupted"  # its process is gone without a word
    return state


def _alive(pid: object, touched_ns: int) -> bool:
    if isinstance(pid, int) and pid > 0:
        return Path(f"/proc/{pid}").exists()
    return calendar().now_ns() - touched_ns < _STALE_S * 1e9


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
