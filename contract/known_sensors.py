"""The sensors of a picture, and whether each is done: what a centre leaves to the one that goes on after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from contract.batch_names import NAMES
from contract.files import write_synced

KNOWN: Final = "sensors.json"


def read_known(path: Path) -> dict[str, bool]:
    """What ``write_known`` wrote; nothing where there is no such file, or it holds something else."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {name: done for name, done in document.items() if NAMES["sensor"].fullmatch(name) and isinstance(done, bool)}


def write_known(path: Path, known: dict[str, bool]) -> None:
    """Replace the file. Raises ``OSError``."""
    write_synced(path, json.dumps(known).encode())
