"""Judging as commands ask for it: a capture with its truth file, or a run folder."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from campaign.by_zone import Zones
from campaign.certifying import slack
from campaign.judgement import Material, judge
from campaign.runfolder import RunFolder, read_json
from campaign.scorecard import Json
from campaign.truth_table import read_truth_table
from contract.errors import InputError
from contract.ledger import Ledger
from contract.schemas import FLOWS, VERDICTS
from contract.truth import TRUTH_SUFFIX, read_truth
from detector.config import Config
from detector.model import load_default
from detector.offline import Progress, detect
from detector.pipeline import Judge as Model
from store.reader import StoreReader

_LONGEST_S: Final = 7 * 86_400.0
_CAPTURES: Final = (".pcap", ".pcapng", ".cap", ".arrow", ".arrows")


def judge_capture(
    capture: Path,
    truth: Path | None = None,
    model: Model | None = None,
    config: Config | None = None,
    progress: Progress | None = None,
) -> Json:
    """Detect and judge one capture; its truth is ``truth``, or the file beside it. Raises ``InputError``.

    ``latency_ms`` is that of a tick (a capture has no intended times); ``stages_ms`` sums up where the time went.
    """
    read = read_truth(truth or truth_beside(capture))
    result = detect(capture, model or load_default(), config, progress)
    card = judge(
        Material(result.flows, result.verdicts, result.alerts, read, result.ledger, result.frames, result.notes)
    )
    return (
        {"name": capture.name}
        | card
        | {
            "latency_ms": result.latency_ms,
            "stages_ms": result.stages_ms,
            "drift": result.drift,
            "silenced": {kind: result.counts[f"{kind}_alerts"] for kind in ("allowed", "muted")},
            "took": {
                "seconds": round(result.seconds, 3),
                "frames_per_s": round(result.frames / max(result.seconds, 1e-9)),
            },
            "detections": [_brief(alert.as_dict()) for alert in result.alerts],
        }
    )


def _brief(alert: Json) -> Json:
    keys = ("alert_id", "family", "group", "severity", "confidence", "attackers", "victims", "flows", "evidence")
    brief = {key: alert[key] for key in keys}
    return brief | {"attackers": brief["attackers"][:3], "victims": brief["victims"][:3]}


def truth_beside(capture: Path) -> Path:
    """Where the truth of a capture lies if nobody says: ``NAME.truth.json``, with or without the capture's suffix."""
    whole = capture.with_name(capture.name + TRUTH_SUFFIX)
    return whole if whole.exists() else capture.with_name(capture.stem + TRUTH_SUFFIX)


def captures_of(paths: list[Path]) -> list[Path]:
    """The captures that are meant: files as they are, of a folder those that have a truth file beside them."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [p for p in sorted(path.iterdir()) if p.suffix in _CAPTURES and truth_beside(p).exists()]
            if not inside:
                raise InputError(f"{path}: holds no capture with a {TRUTH_SUFFIX} file beside it")
            found += inside
        else:
            found.append(path)
    return found


def judge_run(folder: Path) -> Json:
    """The scorecard of a run folder, from what lies in it alone. Raises ``InputError`` where something is missing."""
    return judge(material_of(folder))


def material_of(folder: Path) -> Material:
    """What the judge reads of a run folder. Raises ``InputError`` where something is missing."""
    folder = Path(folder)
    truth = as_received(read_truth_table(folder / "truth.parquet"), *slack(folder))
    with StoreReader(folder) as store:
        verdicts = _joined(list(store.verdict_tables()), VERDICTS)
        flows = _joined(list(store.flow_tables()), FLOWS)
        alerts = store.all_alerts()
        committed: dict[int, list[int]] = defaultdict(list)
        for revision in store.alert_revisions():
            committed[revision.alert_id].append(revision.committed_ns)
    material = Material(
        flows, verdicts, alerts, truth, _read_ledger(folder / "ledger.json"), committed_alerts=committed
    )
    material.zones = Zones.read(folder / "workload.json")
    material.since_ns = warm_at(RunFolder(folder))
    return material


def warm_at(folder: RunFolder) -> int:
    """When the warm-up of a run was over (epoch ns); 0 where it had none."""
    state = read_json(folder.state)
    start, warm_up = (state.get(name) for name in ("started_ns", "warm_up_s"))
    if not isinstance(start, int) or not isinstance(warm_up, int | float) or not 0 < warm_up < _LONGEST_S:
        return 0
    return start + round(warm_up * 1e9)


def _joined(tables: list[pa.Table], schema: pa.Schema) -> pa.Table:
    if not tables:
        return schema.empty_table()
    return pa.concat_tables(tables).unify_dictionaries()


def as_received(truth: pa.Table, early_ns: int, late_ns: int) -> pa.Table:
    """The truth of a run over a wire: frames were on it a little before or after their planned times."""
    for name, shift in (("first", -early_ns), ("last", late_ns)):
        if shift:
            at = truth.schema.get_field_index(name)
            moved = pc.add(truth.column(name).cast(pa.int64()), shift).cast(truth.schema.field(name).type)
            truth = truth.set_column(at, truth.schema.field(name), moved)
    return truth


def _read_ledger(path: Path) -> Ledger:
    try:
        return Ledger.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InputError(f"{path}: the run has no ledger") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot read: {error}") from None
