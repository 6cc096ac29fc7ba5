"""One trial of a capacity search: a campaign at one multiplier, and what it says in the terms of RFC 9411."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from campaign.capacity_search import FAILED, GENERATOR, HELD
from campaign.labels import I64, numbers, times
from campaign.runfolder import RunFolder, read_json
from campaign.scenario import Targets
from contract.errors import InputError
from detector.capture.live import FOREIGN
from store.layout import DATABASE
from store.reader import StoreReader

BROKEN: Final = "broken"  # the run could not be made: a process died, or its ledger does not balance
_BULKY: Final = ("flows", "verdicts", "truth.parquet", DATABASE, "sent.npy", "received.npy", "ticks.arrows")
Json = dict[str, Any]


@dataclass(frozen=True)
class Limits:
    """What a trial must reach to be held. ``loss`` is the share of frames that may be lost; None asks for nothing."""

    p99_ms: float | None = 500.0
    recall: float | None = 0.5
    loss: float = 0.0
    within_1ms: float = 0.999
    false_alarm_rate: float | None = None

    def targets(self) -> Targets:
        """As a scenario's targets."""
        return Targets(
            recall=self.recall,
            p99_ms=self.p99_ms,
            within_1ms=self.within_1ms,
            false_alarm_rate=self.false_alarm_rate,
        )

    def as_dict(self) -> Json:
        """As a JSON object."""
        return asdict(self)

    def changed(self, **values: float | None) -> Limits:
        """With those values that are not None. Raises ``InputError`` where one makes no sense."""
        given = {name: value for name, value in values.items() if value is not None}
        for name, value in given.items():
            share = name != "p99_ms"
            if not (0 <= value <= 1 if share else value > 0):
                raise InputError(f"{name}: {value:g} is not {'between 0 and 1' if share else 'more than 0'}")
        return replace(self, **given)


def outcome(card: Json, limits: Limits) -> tuple[str, list[str]]:
    """Whether a trial was held, and why not: the word of a search, or ``BROKEN``, and sentences."""
    run, lost = card["run"], losses(card["ledger"])
    missed = [f"{row['name']} {row['got']}, {row['wanted']}" for row in run["targets"] if not row["met"]]
    share = lost["frames"] / max(run.get("sent_frames") or 0, 1)
    if share > limits.loss:
        by = ", ".join(f"{name} {count:,}" for name, count in lost["by"].items())
        missed.insert(0, f"{lost['frames']:,} frames lost ({by})")
    who = run.get("bottleneck")
    if share > limits.loss or who == "detector":
        return FAILED, [*run["reasons"], *missed]
    if who == "generator":
        return GENERATOR, list(run["reasons"])
    if not run["valid"]:
        return BROKEN, list(run["reasons"])
    return (FAILED, missed) if missed else (HELD, [])


def losses(ledger: Json) -> Json:
    """Frames that were dropped, in all and by ``stage: reason``; what was not of the campaign is not lost."""
    by: dict[str, int] = {}
    for name, stage in ledger.get("stages", {}).items():
        if stage.get("unit", "frames") == "frames" and name != FOREIGN:
            by |= {f"{name}: {reason}": count for reason, count in stage["dropped"].items() if count}
    return {"frames": sum(by.values()), "by": by}


def summary(folder: RunFolder, card: Json, limits: Limits) -> Json:
    """What is kept of a trial: rates, latency, recall, loss, and the key performance indicators."""
    run = card["run"]
    word, why = outcome(card, limits)
    sender = read_json(folder.status("sender"))
    state = read_json(folder.state)
    duration = float(state.get("duration_s") or 0.0)
    took = max(duration, float(sender.get("second") or 0.0), 1e-3)
    lost = losses(card["ledger"])
    return {
        "outcome": word,
        "why": why,
        "seconds": duration,
        "warm_up_s": run.get("warm_up_s", 0.0),
        "planned_attempts": run["planned_attempts"],
        "sent_attempts": run["sent_attempts"],
        "sent_per_s": round(run["sent_attempts"] / took, 1),
        "latency_ms": card["latency_ms"],
        "recall": (card.get("attempts") or {}).get("recall"),
        "false_alarm_rate": card["false_alarms"]["rate"],
        "loss": {**lost, "share": lost["frames"] / max(run.get("sent_frames") or 0, 1)},
        "within_1ms": run.get("within_1ms"),
        "lateness_us": run.get("lateness_us"),
        "kpi": indicators(folder, took),
    }


def indicators(folder: RunFolder, seconds: float) -> Json:
    """Inspected throughput (bit/s from the link header on), frames and new flows a second, most flows at a time."""
    frames = size = 0
    begins: list[I64] = [np.zeros(0, np.int64)]
    ends: list[I64] = [np.zeros(0, np.int64)]
    if (folder.path / DATABASE).is_file():
        with StoreReader(folder.path) as reader:
            for table in reader.flow_tables():
                frames += int(sum(numbers(table, f"packets_{way}").astype(np.int64).sum() for way in ("fwd", "bwd")))
                size += int(sum(numbers(table, f"bytes_{way}").astype(np.int64).sum() for way in ("fwd", "bwd")))
                begins.append(times(table, "first"))
                ends.append(times(table, "last"))
    begin, end = np.concatenate(begins), np.concatenate(ends)
    return {
        "inspected_bit_per_s": round(8 * (size + _LINK_HEADER * frames) / seconds),
        "frames_per_s": round(frames / seconds, 1),
        "flows_per_s": round(len(begin) / seconds, 1),
        "concurrent_flows": _most_at_once(begin, end),
    }


_LINK_HEADER: Final = 14  # of Ethernet: flows count from the network header on


def _most_at_once(begin: I64, end: I64) -> int:
    if not len(begin):
        return 0
    moments = np.concatenate((begin, end + 1))
    change = np.concatenate((np.ones(len(begin), np.int64), np.full(len(end), -1, np.int64)))
    return int(np.cumsum(change[np.lexsort((change, moments))]).max())


def slim(folder: RunFolder) -> None:
    """Remove the tables of a trial that was summed up; scorecard, ledger, latencies, timeline and report stay."""
    for name in _BULKY:
        path: Path = folder.path / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
