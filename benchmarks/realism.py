"""How near generated attacks come to real captures of them: distributions side by side, family by family.

Run by hand: ``python -m benchmarks.realism CAPTURES [--write]`` with a folder of captures that have truth files beside
them (``NAME.truth.json``). Each capture and some generated worlds of each of its families go through the detector's
meter; ``campaign.realism`` says what is compared. ``--write`` renews docs/realism.md, which holds quantiles and counts
only. Prints one line a family, or with ``--json`` one document.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from campaign.realism import (
    MEASURES,
    SHARES,
    Sample,
    capture_samples,
    distance,
    nearest,
    outside,
    quantiles,
    world_sample,
)
from contract.truth import read_truth
from generator.registry import names

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "realism.md"
WORLDS = 16
HEAD = """# Generated attacks beside real ones

`python -m benchmarks.realism CAPTURES --write` renews this page. It holds quantiles and counts of flows, nothing of the
captures themselves. Each capture and each generated world went through the detector's meter; each counts alike,
whatever its size. Generated: {worlds} worlds a family, at the rates that training worlds have.

* **distance**: two-sample Kolmogorov-Smirnov distance, 0 (alike) to 1 (nothing in common), of all captures together
  against all worlds together. A few captures of one laboratory are not "the wild", so a distance of 0 is no goal.
* **nearest**: how far the most similar world is from a capture, mean over the measures, mean over the captures. This
  is what matters for a detector: is there a world that looks like it?
* **beyond**: in how many captures the median lies outside p10 to p90 of every world. `!` marks them: the generator does
  not go there.

Flows that are ICMP errors about others are left out (not of an ICMP flood). Host measures are by attacking address
(ARP: by MAC), `victim flows/s` and `sources` by victim. `tries` are flows to one port of one victim. A rate needs two
events, and says nothing of one.

## What differs for a reason

* Most captures hold one attacker, one victim and one tool, so each is a point; worlds draw attackers from one to
  thousands, tools and networks anew, so even the nearest of {worlds} is a mixture. `nearest` falls with more worlds,
  and moves by about 0.03 with the seeds.
* Rates: a world has as many attempts a second as the workload asks for. The quickest captures (90,000 SYNs a second for
  0.3 s, one wire) are reached where the workload asks for that rate, not by themselves.
* Durations and pauses: a world lasts 4 to 20 s of a flood, 20 to 300 s of most families, 900 s of beacons at most. Some
  captures (a tunnel on one socket, 15 minutes of exfiltration over ICMP, web attacks by hand at 0.4 packets a second)
  last longer, or go more slowly, than any of them.
