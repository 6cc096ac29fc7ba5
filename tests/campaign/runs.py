"""A small run folder as a campaign leaves it, made without one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from campaign import runfolder
from campaign.closing import Ending, close_run
from campaign.runfolder import RunFolder
from campaign.scenario import Scenario, load
from contract.ledger import Ledger
from contract.schemas import NAME, TRUTH
from store.writer import StoreWriter
from tests.store.helpers import FAMILIES, START, alert, flows, key_columns, times, verdicts

ROWS = 300


def truth_table(rows: int) -> pa.Table:
    """The truth of the verdicts of ``tests.store.helpers``: each was right."""
    ids = np.arange(rows)
    columns = {
        "attempt": pa.array(ids),
        "family": pa.DictionaryArray.from_arrays(
            pa.array((ids % 3).astype(np.int16)), pa.array(["web_browsing", *FAMILIES[1:]])
        ).cast(NAME),
        "intended": times(START + ids * 1000),
        **key_columns(ids),
        "first": times(START + ids * 1000),
        "last": times(START + ids * 1000 + 500),
        "frames": pa.array(np.full(rows, 2, np.uint32)),
    }
    return pa.table([columns[f.name] for f in TRUTH], schema=TRUTH)


def status(stage: str, offered: int, delivered: int) -> dict[str, object]:
    ledger = Ledger()
    found = ledger.stage(stage)
    found.offered, found.delivered = offered, delivered
    return {
        "state": "done",
        "sent_frames": offered,
        "sent_attempts": 200,
        "within_1ms": 1.0,
        "ledger": ledger.as_dict(),
    }


def scenario(**targets: float) -> Scenario:
    smoke = load("smoke")
    return replace(smoke, targets=replace(smoke.targets, **targets))


def finished(runs: Path, *, received: int = 600, ending: Ending | None = None, **targets: float) -> RunFolder:
    """A run of 300 flows of which a third is ordinary, judged."""
    folder = ended(runs, received=received, **targets)
    close_run(folder, scenario(**targets), ending or Ending(planned_attempts=200))
    return folder


def ended(runs: Path, *, received: int = 600, **targets: float) -> RunFolder:
    """The same before it is judged: as its processes left it."""
    folder = runfolder.create(runs, "smoke")
    chosen = scenario(**targets)
    with StoreWriter(folder.path) as store:
        # their ``last`` must be that of the truth, or no flow would meet its attempt
        batch = flows(ROWS).set_column(8, flows(1).schema.field("last"), times(START + np.arange(ROWS) * 1000 + 500))
        store.commit(batch, verdicts(ROWS), [alert(1), alert(2, family="web_scan")])
    pq.write_table(truth_table(ROWS), folder.truth)
    runfolder.write_json(folder.status("sender"), status("sender", 600, 600))
    runfolder.write_json(folder.status("detector"), status("receive", received, received))
    runfolder.write_json(
        folder.state,
        {
            "id": folder.id,
            "title": "Smoke",
            "state": "finished",
            "started_ns": START,
            "duration_s": 10,
            "overrides": {"seed": 7},
        },
    )
    folder.scenario.write_text(chosen.text)
    lines = [
        {
            "t": t,
            "planned_per_s": 815,
            "sent_per_s": 815,
            "detected_per_s": 500,
            "frames_per_s": 4000,
            "p50_ms": 50,
            "p99_ms": 90,
            "backlog": 0,
        }
        for t in range(10)
    ]
    folder.timeline.write_text("\n".join(map(json.dumps, lines)) + '\n{"t": 10, "pla')
    return folder
