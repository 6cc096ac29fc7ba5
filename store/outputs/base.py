"""What an output is: a kind, its keys in the configuration, and a target that takes batches of records."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from contract.config_key import Key
from contract.errors import TenfoldError
from store.formats.base import Origin

if TYPE_CHECKING:
    from store.feed import Feed
    from store.outputs.state import State

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


@runtime_checkable
class Following(Protocol):
    """What follows a store by itself instead of taking batches: it wants columns, not records."""

    def follow(self, feed: Feed, state: State, stop: threading.Event, drain_s: float) -> None:
        """Follow until ``stop`` is set, and then for ``drain_s`` at most. Raises ``TenfoldError`` where it cannot."""

    def reopen(self) -> None:
        """As of ``Target``."""

    def close(self) -> None:
        """As of ``Target``."""


@dataclass(frozen=True)
class Kind:
    """One kind of output. ``check`` raises ``InputError`` where keys do not fit together.

    ``make`` is given the values of all keys, the origin of the records, and the folder of the run (against which a
    path that is not absolute counts). ``common`` are those of the keys of every output that it has; None: all.
    """

    name: str
    says: str
    keys: tuple[Key, ...]
    check: Callable[[Mapping[str, Any]], None]
    make: Callable[[Mapping[str, Any], Origin, Any], Target | Following]
    defaults: Mapping[str, Any] = field(default_factory=dict)  # of common keys, where the kind has its own
    common: tuple[str, ...] | None = None
