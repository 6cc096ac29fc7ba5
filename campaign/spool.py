"""What an earlier process left in a spool of batches: looked at once more, for a disk may have spoiled it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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


def left_over(spool: Path, journal: Journal) -> list[Batch]:
    """The batches in a spool, the oldest first. Raises ``OSError``."""
    for path in spool.glob(f"*{TEMPORARY}"):
        path.unlink(missing_ok=True)
    found = []
    for path in sorted(spool.glob(f"*{SUFFIX}"), key=lambda one: one.stat().st_mtime_ns):
        name, size = path.name.removesuffix(SUFFIX), path.stat().st_size
        journal.know(name, size)
        found.append(Batch(name, path, journal.count_of(name), size))
    return found


def damaged(batches: Sequence[Batch], check: Callable[[bytes], object]) -> Iterator[tuple[Batch, str]]:
    """Those that ``check`` refuses, moved to ``aside/`` beside the spool, each with a line on it."""
    for batch in batches:
        aside = batch.path.parent.parent / ASIDE
        try:
            check(batch.path.read_bytes())
        except InputError as error:
            aside.mkdir(exist_ok=True)
            batch.path.rename(aside / batch.path.name)
            yield batch, f"{batch.path}: {error}; set aside"
        except OSError:
            continue  # it is told when it is sent
