"""Judging what is there: a run folder, or a scorecard in a file, against the SLO and a baseline."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from campaign import latency, runfolder
from campaign.gate import baseline, machine, slo
from campaign.gate.targets import Targets
from campaign.gate.whole import Outcome, finish
from campaign.report_content import read_timeline
from campaign.runfolder import RunFolder
from contract.errors import InputError
from contract.files import read_json

_MAX_BYTES: Final = 256 << 20
_NEEDED: Final = ("families", "false_alarms", "alerts", "latency_ms", "ledger", "capture")
_MOVING: Final = ("start_ns",)  # of a workload: it differs from run to run, what is played does not
Json = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """A scorecard and what belongs to it; ``peak`` is the highest multiplier of its run, None of a capture."""

    name: str
    card: Json
    stages: Json
    peak: float | None
    config: str
    seconds: list[float]  # median latency, second by second


def judge_existing(path: Path, targets: Targets, out: Path, compare: Path | None, *, update: bool) -> Outcome:
    """Judge a run folder or a scorecard; nothing is measured anew. Raises ``InputError``."""
    if update and compare is None:
        raise InputError("--update-baseline needs a file: --baseline FILE")
    before = baseline.read(compare) if compare and not update else None
    subject = read(path)
    found = Outcome()
    found.findings += slo.of_card(subject.card, targets["slo"], _limit(subject.peak, targets), subject.name)
    figures = slo.figures(subject.card, subject.stages)
    about = {
        "revision": str((subject.card.get("run") or {}).get("machine", {}).get("tenfold", "")),
        "config": subject.config,
        "frames": {},
        "machine": machine.fingerprint(),
    }
    now = baseline.document(about, {subject.name: figures}, {}, {"latency_p50_ms_by_second": subject.seconds})
    if before is not None:
        found.findings += baseline.findings(now, before, targets["baseline"], judged=("slo",))
    if update and compare is not None:
        baseline.write(compare, now)
    found.document = about | {
        "schema": "tenfold-check/1",
        "when": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "subject": subject.name,
        "slo": {subject.name: [figures]},
        "targets": targets.table,
    }
    return finish(out, found)


def read(path: Path) -> Subject:
    """A run folder or the file of a scorecard. Raises ``InputError`` where it is neither, or not judged yet."""
    if path.is_dir():
        return _of_run(runfolder.existing(path))
    card = read_json(path, "scorecard", _MAX_BYTES)
    _check(card, path)
    name = str(card.get("name") or (card.get("run") or {}).get("scenario") or path.stem)
    return Subject(name, card, {}, None, _digest([name]), [])


def _of_run(folder: RunFolder) -> Subject:
    card = runfolder.read_json(folder.scorecard)
    if not card:
        raise InputError(f"{folder.path}: holds no {folder.scorecard.name}: its run is under way, or was never judged")
    _check(card, folder.scorecard)
    workload = runfolder.read_json(folder.workload)
    state = runfolder.read_json(folder.state)
    curve = state.get("multiplier") or []
    peak = max((float(point[1]) for point in curve), default=None)
    name = str(card["run"]["scenario"]) + (f" {slo.level_name(peak)}" if peak is not None else "")
    played = {key: value for key, value in workload.items() if key not in _MOVING}
    return Subject(name, card, latency.read(folder.latency), peak, _digest([played]), _by_second(folder))


def _by_second(folder: RunFolder) -> list[float]:
    return [float(row["p50_ms"]) for row in read_timeline(folder) if row.get("p50_ms") is not None]


def _check(card: Any, path: Path) -> None:  # noqa: ANN401 - any JSON value
    lacking = [name for name in _NEEDED if not isinstance(card, dict) or name not in card]
    if lacking:
        raise InputError(f"{path}: not a scorecard: it lacks {', '.join(lacking)}")


def _limit(peak: float | None, targets: Targets) -> float | None:
    """The limit of the lowest level that is at least as high as the run; beyond the highest, that one's.

    None of a capture: its latency is that of a tick.
    """
    if peak is None:
        return None
    levels = targets.slo_levels
    return levels[min((level for level in levels if level >= peak), default=max(levels))]


def _digest(what: Any) -> str:  # noqa: ANN401 - any JSON value
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]
