"""What an earlier process left in a spool of batches: checked once more, for a disk may have spoiled it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from campaign.journal import Journal
from contract.errors import InputError
from contract.files import TEMPORARY

SUFFIX: Final = ".arrows"
ASIDE: Final = "aside"


@dataclass(frozen=True)
class Batch:
    """One spooled batch."""

    name: str
    path: Path
    frames: int
    bytes: int


def left_over(spool: Path, journal: Journal, check: Callable[[bytes], object]) -> tuple[list[Batch], list[str]]:
    """The batches in a spool, the oldest first, and a line for each that is damaged: ``check`` refused it.

    A damaged one is moved to ``aside/`` beside the spool. Raises ``OSError``.
    """
    for path in spool.glob(f"*{TEMPORARY}"):
        path.unlink(missing_ok=True)
    found, notes = [], []
    for path in sorted(spool.glob(f"*{SUFFIX}"), key=lambda one: one.stat().st_mtime_ns):
        name, data = path.name.removesuffix(SUFFIX), path.read_bytes()
        journal.know(name, len(data))
        try:
            check(data)
        except InputError as error:
            aside = spool.parent / ASIDE
            aside.mkdir(exist_ok=True)
            path.rename(aside / path.name)
            notes.append(f"{path}: {error}; set aside")
            continue
        found.append(Batch(name, path, journal.count_of(name), len(data)))
    return found, notes
