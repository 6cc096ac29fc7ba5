"""What a table of the configuration file may hold: one row for each key, in the room that the key belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Key:
    """One key of a table. ``kind`` is one of ``detector.config_keys.KINDS``; ``low`` and ``high`` bound numbers.

    ``default`` is what holds where the key is missing (None where nothing does); ``example`` stands in the commented
    file where there is no default. A ``choice`` is one of ``choices``.
    """

    name: str
    kind: str
    says: str
    default: Any = None
    low: float = 0
    high: float = float("inf")
    example: Any = None
    needed: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of the file: ``[name]``, ``[[name]]`` where ``many``, or ``[name.FAMILY]`` where ``by_family``."""

    name: str
    says: str
    keys: tuple[Key, ...]
    many: bool = False
    by_family: bool = False
