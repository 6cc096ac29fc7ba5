"""From what a run over the wire left in its folder to its certificate and its ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from campaign.certificate import FORMAT, Evidence, certify, intended_times, read_times
from campaign.labels import I64
from campaign.runfolder import RunFolder, read_json, write_json
from campaign.scenario import Scenario
from campaign.watch import with_changes
from contract.errors import InputError
from contract.ledger import Ledger, Stage
from detector.capture.live import FOREIGN
from detector.live_inbox import drops_of

_MOST_SLACK_NS: Final = 5_000_000_000
_DETECTORS: Final = ("receive", "decode", "meter")
Json = dict[str, Any]


def certify_run(
    folder: RunFolder, scenario: Scenario, sender: Json, detector: Json, veth: int
) -> tuple[Json, list[str]]:
    """The certificate, which also lies in the folder, and why the run is not valid by it.

    ``veth`` is how many frames the pair of interfaces dropped by its own counters.
    """
    try:
        evidence = _evidence(folder, sender, detector, veth)
    except InputError as error:
        document: Json = {"format": FORMAT, "certified": False, "reasons": [f"certificate: {error}"]}
    else:
        start = int(sender.get("start_ns", 0))
        curve = with_changes(scenario.workload(start), sender).attempts_curve()
        document = certify(evidence, start, scenario.duration_s, curve, scenario.targets.within_1ms)
    write_json(folder.certificate, document)
    return document, list(document["reasons"])


def slack(folder: Path) -> tuple[int, int]:
    """How much earlier and later (ns) than planned frames of a run arrived; (0, 0) where none went over a wire."""
    document = read_json(RunFolder(folder).certificate)
    found = [document.get(name, 0) for name in ("early_ns", "late_ns")]
    early, late = (min(max(int(v), 0), _MOST_SLACK_NS) if isinstance(v, int | float) else 0 for v in found)
    return early, late


def wire_ledger(sender: Json, detector: Json, veth: int) -> Ledger:
    """One ledger from the first frame planned to the last flow stored, with the wire in between.

    What came from elsewhere is a stage of its own, so that frames sent and frames seen balance.
    """
    ledger = Ledger()
    for status in (sender, detector):
        if "ledger" in status:
            ledger.merge(Ledger.from_dict(status["ledger"]))
    claimed, capture = ledger.stage("sender").delivered, ledger.stage("capture")
    foreign = capture.dropped.pop(FOREIGN, 0)
    capture.offered -= foreign
    missing = claimed - capture.offered
    wire = Stage(offered=claimed, delivered=capture.offered)
    wire.drop("veth", max(0, min(missing, veth)))
    stages = {"sender": ledger.stages.pop("sender"), "wire": wire}
    ledger.stages = stages | ledger.stages
    if foreign:
        outside = ledger.stage("foreign")
        outside.offered = foreign
        outside.drop("not_of_the_campaign", foreign)
    ledger.link("sender", "wire")
    ledger.link("wire", "capture")
    return ledger


def _evidence(folder: RunFolder, sender: Json, detector: Json, veth: int) -> Evidence:
    capture, wire = detector.get("capture"), sender.get("wire")
    if not isinstance(capture, dict) or not isinstance(wire, dict):
        raise InputError("one of the two ends did not say what it saw")
    if detector.get("state") != "done":
        raise InputError("the receiving end did not end in order, so nobody says what arrived")
    drops = drops_of(folder.received)
    stages = Ledger.from_dict(detector["ledger"]).stages if "ledger" in detector else {}
    return Evidence(
        sent=read_times(folder.sent),
        received=read_times(folder.received),
        drops=read_times(drops) if drops.exists() else np.zeros((0, 2), np.int64),
        intended=intended_times(folder.truth),
        planned=int(sender.get("planned_frames", 0)),
        claimed=int(wire.get("claimed", 0)),
        kernel=int(capture.get("kernel_dropped", 0)),
        veth=veth,
        foreign=int(capture.get("foreign", 0)),
        detector=sum(sum(stages[name].dropped.values()) for name in _DETECTORS if name in stages),
        detector_lost=_detector_lost(folder, int(sender.get("start_ns", 0))),
        left_within_1ms=sender.get("within_1ms"),
        left_us=sender.get("lateness_us") or {},
        wire={name: wire[name] for name in ("mode", "why") if name in wire},
    )


def _detector_lost(folder: RunFolder, start_ns: int) -> I64:
    """When the detector had dropped how many frames, from the timeline, which has a line a second."""
    rows = []
    for text in folder.timeline.read_text(encoding="utf-8").splitlines() if folder.timeline.exists() else ():
        try:
            row = json.loads(text)
            lost = sum(count for name, count in row["lost"].items() if name.partition(":")[0] in _DETECTORS)
            rows.append((start_ns + round(row["t"] * 1e9), lost))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # a line that is cut off
    return np.array(rows, np.int64).reshape(-1, 2)
