"""Signs of exploits in the clear, as data: ``detector/signatures/*.toml``, one file a kind of attack.

A sign is a short text that a request holds which tries that attack; it is inert and never the only witness: signs are
counted, and a rule or the model weighs the count with everything else. Each entry says why, gives an example that holds
it and an ordinary request that does not; the tests check both.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.errors import InputError

FOLDER: Final = Path(__file__).parent / "signatures"
WIDTH: Final = 24  # bytes of the longest sign, with the 0 that ends it
Signs = npt.NDArray[np.uint8]  # (n, WIDTH) lower case, each ended by 0


@dataclass(frozen=True)
class Sign:
    """One text to look for, in lower case."""

    kind: str  # the file's name
    text: str
    why: str
    example: str  # a request line or body that holds it
    innocent: str  # one that resembles it and does not


@cache
def signs(folder: Path = FOLDER) -> tuple[Sign, ...]:
    """All signs of a folder, by file and in the order of each file. Raises ``InputError`` for a file that is wrong."""
    return tuple(sign for path in sorted(folder.glob("*.toml")) for sign in _read(path))


def _read(path: Path) -> list[Sign]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return [_sign(path.stem, entry) for entry in document["sign"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: no file of signs: {error}") from None


def _sign(kind: str, entry: dict[str, Any]) -> Sign:
    sign = Sign(kind, *(str(entry[key]) for key in ("text", "why", "example", "innocent")))
    if not 0 < len(sign.text.encode()) < WIDTH or sign.text != sign.text.lower():
        raise ValueError(f"{sign.text!r} must be 1 to {WIDTH - 1} bytes of lower case")
    return sign


@cache
def table(folder: Path = FOLDER) -> Signs:
    """The texts of all signs for the kernels: read-only."""
    found = signs(folder)
    rows = np.zeros((len(found), WIDTH), np.uint8)
    for row, sign in zip(rows, found, strict=True):
        text = sign.text.encode()
        row[: len(text)] = np.frombuffer(text, np.uint8)
    rows.flags.writeable = False
    return rows