* Beacons: one connection of half an hour stands for one attempt; connections of more than 200 beats are cut there.
* CIC-DDoS2019 and a few others were captured on two ports at once and hold every frame twice; worlds do not.
* Some captures lack one direction or begin in the middle; worlds are whole.
* Requests and answers in real captures of laboratories travel within milliseconds; three of ten worlds do so too.
"""


def captured(folder: Path, wanted: set[str], cache: Path | None) -> dict[str, list[tuple[str, str, Sample]]]:
    """(capture, origin, sample) by family, of every capture in the folder that has a truth file with entries."""
    found: dict[str, list[tuple[str, str, Sample]]] = {}
    for path in sorted(folder.glob("*.pcap*")):
        truth_path = path.with_name(f"{path.stem}.truth.json")
        if not truth_path.exists():
            continue
        truth = read_truth(truth_path)
        if not {entry.family for entry in truth.entries} & wanted:
            continue
        about = json.loads(truth_path.read_text(encoding="utf-8")).get("about", {})
        for family, sample in _samples(path, truth_path, cache).items():
            if family in wanted:
                found.setdefault(family, []).append((path.name, str(about.get("source", path.stem)).split()[0], sample))
        print(f"metered {path.name}", file=sys.stderr)
    return found


def _samples(path: Path, truth_path: Path, cache: Path | None) -> dict[str, Sample]:
    if cache is None:
        return capture_samples(str(path), read_truth(truth_path))
    code = zlib.crc32((ROOT / "campaign" / "realism.py").read_bytes() + truth_path.read_bytes())
    kept = cache / f"{path.name}.{code:08x}.npz"
    if not kept.exists():
        flat: dict[str, Any] = {
            f"{family}|{measure}": values
            for family, sample in capture_samples(str(path), read_truth(truth_path)).items()
            for measure, values in sample.items()
        }
        cache.mkdir(parents=True, exist_ok=True)
        with kept.open("wb") as file:
            np.savez_compressed(file, **flat)
    samples: dict[str, dict[str, Any]] = {}
    with np.load(kept) as stored:
        for key in stored.files:
            family, measure = key.split("|")
            samples.setdefault(family, {})[measure] = stored[key]
    return dict(samples)


def compare(captures: list[tuple[str, str, Sample]], worlds: list[Sample]) -> dict[str, Any]:
    """Everything that the page says of one family."""
    real = [sample for _, _, sample in captures]
    rows = []
    for measure in MEASURES:
        beyond = [outside(sample, worlds, measure) for sample in real]
        rows.append(
            {
                "measure": measure,
                "real": [float(v) for v in quantiles(real, measure)],
                "generated": [float(v) for v in quantiles(worlds, measure)],
                "means": [_mean(real, measure), _mean(worlds, measure)],
                "distance": distance(real, worlds, measure),
                "beyond": sum(flag is True for flag in beyond),
                "measured": sum(flag is not None for flag in beyond),
            }
        )
    by_capture = {name: nearest(sample, worlds) for name, _, sample in captures}
    return {
        "captures": len(captures),
        "origins": len({"/".join(origin.split("/")[:2]) for _, origin, _ in captures}),
        "flows": sum(len(sample["packets out"]) for sample in real),
        "distance": float(np.nanmean([row["distance"] for row in rows])),
        "nearest": float(np.mean(list(by_capture.values()))),
        "by_capture": by_capture,
        "beyond": sum(row["beyond"] for row in rows),
        "measured": sum(row["measured"] for row in rows),
        "rows": rows,
    }


def _mean(samples: list[Sample], measure: str) -> float:
    means = [float(sample[measure].mean()) for sample in samples if len(sample[measure])]
    return float(np.mean(means)) if means else float("nan")


def number(value: float) -> str:
    """A figure for people: three digits at most."""
    if not np.isfinite(value):
        return "-"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2g}" if abs(value) < 10 else f"{value:.0f}"


def table(result: dict[str, Any]) -> Iterable[str]:
    """The Markdown table of one family."""
    yield "| | real p10 / p50 / p90 | generated p10 / p50 / p90 | distance | beyond |"
    yield "|---|---|---|---|---|"
    for row in result["rows"]:
        if not row["measured"]:
            continue
        if row["measure"] in SHARES:
            sides = [f"{100 * mean:.0f} %" for mean in row["means"]]
            name = f"share {row['measure']}"
        else:
            sides = [" / ".join(number(value) for value in row[side]) for side in ("real", "generated")]
            name = row["measure"]
        beyond = f"{row['beyond']} of {row['measured']} !" if row["beyond"] else ""
        yield f"| {name} | {sides[0]} | {sides[1]} | {row['distance']:.2f} | {beyond} |"


def page(results: dict[str, dict[str, Any]], worlds: int, missing: list[str]) -> str:
    """The whole of docs/realism.md."""
    lines = [HEAD.format(worlds=worlds), "| family | captures | origins | flows | distance | nearest | beyond |"]
    lines.append("|---|---|---|---|---|---|---|")
    for family, result in sorted(results.items()):
        lines.append(
            f"| [{family}](#{family}) | {result['captures']} | {result['origins']} | {result['flows']:,} | "
            f"{result['distance']:.2f} | {result['nearest']:.2f} | {result['beyond']} of {result['measured']} |"
        )
    lines += ["", f"No real capture at hand: {', '.join(f'`{name}`' for name in missing)}.", ""]
    for family, result in sorted(results.items()):
        lines += [f"## {family}", "", f"{result['captures']} captures of {result['origins']} origins.", ""]
        lines += [*table(result), ""]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("captures", nargs="?", type=Path, default=ROOT.parent / "shared" / "captures")
    parser.add_argument("--families", default="", help="only these, comma-separated")
    parser.add_argument("--worlds", type=int, default=WORLDS)
    parser.add_argument("--cache", type=Path, help="keep the facts of captures in this folder")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help=f"renew {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    if not options.captures.is_dir():
        sys.exit(f"{options.captures}: no folder of captures; see --help")
    attacks = sorted(name for name, module in names().items() if ".attacks." in module)
    wanted = set(options.families.split(",")) if options.families else set(attacks)
    results = {}
    for family, captures in captured(options.captures, wanted, options.cache).items():
        worlds = [world_sample(family, seed) for seed in range(options.worlds)]
        results[family] = result = compare(captures, worlds)
        print(
            f"{family:26} distance {result['distance']:.2f}  nearest {result['nearest']:.2f}  "
            f"beyond {result['beyond']} of {result['measured']}",
            file=sys.stderr if options.json else sys.stdout,
            flush=True,
        )
    if options.json:
        print(json.dumps(results, indent=1))
    if options.write:
        missing = [name for name in attacks if name not in results]
        PAGE.write_text(page(results, options.worlds, missing), encoding="utf-8")


if __name__ == "__main__":
    main()
