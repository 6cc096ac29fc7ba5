"""The end of a run: ledgers merged, the store tidied, the run judged against its targets, the report written."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from campaign import latency, report, runfolder, scorecard
from campaign.certifying import certify_run
from campaign.judge import judge_run
from campaign.run_ledger import faults, run_ledger
from campaign.runfolder import RunFolder
from campaign.saving import Saver
from campaign.scenario import Scenario, Targets
from contract.errors import InputError, LackingError
from contract.ledger import Ledger
from contract.version import VERSION
from store.layout import DATABASE
from store.reader import StoreReader
from store.writer import StoreWriter

LEDGER: Final = "ledger: "
LATE: Final = {
    "detector": "the detector did not keep up and held the generator back",
    "generator": "the generator was the bottleneck",
}
"""How reasons begin for which a run is not valid: by whom frames left late, and what the ledger says."""
_MUCH: Final = 0.5  # seconds of frames that wait for a detector before we say that it held the generator back
_NOTHING: Final = np.zeros(0, np.float64)
Json = dict[str, Any]


@dataclass
class Ending:
    """How a run ended. ``reasons`` say why it is not valid; ``interrupted`` names the signal that stopped it.

    ``worst_backlog`` is the most frames that were sent and not yet metered, ``best_frames_per_s`` the highest rate.
    ``wire`` is how many frames the wire's interfaces dropped, None of a run without a wire; ``receiver`` whose status
    says what arrived there. ``foreign`` judges a run whose detector was not ours, given the ledger up to the wire's
    end: its word stands where that of our store would. ``outputs``
    ends those who follow the store, once nothing is written to it any more. ``saver`` writes, and knows whether that
    failed.
    """

    reasons: list[str] = field(default_factory=list)
    interrupted: str = ""
    planned_attempts: int = 0
    worst_backlog: int = 0
    best_frames_per_s: float = 0.0
    ended_ns: int = 0
    wire: int | None = None
    receiver: str = "detector"
    foreign: Callable[[Ledger], tuple[Json, list[str]]] | None = None
    outputs: Callable[[], None] = lambda: None
    saver: Saver = field(default_factory=Saver)


def close_run(folder: RunFolder, scenario: Scenario, ending: Ending) -> Json:
    """Judge a run whose processes have ended; its scorecard, which lies in the folder together with the report."""
    sender, detector = (runfolder.read_json(folder.status(who)) for who in ("sender", "detector"))
    certificate: Json | None = None
    uncertified: list[str] = []
    notes = [] if ending.foreign else _tidy(folder, sender.get("lateness"))
    ending.outputs()
    receiver = runfolder.read_json(folder.status(ending.receiver))
    ledger = run_ledger(folder, sender, receiver, ending.wire, foreign=ending.foreign is not None)
    if ending.wire is not None:
        certificate, uncertified = certify_run(folder, scenario, sender, receiver, ending.wire)
    saver = ending.saver
    saver.save(lambda: runfolder.write_json(folder.ledger, ledger.as_dict()))
    unbalanced = faults(ledger, sender, receiver)
    reasons = [*ending.reasons, *_faults(sender, unbalanced, scenario.targets, ending), *uncertified]
    card, lacking = ending.foreign(ledger) if ending.foreign else _judged(folder, ledger)
    card["notes"] = [*card.get("notes", []), *notes, *detector.get("notes", [])]
    reasons += [*lacking, *filter(None, [saver.fault])]
    valid = not reasons
    targets = check_targets(card, scenario.targets)
    passed = None if ending.interrupted else valid and all(target["met"] for target in targets)
    card["run"] = {
        "id": folder.id,
        "scenario": scenario.name,
        "title": scenario.title,
        "valid": valid,
        "passed": passed,
        "reasons": reasons,
        "targets": targets,
        "planned_attempts": sender.get("planned_attempts", ending.planned_attempts),
        "changes": sender.get("changes", []),
        "sent_attempts": sender.get("sent_attempts", 0),
        "sent_frames": sender.get("sent_frames", 0),
        **_punctuality(certificate or sender),
        "bottleneck": bottleneck(sender, certificate, scenario.targets, ending),
        "warm_up_s": scenario.warm_up_s,
        "machine": machine(),
    }
    if certificate is not None:
        card["certificate"] = {name: value for name, value in certificate.items() if name != "curve"}
    _save(folder, card, saver)
    return card


def _save(folder: RunFolder, card: Json, saver: Saver) -> None:
    """Write scorecard and report. A run that could not be saved whole is not valid, and its scorecard says so."""
    before = saver.fault
    saver.save(lambda: runfolder.write_json(folder.scorecard, card))
    if folder.scorecard.is_file():
        try:
            saver.save(lambda: report.render(folder))
        except InputError as error:
            saver.fault = saver.fault or f"the run cannot be saved: {error}"
    if saver.fault != before:
        card["run"] |= {"valid": False, "passed": None if card["run"]["passed"] is None else False}
        card["run"]["reasons"].append(saver.fault)
        saver.save(lambda: runfolder.write_json(folder.scorecard, card))


def _punctuality(said: Json) -> Json:
    """How punctual frames were: by the receiver's word where there is one, else by the sender's."""
    return {"within_1ms": said.get("within_1ms"), "lateness_us": said.get("lateness_us")}


def _tidy(folder: RunFolder, sent: Json | None) -> list[str]:
    """Recover and compact the store, write the alerts and latencies; what recovery had to say."""
    if not (folder.path / DATABASE).is_file():
        return []
    try:
        with StoreWriter(folder.path, compact_after=0) as store:
            notes = list(store.notes)
            store.compact(everything=True)
            store.compact(everything=True)  # the files of the round before go with this one
        with StoreReader(folder.path) as reader:
            moments = latency.moments(folder.ticks, *reader.commit_times())
            latency.write(folder.latency, latency.measure(reader.verdict_tables(), moments), sent)
            alerts = [alert.as_dict() for alert in reader.all_alerts()]
            runfolder.write_json(folder.alerts, {"alerts": alerts})
    except (InputError, LackingError, OSError) as error:
        return [f"the store could not be tidied: {error}"]
    return notes


def _judged(folder: RunFolder, ledger: Ledger) -> tuple[Json, list[str]]:
    """The judge's scorecard, or an empty one and why."""
    try:
        return judge_run(folder.path), []
    except InputError as error:
        return empty_card(ledger), [f"cannot be judged: {error}"]


