"""The run folders: which there are, which is on show, and an open reader for each that is asked for."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Final

from api.facts import RunFacts, read_facts
from api.names import is_run_name
from api.problems import not_found
from contract.errors import InputError
from store.layout import DATABASE
from store.reader import StoreReader

LIVE: Final = "live"  # what sensors post as frames
SENSORS: Final = "sensors"  # ... as flows
POSTED: Final = (LIVE, SENSORS)
_OPEN_READERS: Final = 8
_SHOWN_S: Final = 0.25


class RunBook:
    """Looks into the runs folder. Names are checked before they become paths. May be shared by threads."""

    def __init__(self, folder: Path, pinned: str | None = None) -> None:
        self.folder = folder
        self._pinned = pinned
        self._turn = threading.Lock()
        # The run on show, of which state of the folder, and when it was looked for: that looks into every run.
        self._shown = ("", 0, 0.0)
        self._readers: OrderedDict[tuple[str, int], StoreReader] = OrderedDict()

    def check(self) -> None:
        """Raise ``InputError`` where the folder cannot be read."""
        try:
            next(self.folder.iterdir(), None)
        except FileNotFoundError:
            return  # the first campaign makes it
        except OSError as error:
            raise InputError(f"{self.folder}: cannot read the runs: {error.strerror}") from None

    def all(self) -> list[RunFacts]:
        """Every run, the newest first."""
        try:
            names = [path.name for path in self.folder.iterdir() if is_run_name(path.name) and path.is_dir()]
        except OSError:
            return []
        found = [facts for name in names if (facts := read_facts(self.folder / name)) is not None]
        return sorted(found, key=lambda facts: (facts.started_ns or facts.touched_ns, facts.id), reverse=True)

    def choose(self, name: str | None) -> RunFacts:
        """The run of that name; without one the pinned, else the active, else the latest. Raises 404."""
        wanted = name or self._pinned
        if wanted is not None:
            facts = read_facts(self.folder / wanted) if is_run_name(wanted) else None
            if facts is None:
                raise not_found("no-run", f"no run is called {wanted}; /v1/runs lists them")
            return facts
        with self._turn:
            shown, changed, asked = self._shown
        now, changes = time.monotonic(), self._changed()
        if changed == changes and now - asked < _SHOWN_S and (facts := read_facts(self.folder / shown)) is not None:
            return facts
        facts = self._on_show()
        with self._turn:
            self._shown = (facts.id, changes, now)
        return facts

    def _changed(self) -> int:
        """When a run was last added or taken away (ns), 0 where that cannot be told."""
        try:
            return self.folder.stat().st_mtime_ns
        except OSError:
            return 0

    def _on_show(self) -> RunFacts:
        runs = self.all()
        if not runs:
            raise not_found("no-run", "there is no run yet; POST /v1/campaigns starts one")
        campaigns = [run for run in runs if run.id not in POSTED]
        active = [run for run in campaigns if run.active]
        return (active or [run for run in runs if run.active] or campaigns or runs)[0]

    def active(self) -> RunFacts | None:
        """The campaign that is under way, None where there is none."""
        return next((run for run in self.all() if run.active and run.id not in POSTED), None)

    def reader(self, name: str) -> StoreReader:
        """An open reader of that run's store; kept open for those who ask next.

        Raises 404 where the run has no store yet, ``InputError`` where it is damaged.
        """
        database = self.folder / name / DATABASE
        try:
            key = (name, database.stat().st_ino)
        except OSError:
            raise not_found("no-store", f"run {name} holds no detections yet") from None
        with self._turn:
            reader = self._readers.get(key)
            if reader is None:
                reader = self._readers[key] = StoreReader(self.folder / name)
            self._readers.move_to_end(key)
            while len(self._readers) > _OPEN_READERS:
                # Not closed here: another thread may be reading with it. It closes when the last one lets go.
                self._readers.popitem(last=False)
            return reader

    def close(self) -> None:
        """Close every reader."""
        with self._turn:
            for reader in self._readers.values():
                reader.close()
            self._readers.clear()
