"""Pieces of work whose calls are held (``tests.faults.calls``): real code of ours, on real files."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from campaign.ingest import Ingest
from contract.errors import TenfoldError
from store.writer import StoreWriter
from tests.api.helpers import START, frames_stream
from tests.faults.calls import SAID_FD
from tests.store.helpers import alert, flows, verdicts

ROWS: Final = 12
COMMITS: Final = 4
TRIES: Final = 3


def prepare() -> None:
    """Load and compile what each child would otherwise do by itself."""
    with tempfile.TemporaryDirectory() as folder:
        keep(Path(folder) / "store")
        post(Path(folder) / "spool")


def say(word: str, *values: object) -> None:
    """Tell the test, in the order of calls."""
    os.write(SAID_FD, " ".join(map(str, (word, *values))).encode())


def done(work: Callable[..., None], folder: Path, arguments: list[Any]) -> str:
    """Do a piece of work: '' if it ended in order, one line if it was refused clearly, else a traceback."""
    try:
        work(folder, *arguments)
    except TenfoldError as error:
        return f"refused: {error}"
    except BaseException:  # noqa: BLE001 - whatever it is, the test must be told
        return traceback.format_exc()
    return ""


def keep(folder: Path, first: int = 0, commits: int = COMMITS) -> None:
    """Commit, compact, commit: each batch under its key, up to three times where it is refused."""
    with StoreWriter(folder, compact_after=0) as writer:
        say("ready", 0)
        for number in range(first, first + commits):
            commit(writer, number)
            if number == first + commits // 2:
                try:
                    writer.compact(everything=True)
                    writer.compact(everything=True)  # which removes what the one before replaced
                except TenfoldError as error:
                    say("uncompacted", 0, error)


def commit(writer: StoreWriter, number: int) -> None:
    """One batch, until it is taken."""
    say("sent", number)
    for _ in range(TRIES):
        try:
            rows = flows(ROWS, number * ROWS), verdicts(ROWS, number * ROWS)
            writer.commit(*rows, [alert(number)], key=f"batch {number}")
        except TenfoldError as error:
            say("refused", number, error)
        else:
            say("acknowledged", number)
            return


class Spool(Ingest):
    """The desk's queue without a detector: what is offered stays, until the test says that it was counted."""

    def _forward_all(self) -> None:
        pass

    def count(self) -> None:
        """As if a detector had taken the frames of all that waits."""
        for batch in self._held.waiting:
            say("counted", batch.name.removeprefix("batch-"))
            self._held.uncounted.add(0, batch)
        self._held.waiting.clear()
        self._forget(everything=True)


def post(folder: Path, first: int = 0, batches: int = 4) -> None:
    """Hand in batches of frames, each up to three times; half-way, the detector has counted what there is."""
    queue = Spool(folder)
    for number in range(first, first + batches):
        say("sent", number)
        for _ in range(TRIES):
            try:
                queue.offer(f"batch-{number}", frames_stream(2 + number % 3, START), 2 + number % 3)
            except TenfoldError as error:
                say("refused", number, error)
            else:
                say("acknowledged", number)
                break
        if number == first + batches // 2:
            queue.count()
