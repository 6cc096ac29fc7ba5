"""One server over one runs folder for every test that only reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.api.helpers import SECOND, START, make_run, serving

RUN = "20240726-193000-paris-2024-ab12"
CARD = {
    "families": {
        "syn_flood": {"flows": 100, "attempts": 100, "attempts_detected": 99, "recall": 0.99},
        "port_scan": {"flows": 50, "attempts": 50, "attempts_detected": 20, "recall": 0.4},
    },
    "latency_ms": {"p50": 61.0, "p95": 90.0, "p99": 140.0, "max": 300.0, "count": 119},
    "ledger": {
        "balanced": True,
        "stages": {
            "send": {
                "unit": "frames",
                "offered": 600,
                "delivered": 598,
                "in_flight": 0,
                "dropped": {"stopped": 2},
                "unexplained": 0,
            }
        },
    },
    "alerts": {"total": 30, "true": 30, "false": 0},
    "confusion": {
        "syn_flood": {"syn_flood": 99, "benign": 1},
        "port_scan": {"port_scan": 20, "benign": 30},
        "benign": {"benign": 39, "port_scan": 1},
    },
}


def finish(folder: Path, state: str = "finished", **more: object) -> None:
    """Write what a campaign leaves beside its store."""
    document = {
        "id": folder.name,
        "scenario": "paris-2024",
        "title": "Paris 2024",
        "state": state,
        "started_ns": START,
        "ended_ns": START + 3 * SECOND,
        "duration_s": 3.0,
        "multiplier": [[0, 1], [1, 8], [3, 10]],
        "figures": {"t": 3.0, "attempts": 600, "frames": 1800, "detected": 480},
    }
    (folder / "run.json").write_text(json.dumps(document | more))
    lines = [{"t": second + 1.0, "sent_per_s": 200.0, "p50_ms": 60.0, "p99_ms": 90.0} for second in range(3)]
    (folder / "timeline.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"t": 4')


@pytest.fixture(scope="session")
def runs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    run = make_run(folder / RUN)
    finish(run)
    (run / "scorecard.json").write_text(json.dumps(CARD))
    (run / "report.html").write_text("<!doctype html><title>Report</title><script>document.title = 'drawn'</script>")
    (folder / "not a run").mkdir()
    (folder / ".hidden").mkdir()
    damaged = folder / "damaged"
    damaged.mkdir()
    (damaged / "store.sqlite").write_bytes(b"this is no database" * 100)
    return folder


@pytest.fixture(scope="session")
def client(runs_folder: Path):
    with serving(runs_folder, "--run", RUN) as found:
        yield found
