"""The model card: what a model was trained on, how it scores on sources that it never saw, and where its limits are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from contract.families import BENIGN
from contract.version import VERSION
from detector.baseline import Rule
from detector.classifiers.base import Classifier, Matrix
from detector.drift_reference import LEAST_ROWS, build, ordinary, pooled
from detector.drift_scores import ScoreReference, build_scores
from detector.features import FEATURES
from detector.model import verdicts
from detector.training import Result, Source

_BINS: Final = 10
_LIMITS: Final = (
    (
        "Held-out scores flatter a little: thresholds are set on the very captures that are scored, and features and"
        " settings were chosen while their held-out scores were watched."
    ),
    "A family with captures of one origin only is judged by a model that knows it from generated worlds alone.",
    "Families that the generator does not make are known from few captures; a held-out score of theirs says little.",
    "Payload is looked at in its first 128 bytes a direction; what an encrypted or late request holds is not seen.",
    "Rates are flow by flow. Alerts need more evidence and are fewer; `tenfold score` judges those.",
    "Most captures are laboratory traffic of minutes; hours of a large real network are not among them.",
)


class Held(Protocol):
    """What was said by models and rules that had not seen a source."""

    @property
    def probabilities(self) -> list[Matrix | None]: ...

    @property
    def rules(self) -> list[Rule | None]: ...

    @property
    def baseline(self) -> list[tuple[str, str, int, int]]: ...


def build_card(
    seed: int,
    date: str,
    sources: Sequence[Source],
    families: tuple[str, ...],
    thresholds: npt.NDArray[np.float32],
    results: Sequence[Result],
    held: Held,
    classifier: Classifier,
) -> dict[str, Any]:
    """The card as a JSON object."""
    importances = classifier.importances(len(FEATURES))
    flagged = {(capture, family): (flows, hits) for capture, family, flows, hits in held.baseline}
    rows = [_row(result, flagged) for result in results]
    networks = [ordinary(s.name, s.group, s.kind, s.matrix, s.families) for s in sources]
    reference = build(pooled(networks), importances)
    scores = build_scores(_doubts(sources, held.probabilities, thresholds, families))
    return {
        "format": "tenfold-model-card/1",
        "date": date,
        "seed": seed,
        "versions": _versions(),
        "families": list(families),
        "thresholds": {family: round(float(t), 3) for family, t in zip(families, thresholds, strict=True) if family},
        "held_out": {
            "how": "by flow; each capture judged by a model that saw no capture of its origin",
            "captures": rows,
            "families": _by_family(rows),
            "baseline_rules": sorted({rule.text for rule in held.rules if rule}),
            "calibration": _calibration(sources, held.probabilities),
        },
        "sources": [_source(source) for source in sources],
        "importances": {
            FEATURES[at].name: round(float(importances[at]), 5)
            for at in np.argsort(-importances)[:60]
            if importances[at]
        },
        "drift": reference.as_dict() if reference else None,
        "drift_scores": scores.as_dict() if scores else None,
        "limits": list(_LIMITS),
    }


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {"tenfold": VERSION} | {name: version(name) for name in ("scikit-learn", "numpy", "numba", "pyarrow")}


def _row(result: Result, flagged: dict[tuple[str, str], tuple[int, int]]) -> dict[str, Any]:
    flows, hits = flagged.get((result.capture, result.family), (0, 0))
    row = {"capture": result.capture, "family": result.family, "flows": result.flows}
    if result.family == BENIGN:
        row["false_positive_rate"] = round(result.detected / result.flows, 4)
    else:
        row["recall"] = round(result.detected / result.flows, 4)
        row["right_group"] = round(result.right_group / result.flows, 4)
        row["right_family"] = round(result.right_family / result.flows, 4)
    return row | {"baseline": round(hits / flows, 4) if flows else None}


def _by_family(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Means over captures: each counts alike, however long."""
    found: dict[str, dict[str, Any]] = {}
    for family in sorted({row["family"] for row in rows}):
        own = [row for row in rows if row["family"] == family]
        keys = ("false_positive_rate",) if family == BENIGN else ("recall", "right_group", "right_family")
        found[family] = {"captures": len(own)} | {k: round(float(np.mean([r[k] for r in own])), 4) for k in keys}
        known = [row["baseline"] for row in own if row["baseline"] is not None]
        found[family]["baseline"] = round(float(np.mean(known)), 4) if known else None
    return found


def _calibration(sources: Sequence[Source], probabilities: Sequence[Matrix | None]) -> list[dict[str, float]]:
    """In ten steps of the attack probability: how many looks, and what share of them was an attack."""
    said, true = [], []
    for source, rows in zip(sources, probabilities, strict=False):
        if rows is not None:
            known = source.families != "unknown"
            said.append(1 - rows[known, 0])
            true.append(source.families[known] != BENIGN)
    if not said:
        return []
    score, attack = np.concatenate(said), np.concatenate(true)
    bins = np.clip((score * _BINS).astype(np.int64), 0, _BINS - 1)
    found = []
    for step in range(_BINS):
        own = bins == step
        if own.any():
            found.append(
                {
                    "said": round(float(score[own].mean()), 3),
                    "was": round(float(attack[own].mean()), 3),
                    "looks": int(own.sum()),
                }
            )
    return found


def _source(source: Source) -> dict[str, Any]:
    names, counts = np.unique(source.families, return_counts=True)
    looks = {str(name): int(count) for name, count in zip(names, counts, strict=True)}
    return {"name": source.name, "kind": source.kind, "looks": looks}


def _doubts(
    sources: Sequence[Source],
    probabilities: Sequence[Matrix | None],
    thresholds: npt.NDArray[np.float32],
    families: tuple[str, ...],
) -> list[npt.NDArray[np.float32]]:
    """What each capture's ordinary looks, where they are called so, are given to be an attack all the same."""
    found = []
    for source, rows in zip(sources, probabilities, strict=False):
        if rows is not None:
            codes, scores = verdicts(rows, source.matrix, thresholds, families)
            found.append(1 - scores[(source.families == BENIGN) & (codes == 0)])
    return found


def _drift(reference: dict[str, Any] | None, scores: dict[str, Any] | None) -> list[str]:
    if reference is None:
        return [f"The sources are too few for a reference ({LEAST_ROWS} ordinary looks each)."]
    return [
        f"Ordinary looks of {len(reference['sources'])} sources, {len(reference['features'])} features each, are the",
        f"reference: a network whose nearest source is farther than {reference['threshold']:.2f} (0 to 1) is called",
        f"unlike. Of the sources themselves, each held against those of other origin, {reference['expected']:.0%} are.",
        *_doubt_lines(scores),
    ]


def _doubt_lines(scores: dict[str, Any] | None) -> list[str]:
    if scores is None:
        return []
    limits = ScoreReference(np.array(scores["networks"])).limits
    words = ", ".join(
        f"{limit:.2f} by {100 * q:.0f} of 100" for limit, q in zip(limits, scores["quantiles"], strict=True)
    )
    return [
        f"So is one where the model doubts more than on 95 of 100 of {len(scores['networks'])} captures, each judged",
        f"by a model that had not seen its origin: what ordinary looks are given to be an attack stays below {words}.",
    ]


def _family_table(families: dict[str, dict[str, Any]]) -> list[str]:
    lines = [
        "| family | captures | found | right group | right family | baseline |",
        "|---|---|---|---|---|---|",
    ]
    for family, row in families.items():
        if family == BENIGN:
            cells = [f"{row['false_positive_rate']:.2%} false", "", ""]
        else:
            cells = [f"{row[key]:.0%}" for key in ("recall", "right_group", "right_family")]
        base = "" if row["baseline"] is None else f"{row['baseline']:.0%}"
        lines.append(f"| {family} | {row['captures']} | {' | '.join(cells)} | {base} |")
    return lines


def _capture_table(rows: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| capture | family | flows | found or false | right group | right family | baseline |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        first = row.get("recall", row.get("false_positive_rate"))
        rest = [f"{row[key]:.0%}" if key in row else "" for key in ("right_group", "right_family")]
        base = "" if row["baseline"] is None else f"{row['baseline']:.0%}"
        lines.append(
            f"| {row['capture']} | {row['family']} | {row['flows']} | {first:.1%} | {' | '.join(rest)} | {base} |"
        )
    return lines


def markdown(card: dict[str, Any]) -> str:
    """The card for people."""
    held = card["held_out"]
    worlds = sum(source["kind"] == "world" for source in card["sources"])
    captures = len(card["sources"]) - worlds
    versions = ", ".join(f"{name} {number}" for name, number in card["versions"].items())
    lines = [
        "# Model card",
        "",
        "Written by `tenfold train`; do not edit.",
        "",
        f"Trained on {worlds} generated worlds and {captures} real captures, seed {card['seed']}, {card['date']};",
        f"{versions}.",
        "No bytes of a capture are in the model: it holds thresholds over ratios, logarithms and counts.",
        "",
        "## Scores on captures never trained on",
        "",
        f"{held['how'].capitalize()}. Means over captures. *Baseline* is one threshold on one feature,",
        "chosen on the same training captures: the share of flows that it calls an attack.",
        "",
        *_family_table(held["families"]),
        "",
        f"Baseline rules: {'; '.join(f'`{rule}`' for rule in held['baseline_rules'])}.",
        "",
        "### By capture",
        "",
        *_capture_table(held["captures"]),
    ]
    lines += ["", "## Calibration", "", "| said | was an attack | looks |", "|---|---|---|"]
    lines += [f"| {row['said']:.2f} | {row['was']:.2f} | {row['looks']} |" for row in held["calibration"]]
    lines += [
        "",
        "## What decides",
        "",
        "The features that carry most decisions (share of splits, a split at depth d counts 2^-d):",
        "",
    ]
    top = list(card["importances"].items())[:25]
    lines += [", ".join(f"`{name}` {share:.1%}" for name, share in top) + ".", "", "## Thresholds", ""]
    lines += [
        ", ".join(f"{family} {value:.2f}" for family, value in card["thresholds"].items() if family != BENIGN) + "."
    ]
    lines += ["", "## Drift", "", *_drift(card["drift"], card.get("drift_scores"))]
    lines += ["", "## Limits", "", *(f"* {line}" for line in card["limits"]), ""]
    return "\n".join(lines)
