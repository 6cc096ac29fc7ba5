"""An archive of all rows, for longer than one disk holds: Parquet on any filesystem, or Iceberg tables.

It follows the store by itself, in chunks of columns: how far it is stands in the archive, so what a kill interrupted is
done again under the same names and nothing is there twice.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from contract.config_key import Key
from contract.errors import LackingError
from store.feed import Feed
from store.formats.base import WHATS, Origin
from store.lake.archiver import MOST_ROWS, Archiver
from store.lake.base import Lake
from store.lake.claim import claimed
from store.lake.opening import check_names, keep_before, open_lake
from store.lake.rows import check_run
from store.outputs.base import Kind
from store.outputs.state import State

_TEND_S: Final = 3600.0
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
_MIB: Final = 1 << 20


class LakeFollower:
    """Copies a store into an archive every so often. See ``store.outputs.base.Following``."""

    def __init__(self, values: Mapping[str, Any], origin: Origin, folder: Path) -> None:
        self._values = values
        self._origin = replace(origin, run=values.get("label") or origin.run)
        to: str = values["to"]
        self._to = to if urlsplit(to).scheme else str(folder / to)
        self._folder = folder
        self._archiver: Archiver | None = None
        self._tries = 0
        self._due = 0.0

    def follow(self, feed: Feed, state: State, stop: threading.Event, drain_s: float) -> None:
        """Copy until ``stop`` is set, and then once more; at the end a place that is away is tried for ``drain_s``.

        Raises ``InputError`` where the archive cannot be one.
        """
        with claimed(self._folder, self._to, self._origin.run):
            until = float("inf")
            while True:
                last = stop.is_set()
                until = min(until, time.monotonic() + drain_s) if last else until
                done = self._pass(feed, state)
                if last and (done or time.monotonic() >= until):
                    break
                if done and not last:
                    self._tend(state)
                state.save()
                self._pause(stop, until, done=done, last=last)
        state.word = "ended"
        state.save()

    def reopen(self) -> None:
        """Nothing stays open."""

    def close(self) -> None:
        """Nothing stays open."""

    def _pass(self, feed: Feed, state: State) -> bool:
        """Copy what is there; False where the archive is away: what waits is in the store."""
        try:
            if self._archiver is None:
                self._archiver = Archiver(feed, self._lake(), self._origin, self._values["what"], self._values["rows"])
            state.note_delivered(self._archiver.copy())
            state.counts.waiting = self._archiver.waiting()
        except LackingError as error:
            state.word, state.error = "retrying", str(error)
            state.counts.retried += 1
            state.counts.waiting = max(1, state.counts.waiting)
            self._archiver, self._tries = None, self._tries + 1
            return False
        self._tries = 0
        return True

    def _pause(self, stop: threading.Event, until: float, *, done: bool, last: bool) -> None:
        """Wait for the next time; after a failure longer each time, with jitter."""
        again = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self._tries, 20)) * random.uniform(0.5, 1.0)
        if last:
            time.sleep(min(again, max(0.0, until - time.monotonic())))
        else:
            stop.wait(float(self._values["every_s"]) if done else again)

    def _lake(self) -> Lake:
        return open_lake(self._to, self._values.get("catalog"), self._values["namespace"])

    def _tend(self, state: State) -> None:
        """Remove the old and merge the small, once an hour. A failure is said, and tried again in an hour."""
        before, target = keep_before(self._values["keep_days"]), int(self._values["merge_mb"]) * _MIB
        if (before is None and not target) or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _TEND_S
        try:
            self._lake().tend(tuple(self._values["what"]), before, target)
        except LackingError as error:
            state.error = str(error)


def _check(values: Mapping[str, Any]) -> None:
    check_names(values["to"], values.get("catalog"), values["namespace"])
    if values.get("label"):
        check_run(values["label"])


def _make(values: Mapping[str, Any], origin: Origin, folder: Path) -> LakeFollower:
    return LakeFollower(values, origin, folder)


KIND: Final = Kind(
    "lake",
    "An archive of all rows: Parquet by kind, date and hour, or Iceberg tables. Credentials: from the environment.",
    (
        Key("to", "text", "A folder or a URL; a path that is not absolute: in the run folder.", needed=True,
            example="s3://bucket/tenfold"),
        Key("catalog", "text", "Of Iceberg: a catalog of .pyiceberg.yaml, sqlite:///FILE, or a REST address.",
            example="sqlite:////var/lib/tenfold/catalog.db"),
        Key("namespace", "text", "Of Iceberg: where the tables are.", "tenfold"),
        Key("label", "text", "The run under which rows stand; not given: the run folder's name.", example="centre-1"),
        Key("every_s", "number", "Copied so often; each time makes a file for each kind and hour.", 60.0, 0.05, 86_400),
        Key("rows", "whole", "Rows of a file, at most.", MOST_ROWS, 1, 1 << 24),
        Key("keep_days", "number", "Hours of traffic that are older are removed; 0: none.", 0.0, 0, 36_525),
        Key("merge_mb", "whole", "Files that are smaller than half of it are merged, each hour; 0: never.", 0, 0, 4096),
    ),
    _check,
    _make,
    {"what": [*WHATS]},
    common=("kind", "name", "what"),
)  # fmt: skip
