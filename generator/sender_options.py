"""The options of the process that sends: ``python -m generator.sender``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

SPOOL: Final = "generator.spool"
_RING_BYTES: Final = 192 << 20


def parse(arguments: list[str]) -> argparse.Namespace:
    """What the arguments say; ends the process where they cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m generator.sender")
    parser.add_argument("--workload", required=True, type=Path, help="JSON of generator.workload")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--socket", type=Path, help="Unix socket of the detector")
    target.add_argument("--wire", default="", help="interface of the lab to send real frames on (docs/lab.md)")
    parser.add_argument("--clock", default="", help="anchor of the campaign's clock")
    parser.add_argument("--status", required=True, type=Path, help="JSON, replaced five times a second")
    parser.add_argument("--truth", required=True, type=Path, help="Parquet, written at the end")
    parser.add_argument("--seal", default="", help="JSON, written at the end: the fingerprint of what left")
    parser.add_argument("--control", default="", help='JSON that may come to say {"stop": true, "changes": [..]}')
    parser.add_argument("--ring", type=int, default=_RING_BYTES, help="bytes of frames made ahead at most")
    parser.add_argument("--maker", default=SPOOL, help="the module that makes the frames")
    wire = parser.add_argument_group("with --wire")
    wire.add_argument("--netns", default="", help="network namespace of the wire")
    wire.add_argument("--heartbeat", default="", help="file of generator.lab.deadman.Heartbeat: the controller lives")
    wire.add_argument("--pacing", choices=("exact", "frugal"), help="read the clock all the time, or sleep")
    wire.add_argument("--engine", choices=("auto", "xdp", "sendmmsg"), default="auto")
    wire.add_argument("--ceiling", type=int, default=0, help="frames a second, at most")
    wire.add_argument("--lab-file", default="", help="permission for another interface than one of the lab")
    wire.add_argument("--sent", default="", help=".npy of the planned time of each frame that left, in their order")
    return parser.parse_args(arguments)
