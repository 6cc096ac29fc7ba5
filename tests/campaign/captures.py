"""A small capture with truth, written by hand: a scan of 400 ports among a few conversations."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from tests.detector.streams import SECOND, START, Frame, tcp

ATTACKER, VICTIM = "198.18.0.9", "198.18.1.1"


def frames() -> list[Frame]:
    """Frames in order of time."""
    made = [(n * 4_000_000, tcp(ATTACKER, VICTIM, 40000, n)) for n in range(1, 401)]
    for n in range(5):
        at = n * 300_000_000
        made.append((at, tcp("198.18.3.3", "198.18.1.3", 41000 + n, 80, 2)))
        made.append((at + 1, tcp("198.18.1.3", "198.18.3.3", 80, 41000 + n, 18)))
        made.append((at + 2, tcp("198.18.3.3", "198.18.1.3", 41000 + n, 80, 17, b"", 2)))
        made.append((at + 3, tcp("198.18.1.3", "198.18.3.3", 80, 41000 + n, 17, b"", 2)))
    return sorted(made)


def write_capture(folder: Path, name: str = "scan.pcap", *, cut: int = 0) -> Path:
    """The capture and its truth file; ``cut`` bytes are missing at its end."""
    data = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
    for when, frame in frames():
        second, rest = divmod(START + when, SECOND)
        data += struct.pack("<IIII", second, rest, len(frame), len(frame)) + frame
    path = folder / name
    path.write_bytes(data[: len(data) - cut])
    truth = {
        "format": "tenfold-truth/1",
        "capture": name,
        "entries": [{"family": "port_scan", "attackers": [ATTACKER], "victims": [VICTIM], "protocol": "tcp"}],
        "otherwise": "benign",
    }
    path.with_name(path.stem + ".truth.json").write_text(json.dumps(truth))
    return path
