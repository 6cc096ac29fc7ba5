"""What an output is: a kind, its keys in the configuration, and a target that takes batches of records."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Protocol

from contract.config_key import Key
from contract.errors import TenfoldError
from store.formats.base import Origin

INFORMATIONAL: Final = "informational"  # the level of what is no alert


class UnavailableError(TenfoldError):
    """The target does not take anything now; ``after_s`` is how long it asks to be left alone, 0 where it does not."""

    def __init__(self, reason: str, after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.after_s = after_s


class RefusedError(TenfoldError):
    """The target will never take this batch."""


@dataclass(frozen=True)
class Batch:
    """Records of one kind (``what``), each a line without its end; ``levels`` is how severe each is."""

    what: str
    lines: tuple[bytes, ...]
    levels: tuple[str, ...]

    @cached_property
    def id(self) -> str:
        """An id of what is in it: a batch that is delivered twice has the same one."""
        return hashlib.sha256(b"\n".join(self.lines)).hexdigest()[:32]

    def halves(self) -> tuple[Batch, Batch]:
        """The batch in two."""
        at = len(self.lines) // 2
        return (
            Batch(self.what, self.lines[:at], self.levels[:at]),
            Batch(self.what, self.lines[at:], self.levels[at:]),
        )


class Target(Protocol):
    """Takes batches. Used by one thread, but for ``reopen``."""

    def deliver(self, batch: Batch) -> None:
        """Hand over all records. Raises ``UnavailableError`` (try again) or ``RefusedError`` (never)."""

    def reopen(self) -> None:
        """Open anew what is open, before the next batch; may be called by another thread."""

    def close(self) -> None:
        """Let go of what is open."""


@dataclass(frozen=True)
class Kind:
    """One kind of output. ``check`` raises ``InputError`` where keys do not fit together.

    ``make`` is given the values of all keys, the origin of the records, and the folder of the run (against which a
    path that is not absolute counts).
    """

    name: str
    says: str
    keys: tuple[Key, ...]
    check: Callable[[Mapping[str, Any]], None]
    make: Callable[[Mapping[str, Any], Origin, Any], Target]
    defaults: Mapping[str, Any] = field(default_factory=dict)  # of common keys, where the kind has its own
