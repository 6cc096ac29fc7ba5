"""How far an output is, kept on disk: cursor and counts in one file, dead letters in another."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from contract.clock import iso
from contract.errors import InputError, LackingError
from contract.ledger import Stage
from store.outputs.base import Batch

_MIB = 1 << 20


@dataclass
class Cursor:
    """What was told: alerts up to row ``raised``, their changes up to ``changed`` (commit, row), rows of each kind.

    ``below`` are the open alerts that were not severe enough to be told so far.
    """

    raised: int = 0
    changed: tuple[int, int] = (0, 0)
    verdicts: int = 0
    flows: int = 0
    below: tuple[int, ...] = ()


@dataclass
class Counts:
    """Records: handed over, that became dead letters, left out because too many waited, waiting; and retries.

    For the ledger besides: those of its kinds that the store ``held``, changes of alerts that were looked at, those
    that the settings do not want or that a damaged segment took, those of the batch ``in_hand`` that are settled
    already, and those that a kill made to be told again.
    """

    delivered: int = 0
    batches: int = 0
    retried: int = 0
    dead: int = 0
    dead_lost: int = 0  # dead letters for which there was no room
    left_out: int = 0
    waiting: int = 0
    held: int = 0
    changes: int = 0
    not_wanted: int = 0
    missing: int = 0
    in_hand: int = 0
    repeated: int = 0

    def stage(self) -> Stage:
        """The ledger of this output."""
        stage = Stage("records", self.held + self.changes + self.repeated, self.delivered, self.waiting - self.in_hand)
        reasons = {"not_wanted": self.not_wanted, "dead_letter": self.dead, "left_out": self.left_out}
        for reason, count in (reasons | {"damaged_segment": self.missing}).items():
            stage.drop(reason, count)
        return stage


@dataclass
class State:
    """The state of one output in ``NAME.json``; dead letters go to ``NAME.dead.ndjson`` beside it."""

    folder: Path
    name: str
    dead_bytes: int = 64 * _MIB
    cursor: Cursor = field(default_factory=Cursor)
    counts: Counts = field(default_factory=Counts)
    word: str = "following"
    error: str = ""
    last_delivered: str = ""

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return self.folder / f"{self.name}.json"

    @property
    def dead_path(self) -> Path:
        """Where dead letters are kept."""
        return self.folder / f"{self.name}.dead.ndjson"

    @classmethod
    def load(cls, folder: Path, name: str, dead_mb: int) -> State:
        """The state as it was left; a fresh one where there is none. Raises ``InputError`` where it is damaged."""
        state = cls(folder, name, dead_mb * _MIB)
        try:
            document = orjson.loads(state.path.read_bytes())
            kept = document["cursor"]
            state.cursor = Cursor(**kept | {name: tuple(kept[name]) for name in ("changed", "below")})
            state.counts = Counts(**document["counts"])
            state.counts.repeated += state.counts.in_hand  # killed within a batch: what was settled of it comes again
            state.counts.in_hand = 0
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{state.path}: not the state of an output: {error}; move it away to begin anew") from None
        return state

    def save(self) -> None:
        """Replace the file in one step, on disk when it returns. Raises ``LackingError`` where the disk refuses."""
        temporary = self.path.with_suffix(".json.tmp")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(orjson.dumps(self.document(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except OSError as error:
            raise LackingError(f"{self.path}: cannot write: {error.strerror}") from None

    def document(self) -> dict[str, Any]:
        """The state as JSON."""
        return {
            "output": self.name,
            "state": self.word,
            "error": self.error,
            "last_delivered": self.last_delivered,
            "cursor": asdict(self.cursor),
            "counts": asdict(self.counts),
            "ledger": self.counts.stage().as_dict(),
        }

    def note_delivered(self, records: int) -> None:
        """Count a batch that was taken."""
        self.counts.delivered += records
        self.counts.in_hand += records
        self.counts.batches += 1
        self.word, self.error, self.last_delivered = "following", "", iso(time.time_ns())

    def bury(self, batch: Batch, reason: str) -> None:
        """Keep what cannot be delivered, as far as there is room. Raises ``LackingError`` where the disk refuses."""
        self.counts.dead += len(batch.lines)
        self.counts.in_hand += len(batch.lines)
        at = iso(time.time_ns())
        letters = [
            orjson.dumps({"at": at, "reason": reason, "what": batch.what, "record": orjson.Fragment(line)}) + b"\n"
            for line in batch.lines
        ]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self.dead_path.open("ab") as file:
                room = self.dead_bytes - file.tell()
                for letter in letters:
                    room -= len(letter)
                    if room < 0:
                        self.counts.dead_lost += 1
                    else:
                        file.write(letter)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise LackingError(f"{self.dead_path}: cannot write: {error.strerror}") from None
