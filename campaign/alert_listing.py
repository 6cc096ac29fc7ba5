"""What a detector's alerts were, for people: by signature, and each one that matched nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv

from campaign.alert_judgement import REMARK, UNMATCHED, WORDS, Judged
from campaign.alert_record import NONE
from campaign.family_map import UNMAPPED
from campaign.labels import I64, Mask, numbers, words
from campaign.true_flows import TrueFlows
from contract.addresses import texts
from contract.clock import iso
from contract.errors import InputError
from contract.families import BENIGN

Json = dict[str, Any]
_LISTED: Final = 200
_EXAMPLES: Final = 100
_WORST: Final = 5  # of a family


def listing(judged: Judged, files: list[str]) -> Json:
    """``signatures`` (the most frequent first), ``unmapped`` ones among them, and examples of ``unmatched`` alerts."""
    kinds, alerts = judged.alerts.kinds, judged.alerts
    table = np.zeros((len(kinds), len(WORDS)), np.int64)
    np.add.at(table, (alerts.kind, judged.what), 1)
    order = np.argsort(-table.sum(axis=1), kind="stable")
    rows = []
    for number in order[:_LISTED].tolist():
        kind, meaning = kinds[number], judged.meanings[number]
        rows.append(
            {
                "signature": kind.signature,
                "id": kind.signature_id,
                "category": kind.category,
                "family": meaning.family or None,
                "scope": meaning.scope,
                "alerts": int(table[number].sum()),
                **{word: int(table[number, n]) for n, word in enumerate(WORDS)},
            }
        )
    lost = np.flatnonzero(judged.what == UNMATCHED)
    unmapped = [kinds[n].signature for n in order.tolist() if judged.meanings[n].family == UNMAPPED]
    return {
        "signatures": rows,
        "signatures_total": len(kinds),
        "unmapped": unmapped[:_LISTED],
        "informational": int((judged.what == REMARK).sum()),
        "unmatched": {"total": len(lost), "examples": _rows(judged, lost[:_EXAMPLES], files).to_pylist()},
    }


def write_unmatched(judged: Judged, files: list[str], path: Path) -> int:
    """Write every alert that matched nothing as CSV; how many. Raises ``InputError``."""
    lost = np.flatnonzero(judged.what == UNMATCHED)
    try:
        pc_csv.write_csv(_rows(judged, lost, files), path)
    except OSError as error:
        raise InputError(f"{path}: cannot write: {error.strerror or error}") from None
    return len(lost)


def _rows(judged: Judged, which: I64, files: list[str]) -> pa.Table:
    alerts = judged.alerts
    kinds = alerts.kind[which].tolist()
    named = {side: _addresses(getattr(alerts, side)[which]) for side in ("src", "dst")}

    def numbers(values: Any) -> list[int | None]:  # noqa: ANN401 - int32 array
        return [None if value == NONE else value for value in values[which].tolist()]

    return pa.table(
        {
            "time": [iso(value) for value in alerts.time[which].tolist()],
            "signature": pa.array([alerts.kinds[n].signature for n in kinds], pa.string()),
            "category": pa.array([alerts.kinds[n].category for n in kinds], pa.string()),
            "src": pa.array(named["src"], pa.string()),
            "src_port": pa.array(numbers(alerts.src_port), pa.int32()),
            "dst": pa.array(named["dst"], pa.string()),
            "dst_port": pa.array(numbers(alerts.dst_port), pa.int32()),
            "protocol": pa.array(numbers(alerts.protocol), pa.int32()),
            "community_id": pa.array(alerts.community_id[which].tolist(), pa.string()),
            "file": pa.array([Path(files[n]).name for n in alerts.file[which].tolist()], pa.string()),
            "line": pa.array(alerts.line[which]),
        }
    )


def _addresses(values: Any) -> list[str | None]:  # noqa: ANN401 - (n, 16) bytes
    there = values.any(axis=1).tolist()
    return [word if known else None for word, known in zip(texts(values), there, strict=True)]


def worst_missed(truth: TrueFlows, flagged: Mask) -> list[Json]:
    """The largest missed flows of each attack family: where to look first."""
    missed = truth.attack & ~flagged
    frames = np.asarray(truth.table.column("frames")).astype(np.int64)
    columns = {name: numbers(truth.table, name) for name in ("src_port", "dst_port", "protocol")}
    worst: list[Json] = []
    for name in sorted(set(truth.family[missed])):
        mine = np.flatnonzero(missed & (truth.family == name))
        chosen = mine[np.argsort(-frames[mine], kind="stable")][:_WORST]
        ends = texts(truth.src[chosen]), texts(truth.dst[chosen])
        attempts = numbers(truth.table, "attempt")[chosen].tolist()
        worst += [
            {"family": name, "flow_id": attempt, "src": src, "dst": dst, "packets": int(frames[row])}
            | {key: int(values[row]) for key, values in columns.items()}
            for row, attempt, src, dst in zip(chosen.tolist(), attempts, *ends, strict=True)
        ]
    return worst


def mistaken(judged: Judged, truth: TrueFlows) -> Json:
    """Ordinary flows that were called an attack, as ``campaign.examples.false_alarms`` tells it of our own detector.

    The largest of each mistake is an example, with what the alert on it said (``signature``).
    """
    ordinary = truth.family == BENIGN
    names = np.asarray(words(truth.table, "family"))
    rows = np.flatnonzero(judged.flagged & ordinary)
    by_family = {
        str(name): {"flows": int((names == name).sum()), "flagged": int((names[rows] == name).sum())}
        for name in sorted(set(names[ordinary]))
    }
    frames = numbers(truth.table, "frames").astype(np.int64)
    keys = names[rows] + "\0" + judged.word[rows] if len(rows) else np.zeros(0, object)
    examples = []
    for key in sorted(set(keys)):
        mine = rows[keys == key]
        row = int(mine[np.argmax(frames[mine])])
        src, dst = texts(truth.src[[row]])[0], texts(truth.dst[[row]])[0]
        ends = {name: int(numbers(truth.table, name)[row]) for name in ("src_port", "dst_port", "protocol")}
        examples.append(
            {"src": src, "dst": dst, "truth": str(names[row]), "said": str(judged.word[row]), "flows": len(mine)}
            | ends
            | {"first_ns": int(truth.first[row]), "packets": int(frames[row]), "score": None}
            | {"signature": _signature_on(judged, row)}
        )
    return {"by_family": by_family, "examples": sorted(examples, key=lambda one: -one["flows"]), "alerts": []}


def _signature_on(judged: Judged, row: int) -> str:
    """What the first alert said that named a flow, or else covered it."""
    for found in (judged.matches, judged.cover):
        alerts = found.alert[found.row == row]
        if len(alerts):
            return judged.alerts.kinds[int(judged.alerts.kind[alerts.min()])].signature
    return ""
