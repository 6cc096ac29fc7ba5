"""The frames of a check: made once from a scenario and a seed, with their truth; a file that is there is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from campaign.runfolder import read_json, write_json
from campaign.scenario import Overrides, load
from generator.delivery import write_workload
from generator.workload import DEFAULT_START_NS


@dataclass(frozen=True)
class Made:
    """A file of frames (Arrow) and its table of truth. ``flows`` are its conversations, ``seconds`` its length."""

    capture: Path
    truth: Path
    frames: int
    flows: int
    attempts: int
    seconds: float
    sha256: str


def make(work: Path, scenario: str, seconds: float, multiplier: float | None, seed: int) -> Made:
    """The frames of a scenario as Arrow under ``work``. Raises ``InputError`` where the scenario cannot be used."""
    workload = Overrides(multiplier, seconds, seed).apply(load(scenario)).workload(DEFAULT_START_NS)
    name = hashlib.sha256(workload.to_json().encode()).hexdigest()[:16]
    work.mkdir(parents=True, exist_ok=True)
    capture, about = work / f"{name}.arrow", work / f"{name}.json"
    said = read_json(about)
    if not said or not capture.is_file():
        said = write_workload(workload, capture)
        said["truth_table"] = Path(said["truth_table"]).name
        said["flows"] = pq.read_metadata(work / said["truth_table"]).num_rows
        write_json(about, json.loads(json.dumps(said, default=str)))
    keys = ("frames", "flows", "attempts", "seconds", "sha256")
    return Made(capture, work / str(said["truth_table"]), *(said[key] for key in keys))