def empty_card(ledger: Ledger) -> Json:
    """The scorecard of a run of which nothing could be judged."""
    return {
        "capture": {"frames": 0, "flows": 0, "seconds": 0.0},
        "families": {},
        "entries": [],
        "false_alarms": {"benign_flows": 0, "flagged": 0, "rate": 0.0, "alerts": 0},
        "alerts": {"total": 0, "true": 0, "false": 0},
        "latency_ms": scorecard.latency(_NOTHING),
        "ledger": ledger.as_dict(),
        "confusion": {},
        "worst_missed": [],
        "notes": [],
    }


def _faults(sender: Json, unbalanced: list[str], targets: Targets, ending: Ending) -> list[str]:
    """Why the run is not valid, by the ledger and the generator's own word."""
    found = [f"interrupted by {ending.interrupted}"] if ending.interrupted else []
    found += [f"{LEDGER}{fault}" for fault in unbalanced]
    on_time = sender.get("within_1ms")
    who = bottleneck(sender, None, targets, ending) if ending.wire is None else None  # of a wire, the certificate says
    if who is not None and on_time is not None:
        blame = LATE[who]
        found.append(
            f"{blame}: {100 * on_time:.2f} % of frames left within 1 ms of plan, {100 * targets.within_1ms:g} % must"
        )
    return found


def bottleneck(sender: Json, certificate: Json | None, targets: Targets, ending: Ending) -> str | None:
    """Which side could not keep the plan, ``detector``, ``receiver`` or ``generator``; None where frames kept to it.

    Without a wire a slow detector shows as frames that wait for it; over a wire, as frames that its ring did not take.
    """
    if certificate is not None:
        lost, late = certificate.get("lost") or {}, certificate.get("within_1ms")
        if lost.get("kernel") or lost.get("detector"):
            return ending.receiver
        return "generator" if lost.get("generator") or late is None or late < targets.within_1ms else None
    on_time = sender.get("within_1ms")
    if not sender.get("sent_frames") or not isinstance(on_time, int | float) or on_time >= targets.within_1ms:
        return None
    return "detector" if ending.worst_backlog > _MUCH * max(ending.best_frames_per_s, 1.0) else "generator"


def check_targets(card: Json, targets: Targets) -> list[Json]:
    """Each target of the scenario that can be judged here, with what was reached."""
    rows: list[Json] = []

    def at_least(name: str, wanted: float | None, got: float | None) -> None:
        if wanted is not None:
            rows.append(
                _row(name, f"at least {_percent(wanted)}", _percent(got), met=got is not None and got >= wanted)
            )

    def at_most(name: str, wanted: float | None, latencies: Json) -> None:
        if wanted is not None:
            got = latencies["p99"]
            met = got is not None and got <= wanted
            rows.append(_row(name, f"at most {wanted:g} ms", "-" if got is None else f"{got:g} ms", met=met))

    attempts = card.get("attempts") or {}
    at_least("attempts detected", targets.recall, attempts.get("recall"))
    for group, wanted in targets.groups.items():
        at_least(f"attempts detected: {group}", wanted, _group_recall(card, group))
    if targets.false_alarm_rate is not None:
        rate = card["false_alarms"]["rate"]
        met = rate <= targets.false_alarm_rate
        rows.append(
            _row(
                "ordinary flows called an attack",
                f"at most {_percent(targets.false_alarm_rate)}",
                _percent(rate),
                met=met,
            )
        )
    at_most("latency p99", targets.p99_ms, card["latency_ms"])
    sight = card.get("on_sight") or {}
    if sight.get("attempts"):  # a scenario whose mix was changed may have none
        at_most("latency p99 of what can be known on sight", targets.on_sight_p99_ms, sight["latency_ms"])
    return rows


def _row(name: str, wanted: str, got: str, *, met: bool) -> Json:
    return {"name": name, "wanted": wanted, "got": got, "met": met}


def _group_recall(card: Json, group: str) -> float | None:
    rows = [row for row in card["families"].values() if row.get("group") == group]
    total = sum(row.get("attempts", 0) for row in rows)
    return sum(row.get("attempts_detected", 0) for row in rows) / total if total else None


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f} %"


def machine() -> Json:
    """What the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "tenfold": VERSION,
    }


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()
