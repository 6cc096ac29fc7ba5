"""A digest of what each family makes from one seed: ``python -m tests.generator.golden --write`` renews golden.json.

Renew it when frames are meant to change, and say in the commit why they did. The digest covers the time and the bytes
of every frame.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import pyarrow as pa

from contract.families import catalogue
from generator import registry
from generator.traffic import chunks
from generator.workload import Share, Workload

SECONDS = 8.0
PATH = Path(__file__).parent / "golden.json"
RENEW = "if that is meant, renew them: python -m tests.generator.golden --write"


def workload(name: str, seed: int = 1, rate: float = 40.0) -> Workload:
    """Some seconds of one family; seed 1 draws a VLAN."""
    attack = catalogue()[name].attack
    return Workload(
        seed=seed,
        duration_s=SECONDS,
        curve=((0.0, rate if attack else 0.0),),
        attacks=(Share(name),) if attack else (),
        benign=() if attack else (Share(name),),
        benign_curve=((0.0, 0.0 if attack else rate / 4),),
    )


def digest(traffic: pa.Table) -> str:
    """How many frames, and a SHA-256 over their times and bytes."""
    sums = hashlib.sha256(traffic.column("ts").cast(pa.int64()).to_numpy().tobytes())
    for frame in traffic.column("frame").to_pylist():
        sums.update(len(frame).to_bytes(4, "little") + frame)
    return f"{len(traffic)} frames, {sums.hexdigest()[:32]}"


def make(name: str) -> str:
    """The digest of what is made now."""
    return digest(pa.Table.from_batches([chunk.frames for chunk in chunks(workload(name))]))


def read() -> dict[str, str]:
    """The digests as they stand."""
    found: dict[str, str] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def main() -> int:
    """Compare, or write; 1 where something differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write what is made now")
    options = parser.parse_args()
    made = {name: make(name) for name in sorted(registry.names())}
    if options.write:
        PATH.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        return 0
    before = read()
    changed = [name for name in sorted({*made, *before}) if made.get(name) != before.get(name)]
    sys.stdout.write(f"{len(made)} families, changed: {', '.join(changed) or 'none'}\n")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
