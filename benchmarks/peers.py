"""What else could one take? The same captures, held out by origin, for this detector and for its usual alternatives.

    python benchmarks/peers.py [CAPTURES] [--worlds N] [--seed S] [--json]

Each method is fitted on the captures of all other origins (this detector on generated worlds, too) and then shown the
captures of one. An attack counts as found where one of its flows is flagged (of this detector also: where an alert
says so), which is generous to methods that flag flows: nobody reads thousands of them. A capture of ordinary traffic
is a false alarm where any flow is flagged. The alternatives are short on purpose, as a user would write them; they see
the features that this detector computes, which is better than what most of their published versions see
(benchmarks/peer_methods.py).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.heldout import judges
from benchmarks.peer_methods import METHODS, Said, forest_random_split, last_looks
from campaign.judgement import Material, judge
from campaign.training import Plan, sources_of
from contract.families import BENIGN, UNKNOWN, group_of
from contract.truth import read_truth
from detector import training
from detector.model import Model
from detector.offline import detect
from detector.training import Source

LOUD: Final = ("dos", "recon", "credential", "local")


def score(said: Sequence[Said]) -> dict[str, Any]:
    """Attacks found (a family of a capture is one), and what of ordinary captures and flows was flagged."""
    loud: list[bool] = []
    quiet: list[bool] = []
    named: list[bool] = []
    flows = flagged = captures = alarmed = 0
    for one in said:
        truth = one.source.families[one.last]
        for family in sorted({str(f) for f in truth} - {BENIGN, UNKNOWN}):
            own = truth == family
            hit = bool(one.flagged[own].any())
            (loud if group_of(family) in LOUD else quiet).append(hit)
            if one.family is not None and group_of(family) in LOUD:
                words = {str(word) for word in one.family[own & one.flagged]}
                wide = family.startswith("other_") and any(group_of(word) == group_of(family) for word in words if word)
                named.append(family in words or wide)
        benign = truth == BENIGN
        flows, flagged = flows + int(benign.sum()), flagged + int((benign & one.flagged).sum())
        if benign.any() and benign.all():
            captures, alarmed = captures + 1, alarmed + bool(one.flagged.any())
    return {
        "loud": [sum(loud), len(loud)],
        "loud_named": [sum(named), len(named)] if named else None,
        "quiet": [sum(quiet), len(quiet)],
        "ordinary_captures": [alarmed, captures],
        "ordinary_flows": [flagged, flows],
    }


def ours(folder: Path, sources: Sequence[Source], models: dict[str, Model]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is shipped here, by flow (what is said of each in the end) and by alert."""
    by_flows, entries, alarmed, benign = [], [], 0, 0
    for source in sources:
        if source.name not in models:
            continue
        path = next(p for p in sorted(folder.glob(f"{source.name}.pcap*")) if not p.name.endswith(".json"))
        result = detect(path, models[source.name])
        truth = read_truth(path.with_name(f"{source.name}.truth.json"))
        card = judge(Material(result.flows, result.verdicts, result.alerts, truth, result.ledger))
        entries += card["entries"]
        if not card["entries"]:
            benign, alarmed = benign + 1, alarmed + bool(result.alerts)
        by_flows.append(_said(source, result.verdicts.select(["flow_id", "family"]).to_pylist()))
    loud = [e for e in entries if group_of(e["family"]) in LOUD]
    quiet = [e for e in entries if group_of(e["family"]) not in LOUD]
    alerts = {
        "loud": [sum(e["detected"] for e in loud), len(loud)],
        "loud_named": [sum(e["right_family"] for e in loud), len(loud)],
        "quiet": [sum(e["detected"] for e in quiet), len(quiet)],
        "ordinary_captures": [alarmed, benign],
        "ordinary_flows": None,
    }
    return score(by_flows), alerts


def _said(source: Source, verdicts: list[dict[str, Any]]) -> Said:
    words = {v["flow_id"]: v["family"] for v in verdicts}
    last = last_looks(source)
    family = np.array([words.get(int(flow), BENIGN) for flow in source.flow[last]], "<U32")
    return Said(source, last, family != BENIGN, np.where(family == BENIGN, "", family))


def _say(what: str, done: int, of: int) -> None:
    sys.stderr.write(f"\r{what} {done}/{of}    ")


def measure(folder: Path, worlds: int, seed: int) -> dict[str, Any]:
    """A row a method."""
    sources = sources_of(Plan(Path("unused"), folder, worlds, seed), [], _say)
    captures = [s for s in sources if s.kind == "capture" and len(s)]
    fold = training.folds(captures)
    table: dict[str, Any] = {}
    for name, method in METHODS.items():
        sys.stderr.write(f"\r{name}                      ")
        said = []
        for number in range(int(fold.max()) + 1):
            fitted = method([s for s, f in zip(captures, fold, strict=True) if f != number])
            said += [fitted(s) for s, f in zip(captures, fold, strict=True) if f == number]
        table[name] = score(said)
    table["random forest, random split"] = score(forest_random_split(captures))
    models = judges(sources, training.family_list(sources), seed)
    table["this detector, flows"], table["this detector, alerts"] = ours(folder, sources, models)
    return table


def show(table: dict[str, Any]) -> str:
    """The table as Markdown."""
    lines = [
        "| method | loud attacks | by their family | quiet attacks | ordinary captures | ordinary flows |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in table.items():
        cells = [_of(row[key]) for key in ("loud", "loud_named", "quiet", "ordinary_captures")]
        flows = row["ordinary_flows"]
        lines.append(f"| {name} | {' | '.join(cells)} | {f'{100 * flows[0] / flows[1]:.2f} %' if flows else '-'} |")
    return "\n".join(lines)


def _of(pair: list[int] | None) -> str:
    return f"{pair[0]} of {pair[1]}" if pair else "-"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("captures", nargs="?", default=os.environ.get("TENFOLD_CAPTURES", "captures"))
    parser.add_argument("--worlds", type=int, default=112)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    table = measure(Path(options.captures), options.worlds, options.seed)
    sys.stderr.write("\r" + " " * 60 + "\r")
    print(json.dumps(table, indent=1) if options.json else show(table))


if __name__ == "__main__":
    main()
