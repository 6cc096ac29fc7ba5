"""Whether the time that the check of a key takes tells anything of a key.

Usage: ``python benchmarks/key_compare.py [--rounds 40000]``. Wrong keys of four kinds, in random order: an unknown id,
a known id with a secret that is wrong from its first character on, at its last one alone, or of another key. Prints one
line of JSON: the median of each in nanoseconds, the ratio of each to the first, how far they lie apart, and how far the
medians of two halves of one kind do (what the machine does by itself).
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from api import key_file
from api.keys import KeyBook


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40_000, help="checks of each kind")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="tenfold-bench-") as folder:
        path = Path(folder) / "keys.json"
        made = [key_file.new_key(f"key {number}", ["read"]) for number in range(20)]
        key_file.change(path, lambda _: [key for key, _ in made])
        book = KeyBook(path)
        (first, text), (_, other) = made[0], made[1]
        secret = text.split("_", 2)[2]
        kinds = {
            "unknown id": f"tfk_{'a' * 8}_{secret}",
            "wrong from the first character": f"tfk_{first.id}_{'-' if secret[0] != '-' else '_'}{secret[1:]}",
            "wrong at the last character": text[:-1] + ("A" if text[-1] != "A" else "B"),
            "secret of another key": f"tfk_{first.id}_{other.split('_', 2)[2]}",
        }
        times = measure(book, kinds, rounds)
    medians = {kind: float(np.median(found)) for kind, found in times.items()}
    reference = medians["unknown id"]
    halves = [abs(float(np.median(found[::2]) - np.median(found[1::2]))) for found in times.values()]
    print(
        json.dumps(
            {
                "median_ns": {kind: round(value) for kind, value in medians.items()},
                "ratio": {kind: round(value / reference, 4) for kind, value in medians.items()},
                "noise_ns": round(max(halves), 1),
                "spread_ns": round(max(medians.values()) - min(medians.values()), 1),
            }
        )
    )


def measure(book: KeyBook, kinds: dict[str, str], rounds: int) -> dict[str, np.ndarray]:
    """Nanoseconds of each check, the kinds in random order."""
    order = [kind for kind in kinds for _ in range(rounds)]
    random.Random(815).shuffle(order)
    times: dict[str, list[int]] = {kind: [] for kind in kinds}
    for kind in order:
        text = kinds[kind]
        begin = time.perf_counter_ns()
        found = book.key_of(text)
        times[kind].append(time.perf_counter_ns() - begin)
        if found is not None:
            raise RuntimeError(f"{kind}: was let in")
    return {kind: np.array(found) for kind, found in times.items()}


if __name__ == "__main__":
    main()
