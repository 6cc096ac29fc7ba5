"""What the detector finds on captures of origins that its model never saw: incidents, not flows.

    python benchmarks/heldout.py [CAPTURES] [--worlds N] [--seed S] [--names A,B] [--without-knowledge] [--json]

The captures (each NAME.pcap or NAME.pcapng with NAME.truth.json beside it) are dealt into folds by origin. For each
fold a model is fitted on the captures of all other folds and on generated worlds; the fold's captures then go through
the whole detector, alerts and all, and the judge compares with the truth. The rules of ``detector/knowledge`` are not
fitted, but whoever wrote them had seen such captures: read the figures with that in mind. Last it says how soon entries
were found, by group, and which were late (``benchmarks/time_to_detect.py``).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.time_to_detect import by_group, found_entries, lines
from campaign.judgement import Material, judge
from campaign.training import Plan, sources_of
from contract.families import group_of
from contract.truth import read_truth
from detector import training
from detector.classifiers.base import Matrix
from detector.features import MODEL_NAMES
from detector.model import Model, decide
from detector.offline import detect

LOUD = ("dos", "recon", "credential", "local")  # groups of which nearly all must be found


class Unknowing:
    """A model without the rules of ``detector/knowledge``."""

    def __init__(self, model: Model) -> None:
        self.families, self._model = model.families, model

    def classify(self, matrix: Matrix) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
        """The verdicts of looks."""
        return decide(self._model.probabilities(matrix), self._model.thresholds)


def judges(sources: Sequence[training.Source], families: tuple[str, ...], seed: int) -> dict[str, Model]:
    """For each capture, by name, the model that saw nothing of its origin."""
    fitted = list(training.fit_folds(sources, families, seed, progress=_say))
    thresholds = training.thresholds(sources, training.judged_by(fitted, sources), families)
    return {
        sources[int(at)].name: Model("forest", families, MODEL_NAMES, thresholds, fold.allowed, fold.classifier)
        for fold in fitted
        for at in fold.members
    }


def _say(what: str, done: int, of: int) -> None:
    sys.stderr.write(f"\r{what} {done}/{of}    ")


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row a capture."""
    folder = Path(options.captures)
    plan = Plan(Path("unused"), folder, options.worlds, options.seed)
    sources = sources_of(plan, [], _say)
    wanted = set(options.names.split(",")) if options.names else None
    found = []
    for name, model in judges(sources, training.family_list(sources), options.seed).items():
        if wanted and name not in wanted:
            continue
        path = next(p for p in sorted(folder.glob(f"{name}.pcap*")))
        truth = read_truth(path.with_name(f"{name}.truth.json"))
        result = detect(path, Unknowing(model) if options.without_knowledge else model)
        card = judge(Material(result.flows, result.verdicts, result.alerts, truth, result.ledger))
        said = dict(Counter(alert.family for alert in result.alerts))
        found.append(
            {
                "capture": name,
                "entries": card["entries"],
                "false_alarms": card["false_alarms"],
                "alerts": said,
            }
        )
    return found


def totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Entries found by group, and false alarms over captures without any attack and over all benign flows."""
    groups: dict[str, Counter[str]] = {}
    quiet = [row for row in rows if not row["entries"]]
    for row in rows:
        for entry in row["entries"]:
            count = groups.setdefault(group_of(entry["family"]), Counter())
            count.update(
                entries=1,
                found=int(entry["detected"]),
                group=int(bool(entry["right_group"])),
                family=int(bool(entry["right_family"])),
            )
    loud = sum((groups[g] for g in groups if g in LOUD), Counter())
    other = sum((groups[g] for g in groups if g not in LOUD), Counter())
    return {
        "groups": {name: dict(count) for name, count in sorted(groups.items())},
        "loud": dict(loud),
        "other": dict(other),
        "benign_captures": len(quiet),
        "benign_captures_alerting": sum(bool(row["alerts"]) for row in quiet),
        "benign_flows": sum(row["false_alarms"]["benign_flows"] for row in quiet),
        "benign_flows_flagged": sum(row["false_alarms"]["flagged"] for row in quiet),
    }


def main() -> None:
    """Print what was missed or wrongly named, and the totals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captures", nargs="?", default=os.environ.get("TENFOLD_CAPTURES", ""))
    parser.add_argument("--worlds", type=int, default=96)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--names", default="", help="only these captures are run (the folds stay the same)")
    parser.add_argument("--without-knowledge", action="store_true", help="the model alone")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.captures:
        print("skipped: name a folder of captures with truth files, or set TENFOLD_CAPTURES")
        return
    rows = measure(options)
    sys.stderr.write("\n")
    if options.json:
        soon = by_group(found_entries(rows))
        print(json.dumps({"captures": rows, "totals": totals(rows), "time_to_detect": soon}, indent=1))
        return
    for row in rows:
        for entry in row["entries"]:
            word = "missed" if not entry["detected"] else "" if entry["right_family"] else "other name"
            if word:
                print(f"{word:11} {row['capture']:42} {entry['family']:24} alerts: {row['alerts']}")
        if row["false_alarms"]["alerts"]:
            print(f"false alert {row['capture']:42} {row['alerts']}")
    for name, value in totals(rows).items():
        print(f"{name}: {value}")
    for line in lines(found_entries(rows)):
        print(line)


if __name__ == "__main__":
    main()
