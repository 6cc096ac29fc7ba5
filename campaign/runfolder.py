"""A run folder: what lies where, and ``run.json``, which says how far the run is.

``run.json``: ``id``, ``scenario``, ``title``, ``state`` (starting, running, judging, finished, interrupted, failed),
``reason``, ``started_ns`` (second 0 of the plan), ``ended_ns``, ``duration_s``, ``pid``, ``clock`` (anchor of the
campaign's ``contract.clock.Clock``), ``overrides``, ``multiplier`` (curve), ``address`` of the page, and ``figures``,
the last line of ``timeline.jsonl`` (``campaign.figures.Figures``).
"""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from contract.errors import InputError

ID_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,119}"
# Relative, and processes run in the folder: the path of a Unix socket may have 107 bytes at most.
SOCKET: Final = ".frames.sock"
_MAX_JSON: Final = 256 << 20


@dataclass(frozen=True)
class RunFolder:
    """The paths of one run."""

    path: Path

    @property
    def id(self) -> str:
        """The run's name."""
        return self.path.name

    @property
    def state(self) -> Path:
        """How far it is."""
        return self.path / "run.json"

    @property
    def scenario(self) -> Path:
        """The scenario as it was written, comments and all."""
        return self.path / "scenario.toml"

    @property
    def config(self) -> Path:
        """The detector's configuration, where it was given one."""
        return self.path / "config.toml"

    @property
    def workload(self) -> Path:
        """What the generator was asked for, with every override."""
        return self.path / "workload.json"

    @property
    def control(self) -> Path:
        """What is asked of the sender while it runs: changes of the rate, an early end."""
        return self.path / "control.json"

    @property
    def truth(self) -> Path:
        """Who every flow really was (TRUTH)."""
        return self.path / "truth.parquet"

    @property
    def frames(self) -> Path:
        """The fingerprint of the frames that left (``generator.fingerprint``)."""
        return self.path / "frames.json"

    @property
    def timeline(self) -> Path:
        """One line of figures a second."""
        return self.path / "timeline.jsonl"

    @property
    def ledger(self) -> Path:
        """Where every frame went."""
        return self.path / "ledger.json"

    @property
    def ticks(self) -> Path:
        """When each tick of the detector came in, was metered and classified (``detector.tick_times``)."""
        return self.path / "ticks.arrows"

    @property
    def latency(self) -> Path:
        """HdrHistograms by stage."""
        return self.path / "latency.json"

    @property
    def alerts(self) -> Path:
        """Every alert as it was at the end."""
        return self.path / "alerts" / "alerts.json"

    @property
    def sent(self) -> Path:
        """Of a run over the wire: when each frame was due, in the order of sending."""
        return self.path / "sent.npy"

    @property
    def received(self) -> Path:
        """Of a run over the wire: when each frame arrived."""
        return self.path / "received.npy"

    @property
    def certificate(self) -> Path:
        """Of a run over the wire: what was planned against what arrived."""
        return self.path / "certificate.json"

    @property
    def scorecard(self) -> Path:
        """The judge's word."""
        return self.path / "scorecard.json"

    @property
    def report(self) -> Path:
        """The same for people."""
        return self.path / "report.html"

    @property
    def socket(self) -> Path:
        """Where generator and detector meet."""
        return self.path / SOCKET

    def status(self, who: str) -> Path:
        """The status file of ``sender`` or ``detector``."""
        return self.path / f"{who}.status.json"

    def log(self, who: str) -> Path:
        """What a process printed."""
        return self.path / "logs" / f"{who}.log"


def create(runs: Path, scenario: str, run_id: str | None = None) -> RunFolder:
    """Make a new run folder. Raises ``InputError`` where that cannot be, or where it exists."""
    if run_id is None:
        run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{scenario}-{secrets.token_hex(2)}"
    if not re.fullmatch(ID_PATTERN, run_id):
        raise InputError(f"{run_id!r} is no name for a run: letters, digits, dots, dashes; at most 120")
    folder = RunFolder(runs.absolute() / run_id)
    try:
        if runs.exists() and not runs.is_dir():
            raise InputError(f"{runs}: cannot write runs here: it is no folder")
        runs.mkdir(parents=True, exist_ok=True)
        folder.path.mkdir()
    except FileExistsError:
        raise InputError(f"{folder.path}: is there already; each run has a folder of its own") from None
    except OSError as error:
        raise InputError(f"{runs}: cannot write runs here: {error.strerror}") from None
    return folder


def existing(path: Path) -> RunFolder:
    """The run folder at a path. Raises ``InputError`` where there is none."""
    folder = RunFolder(path.absolute())
    if not folder.path.is_dir():
        raise InputError(f"{path}: no such run folder")
    if not folder.state.is_file() and not folder.scorecard.is_file():
        raise InputError(f"{path}: not a run folder: it holds neither run.json nor scorecard.json")
    return folder


def write_json(path: Path, document: Any) -> None:  # noqa: ANN401 - any JSON value
    """Replace a JSON file in one step, so that no reader sees half of it."""
    temporary = path.with_name(path.name + ".tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, path)  # noqa: PTH105 - same as Path.replace
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def read_status(path: Path) -> dict[str, Any]:
    """A status file for who looks again soon: empty while there is none, and where it cannot be read."""
    try:
        return read_json(path)
    except InputError:
        return {}


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object that a process may be rewriting; empty where there is none yet. Raises ``InputError``."""
    try:
        if path.stat().st_size > _MAX_JSON:
            raise InputError(f"{path}: a file of a run of more than {_MAX_JSON >> 20} MiB is refused")
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON: {error}") from None
    if not isinstance(document, dict):
        raise InputError(f"{path}: must be a JSON object")
    return document
