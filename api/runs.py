"""The run folders: which there are, which is on show, and an open reader for each that is asked for."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from api.facts import RunFacts, read_facts
from api.names import is_run_name
from api.problems import not_found
from contract.errors import InputError
from store.layout import DATABASE
from store.reader import StoreReader
from store.watch import CommitWatch

LIVE: Final = "live"  # what sensors post as frames
SENSORS: Final = "sensors"  # ... as flows
POSTED: Final = (LIVE, SENSORS)
_MOST_OPEN: Final = 8
_SHOWN_S: Final = 0.25


class State(NamedTuple):
    """At what point the store of a run is: equal states give equal answers."""

    run: str
    inode: int  # another store may come to be under the same name
    commit: int
    version: int  # of this process: it tells of what was written without a commit


class _Closable(Protocol):
    def close(self) -> None: ...


_Kept = TypeVar("_Kept", bound=_Closable)


class _Open(Generic[_Kept]):
    """One of something for each run that was asked for of late, made from its folder. The caller holds a lock."""

    def __init__(self, make: Callable[[Path], _Kept]) -> None:
        self._make = make
        self._kept: OrderedDict[tuple[str, int], _Kept] = OrderedDict()

    def of(self, key: tuple[str, int], folder: Path) -> _Kept:
        """That of a run and the inode of its store."""
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._make(folder)
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST_OPEN:
            # Not closed here: another thread may be reading with it. It closes when the last one lets go.
            self._kept.popitem(last=False)
        return found

    def __len__(self) -> int:
        return len(self._kept)

    def close(self) -> None:
        """Close all."""
        for one in self._kept.values():
            one.close()
        self._kept.clear()


class RunBook:
    """Looks into the runs folder. Names are checked before they become paths. May be shared by threads."""

    def __init__(self, folder: Path, pinned: str | None = None) -> None:
        self.folder = folder
        self._pinned = pinned
        self._turn = threading.Lock()
        # The run on show, of which state of the folder, and when it was looked for: that looks into every run.
        self._shown = ("", 0, 0.0)
        self._readers = _Open(StoreReader)
        self._watches = _Open(CommitWatch)

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
        shown = self._still_shown()
        if shown and (facts := read_facts(self.folder / shown)) is not None:
            return facts
        now, changes = time.monotonic(), self._changed()
        facts = self._on_show()
        with self._turn:
            self._shown = (facts.id, changes, now)
        return facts

    def name_of(self, name: str | None) -> str:
        """The id of the run that is meant, at no cost; empty where the folders have to be looked at."""
        found = name or self._pinned or self._still_shown()
        return found if is_run_name(found) else ""

    def current(self, name: str | None) -> tuple[str, State | None]:
        """The id of the run that is meant, and its state: None while it has no store. Raises 404 for no run."""
        found = self.name_of(name)
        if found and self.has_store(found):
            return found, self.state_of(found)
        facts = self.choose(name)
        return facts.id, self.state_of(facts.id) if facts.has_store else None

    def has_store(self, name: str) -> bool:
        """Whether anything can be read of the run of that (checked) name."""
        return (self.folder / name / DATABASE).is_file()

    def state_of(self, name: str) -> State:
        """What changes whenever anything that was seen in a run changes.

        The same cheap question each time, so that answers may be kept for as long as it is answered alike. Raises 404
        where the run has no store yet, ``InputError`` where it is damaged.
        """
        key = self._key(name)
        with self._turn:
            watch = self._watches.of(key, self.folder / name)
        return State(*key, *watch.state())

    def _still_shown(self) -> str:
        with self._turn:
            shown, changed, asked = self._shown
        return shown if changed == self._changed() and time.monotonic() - asked < _SHOWN_S else ""

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
        key = self._key(name)
        with self._turn:
            return self._readers.of(key, self.folder / name)

    def _key(self, name: str) -> tuple[str, int]:
        try:
            return name, (self.folder / name / DATABASE).stat().st_ino
        except OSError:
            raise not_found("no-store", f"run {name} holds no detections yet") from None

    def close(self) -> None:
        """Close every reader."""
        with self._turn:
            self._readers.close()
            self._watches.close()
