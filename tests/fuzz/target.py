"""What a fuzz target is: a boundary where something comes in, and what to begin with."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from contract.errors import TenfoldError

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Target:
    """``call`` raises only where a promise is broken; ``words`` are pieces that a format is made of."""

    call: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    words: tuple[bytes, ...] = ()
    shots: int = 300  # spoiled inputs in the suite


def refused(error: TenfoldError) -> None:
    """What a user sees is one line that can be read, of bounded length."""
    text = str(error)
    assert text
    assert text.isprintable()
    assert len(text) < 40_000


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    memory = Path("/dev/shm")  # on a disk each file would cost milliseconds
    return tempfile.TemporaryDirectory(prefix="tenfold-fuzz-", dir=memory if memory.is_dir() else None)


def in_file(data: bytes, name: str) -> Path:
    """The bytes as a file; the next call with that name overwrites it."""
    path = Path(_folder().name) / name
    path.write_bytes(data)
    return path
