"""``Idempotency-Key``: what was started with which key, kept in the runs folder, so that a restart forgets nothing.

A client that lost the answer asks again with the same key and gets the same answer; nothing is started twice.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import orjson

from api.problems import ProblemError
from contract.errors import LackingError
from contract.files import write_synced

FOLDER: Final = ".idempotency"
KEY_PATTERN: Final = r'^"?[A-Za-z0-9._~:/+=-]{1,128}"?$'
_KEPT_S: Final = 7 * 86_400.0
_MOST: Final = 10_000


class Remembered:
    """Requests by who asked and their key. The caller sees to it that one thread at a time is in here."""

    def __init__(self, runs: Path) -> None:
        self._folder = runs / FOLDER

    def run_of(self, who: str, key: str, body: dict[str, Any]) -> str | None:
        """The run that was started with that key, None where it is new. Raises 422 where the body was another."""
        try:
            kept = orjson.loads(self._path(who, key).read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return None  # each is written whole: what cannot be read is none of ours
        if kept["body"] != _digest(body):
            detail = "this Idempotency-Key was used with another body; a new request needs a new key"
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency-key", detail)
        return str(kept["run"])

    def keep(self, who: str, key: str, body: dict[str, Any], run: str) -> None:
        """Remember before anything is started. It is on the disk when this returns. Raises ``LackingError``."""
        path = self._path(who, key)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._tidy()
            write_synced(path, orjson.dumps({"body": _digest(body), "run": run}))
        except OSError as error:
            raise LackingError(f"the request cannot be kept: {error.strerror}") from None

    def forget(self, who: str, key: str) -> None:
        """Nothing came of it: the key is free again."""
        self._path(who, key).unlink(missing_ok=True)

    def _path(self, who: str, key: str) -> Path:
        key = key.strip('"')  # a structured field (RFC 9651) has quotes, most clients send none
        name = hashlib.sha256(f"{who}\0{key}".encode()).hexdigest()
        return self._folder / f"{name}.json"

    def _tidy(self) -> None:
        """Let go of what is a week old, and of the oldest where there are too many."""
        found = []
        for path in self._folder.glob("*.json"):
            with suppress(OSError):
                found.append((path.stat().st_mtime, path))
        found.sort()
        oldest = time.time() - _KEPT_S
        for at, (stamp, path) in enumerate(found):
            if stamp < oldest or at <= len(found) - _MOST:
                path.unlink(missing_ok=True)


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
