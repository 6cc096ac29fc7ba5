"""Two or more detectors on one campaign: what each found, how soon, what falsely, and what only one of them found.

All are held against the same attempts, so that what one found and another missed are the same things.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from campaign import scorecard
from campaign.attempts import Attempts
from campaign.flow_words import NEVER
from campaign.judge import material_of
from campaign.judgement import judge_attempts
from campaign.judging import Result
from campaign.report_page import number, percent
from campaign.true_flows import TrueFlows
from contract.errors import InputError
from store.layout import DATABASE

FORMAT: Final = "tenfold-side-by-side/1"
BUILT_IN: Final = "tenfold"
_MOST: Final = 12
Json = dict[str, Any]


def built_in(folder: Path) -> Result | None:
    """The built-in detector on a run, judged anew from its store; None where the run was not its."""
    if not (folder / DATABASE).is_file():
        return None
    card, attempts = judge_attempts(material_of(folder))
    return Result(BUILT_IN, card, attempts) if attempts is not None else None


def side_by_side(name: str, truth: TrueFlows, results: Sequence[Result]) -> Json:
    """All detectors in one document. Raises ``InputError`` for two of one name, or too many."""
    names = [result.name for result in results]
    if len(set(names)) != len(names):
        raise InputError(f"two detectors are called {next(n for n in names if names.count(n) > 1)!r}: give --name")
    if len(names) > _MOST:
        raise InputError(f"{len(names)} detectors at a time are too many to compare; {_MOST} can be")
    first, last = truth.span
    families = sorted(set(truth.family[truth.attack]))
    found = np.array([result.attempts.found for result in results], np.bool_).reshape(len(results), -1)
    family = results[0].attempts.family if results else np.zeros(0, object)
    return {
        "format": FORMAT,
        "campaign": name,
        "seconds": round((last - first) / 1e9, 6),
        "flows": len(truth),
        "attempts": int(found.shape[1]),
        "detectors": [_summary(result) for result in results],
        "families": {one: _family(one, family == one, results) for one in families},
        "agreement": _agreement(names, found),
        "agreement_by_family": {one: _sets(names, found[:, family == one]) for one in families},
        "pairs": _pairs(names, found),
    }


def summary(document: Json) -> list[str]:
    """What a reader wants to know first: how far all of them together reach, and where none of them looks."""
    total, missed = document["attempts"], document["agreement"]["by_nobody"]
    lines = []
    if len(document["detectors"]) > 1 and total:
        share = percent(1 - missed / total)
        lines.append(f"Together they found {number(total - missed)} of {number(total)} attempts ({share}).")
    blind = [name for name, row in document["families"].items() if row["by_nobody"] == row["attempts"]]
    if blind:
        lines.append(f"Found by nobody at all: {', '.join(blind)}.")
    return lines


def _summary(result: Result) -> Json:
    card, said = result.card, result.card.get("detector", {})
    return {
        "name": result.name,
        "title": said.get("title", "the built-in detector"),
        "attempts": card["attempts"],
        "false_alarms": card["false_alarms"],
        "alerts": card["alerts"],
        "latency_ms": card["latency_ms"],
        "basis": said.get("basis", "readable"),
        "latency": said.get("latency"),
        "losses": said.get("losses") or _own_losses(card),
        "clock": said.get("clock"),
        "notes": card["notes"],
    }


def _own_losses(card: Json) -> Json:
    """What the built-in detector lost, by its ledger, in the words of the others."""
    stages = {name: stage for name, stage in card["ledger"].get("stages", {}).items() if name != "sender"}
    lost = {
        f"{name}.{reason}": count
        for name, stage in stages.items()
        for reason, count in stage["dropped"].items()
        if count
    }
    return {"records": len(stages), "counters": {}, "lost": lost, "shares": {}}


def _family(name: str, mine: Any, results: Sequence[Result]) -> Json:  # noqa: ANN401 - bool array
    total = int(mine.sum())
    found = np.array([result.attempts.found[mine] for result in results], np.bool_).reshape(len(results), -1)
    rows = {}
    for result in results:
        row, attempts = result.card["families"].get(name, {}), result.attempts
        detected = int(attempts.found[mine].sum())
        rows[result.name] = {
            "detected": detected,
            "recall": scorecard.share(detected, total),
            "named": row.get("attempts_named"),
            "recorded": row.get("attempts_seen") if result.judged else None,
            "time_to_detect_s": _time_to_detect(attempts, mine),
            "latency_ms": row.get("latency_ms"),
        }
    return {
        "attempts": total,
        "detectors": rows,
        "by_all": int(found.all(axis=0).sum()),
        "by_nobody": int((~found.any(axis=0)).sum()),
    }


def _time_to_detect(attempts: Attempts, mine: Any) -> float | None:  # noqa: ANN401 - bool array
    since, intended = attempts.since[mine], attempts.intended[mine]
    known = since[since < NEVER]
    return round(max(0.0, (int(known.min()) - int(intended.min())) / 1e9), 6) if len(known) else None


def _agreement(names: list[str], found: Any) -> Json:  # noqa: ANN401 - (detectors, attempts)
    return {
        "sets": _sets(names, found),
        "by_all": int(found.all(axis=0).sum()),
        "by_nobody": int((~found.any(axis=0)).sum()),
        "alone": {name: int((found[n] & (found.sum(axis=0) == 1)).sum()) for n, name in enumerate(names)},
    }


def _sets(names: list[str], found: Any) -> list[Json]:  # noqa: ANN401 - (detectors, attempts)
    """How many attempts exactly which detectors found, the most first; an empty set is what nobody found."""
    code = (found.astype(np.int64) << np.arange(len(names))[:, None]).sum(axis=0)
    values, counts = np.unique(code, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [
        {"detectors": [name for n, name in enumerate(names) if value >> n & 1], "attempts": count}
        for value, count in zip(values[order].tolist(), counts[order].tolist(), strict=True)
    ]


def _pairs(names: list[str], found: Any) -> list[Json]:  # noqa: ANN401 - (detectors, attempts)
    rows = []
    for one in range(len(names)):
        for two in range(one + 1, len(names)):
            both, either = int((found[one] & found[two]).sum()), int((found[one] | found[two]).sum())
            rows.append(
                {
                    "one": names[one],
                    "two": names[two],
                    "both": both,
                    "only_one": int((found[one] & ~found[two]).sum()),
                    "only_two": int((found[two] & ~found[one]).sum()),
                    "neither": int(found.shape[1]) - either,
                    "overlap": scorecard.share(both, either),
                    "kappa": _kappa(found[one], found[two]),
                }
            )
    return rows


def _kappa(one: Any, two: Any) -> float | None:  # noqa: ANN401 - bool arrays
    """Cohen's kappa (Educational and Psychological Measurement 20, 1960): agreement beyond that of chance."""
    if not len(one):
        return None
    a, b = float(one.mean()), float(two.mean())
    chance = a * b + (1 - a) * (1 - b)
    agreed = float((one == two).mean())
    return round((agreed - chance) / (1 - chance), 6) if chance < 1 else None
