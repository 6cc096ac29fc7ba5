"""Which keys are good now: the key file, read again when it has changed, and the check of a key."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from api import key_file
from api.key_file import Key
from contract.clock import calendar
from contract.errors import InputError

_LOOK_EVERY_S: Final = 0.25
_NOBODY: Final = "0" * 64
_Signature = tuple[int, int, int, int]


class KeyBook:
    """The keys of one file. Belongs to the event loop: it takes no locks.

    The file is looked at (one ``stat``) at most every quarter of a second. Where it has become unreadable nobody is let
    in any more and ``fault`` says why: an old state could hold a key that was meant to be revoked.
    """

    def __init__(self, path: Path, changed: Callable[[list[str]], None] | None = None) -> None:
        self.path, self.fault = path, ""
        self._changed = changed
        self._looked = time.monotonic()
        self._signature = _signature(path)
        self._keys = {key.id: key for key in key_file.read(path)}

    def key_of(self, text: str) -> Key | None:
        """The key that the text is; None where it is none that is good now. Takes the same time for each wrong one."""
        self._refresh()
        key = self._keys.get(key_file.id_of(text))
        same = hmac.compare_digest(key_file.digest(text), _NOBODY if key is None else key.sha256)
        return key if key is not None and same and key.good(calendar().now()) else None

    def still(self, key_id: str) -> Key | None:
        """The key of that id as it now is; None where it is gone, revoked or expired."""
        self._refresh()
        key = self._keys.get(key_id)
        return key if key is not None and key.good(calendar().now()) else None

    @property
    def good(self) -> int:
        """How many keys are good now."""
        now = calendar().now()
        return sum(key.good(now) for key in self._keys.values())

    def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY_S:
            return
        self._looked = now
        signature = _signature(self.path)
        if signature == self._signature:
            return
        self._signature = signature
        before = self._keys
        try:
            self._keys = {key.id: key for key in key_file.read(self.path)}
            self.fault = ""
        except InputError as error:
            self._keys, self.fault = {}, str(error)
        if self._changed is not None:
            ids = sorted({*before, *self._keys})
            self._changed([key_id for key_id in ids if before.get(key_id) != self._keys.get(key_id)])


def _signature(path: Path) -> _Signature | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode
