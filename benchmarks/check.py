"""How good is the regression gate of ``tenfold check``: how often it calls equal builds unequal, and what it finds.

    python -m benchmarks.check [--same N] [--slow N] [--spin MS] [--pairs P] [--most M] [--seconds S] [--json]

``--same`` checks compare this tree with itself (A/A): none may raise a regression. ``--slow`` checks compare a copy of
this tree whose tick burns some milliseconds of processor time with this one: each must. Every check is a real one
(`tenfold check --only regression --base-path`), with processes, sockets and a store; what is printed are ratios within
one run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from campaign.gate.builds import ROOT, share_kernels

_ROOMS: Final = ("contract", "generator", "detector", "store", "campaign", "cli", "scenarios")
_TICK: Final = re.compile(r"^    def _end_tick\(.*\) -> None:\n", re.MULTILINE)
_SPIN: Final = (
    "        until = time.thread_time() + {seconds}\n        while time.thread_time() < until:\n            pass\n"
)


def slow_copy(folder: Path, spin_ms: float) -> Path:
    """A copy of this tree whose detector spins at the end of each tick."""
    for room in _ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("requirements.lock", "pyproject.toml"):
        shutil.copy2(ROOT / file, folder)
    share_kernels(ROOT, folder)
    pipeline = folder / "detector" / "pipeline.py"
    text = pipeline.read_text(encoding="utf-8")
    slowed, found = _TICK.subn(lambda match: match[0] + _SPIN.format(seconds=spin_ms / 1000), text)
    if found != 1:
        raise SystemExit("the end of a tick looks otherwise now: put the spin elsewhere")
    pipeline.write_text(
        slowed.replace("import numpy as np\n", "import time\n\nimport numpy as np\n", 1), encoding="utf-8"
    )
    return folder


def check(candidate: Path, out: Path, targets: Path) -> dict[str, Any]:
    """One check of a tree against this one; its exit code and intervals."""
    command = [sys.executable, "-m", "cli.main", "check", "--only", "regression", "--base-path", str(ROOT)]
    command += ["--targets", str(targets), "--out", str(out), "--json"]
    environment = os.environ | {"PYTHONPATH": str(candidate)}
    done = subprocess.run(command, cwd=out.parent, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1, 3, 99):
        raise SystemExit(f"the check ended with {done.returncode}")
    found = json.loads(done.stdout)
    regression = found["regression"]
    row = {"exit_code": done.returncode, "pairs": len(regression.get("pairs", [])), "blocks": regression.get("pairs")}
    return row | {key: regression.get(key) for key in ("cpu", "latency")} | {"load": round(os.getloadavg()[0], 1)}


def line(name: str, row: dict[str, Any]) -> str:
    """One check for people."""

    def words(key: str) -> str:
        one = row[key]
        return f"{one['median']:.3f} ({one['lower']:.3f} to {one['upper']:.3f})" if one else "not measured"

    ratios = f"CPU {words('cpu')}, median latency {words('latency')}"
    return f"{name}: exit {row['exit_code']}, {row['pairs']} pairs, {ratios}, load {row['load']}"


def main() -> int:
    """Run the checks and print; 1 where a verdict was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--same", type=int, default=10)
    parser.add_argument("--slow", type=int, default=1)
    parser.add_argument("--spin", type=float, default=6.0, help="ms of processor time a tick")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--most", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=3.0, help="of traffic in a block")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        targets = Path(folder, "targets.toml")
        targets.write_text(
            f"[regression]\npairs = {options.pairs}\nmost_pairs = {options.most}\nseconds = {options.seconds}\n",
            encoding="utf-8",
        )
        slow = slow_copy(Path(folder, "slow"), options.spin)
        for name, candidate, count in (("slow", slow, options.slow), ("same", ROOT, options.same)):
            for number in range(count):
                rows[f"{name} {number + 1}"] = row = check(candidate, Path(folder, "check"), targets)
                print(line(f"{name} {number + 1}", row), file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps(rows, indent=1))
    wrong = [name for name, row in rows.items() if (row["exit_code"] == 99) != name.startswith("slow")]
    print(f"{len(rows) - len(wrong)} of {len(rows)} checks said what is so", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
