"""Bombs are refused in one line, at little cost. What they cost in wall time is measured in benchmarks/bombs.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.bombs import BOMBS

ROOT = Path(__file__).parents[2]
MOST_MIB = 64
MOST_CPU_MS = 2000  # generous, for a loaded machine: the figure promised is 100 ms of an idle one


@pytest.fixture(scope="module")
def costs() -> dict[str, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.bombs"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_one_line_and_little_memory(costs, name: str) -> None:
    cost = costs[name]
    assert cost["said"], cost
    assert str(cost["said"]).isprintable()
    assert cost["mib"] < MOST_MIB, cost
    assert cost["cpu_ms"] < MOST_CPU_MS, cost
