"""Flow batches of remote sensors: kept on disk before anybody says so, then handed to a detector of their own.

As ``campaign.ingest``, but the child is told where a batch lies instead of being sent it: a line with the file's name,
and an empty line behind those that an earlier child left. Which sensors there are is kept beside the spool, so that the
next child waits for those that were not done.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from campaign.ingest import SPOOL, Ingest
from campaign.processes import Child
from campaign.resuming import Left
from campaign.sent_log import Place, SentLog
from campaign.spool import Batch
from campaign.status_word import whole_number
from contract.flow_batch import Note, read_batch, write_batch
from contract.frontier import Frontier
from contract.known_sensors import KNOWN, read_known, write_known
from store.reader import StoreReader


class FlowIngest(Ingest):
    """Takes flow batches. When every sensor has said that it is done, the child ends; the next batch gets a new one."""

    unit = "rows"
    more_arguments = ("--flows", SPOOL, "--known", KNOWN)
    child_may_end = True
    told_at_end = False  # while sensors are not done, it leaves the rest to the next

    def _left_in(self, store: StoreReader, frontier: Frontier, sent: Sequence[Batch]) -> Left:  # noqa: ARG002 - as above
        return lambda path, place: rows_left(path, frontier, place)

    def _stream(self, sink: Any, child: Child) -> None:  # noqa: ANN401 - a buffered socket file
        log, known = SentLog(self.folder), read_known(self.folder / KNOWN)
        self._resume(log)
        log.begin(self._stream_name)
        with self._turn:
            left = len(self._held.waiting)

        def send(batch: Batch) -> int:
            nonlocal left
            log.add(batch.name, Place(self._held.sent, 1))
            self._know(known, batch)
            left -= 1
            sink.write(f"{batch.path.name}\n".encode() + b"\n" * (left == 0))
            sink.flush()
            return 1

        sink.write(b"\n" * (left == 0))
        self._each(child, send)
        if child.code == 0 and all(known.values()):  # what comes is another picture
            (self.folder / KNOWN).unlink(missing_ok=True)

    def _know(self, known: dict[str, bool], batch: Batch) -> None:
        """Keep whose batch it is, and whether that sensor is done with it."""
        with pa.memory_map(str(batch.path)) as source, pa.ipc.open_stream(source) as reader:
            note = Note.from_schema(reader.schema, batch.name)
        if known.get(note.sensor) is not note.done:
            known[note.sensor] = note.done
            write_known(self.folder / KNOWN, known)

    def check(self, data: bytes) -> None:
        """As of batches of frames."""
        read_batch(data, "batch")

    def _counted(self) -> tuple[int, int]:
        """How many batches the child has told, and how many it has taken, by its own word."""
        document = self.word.own()
        sensing = document.get("sensing")
        taken = sensing.get("batches") if isinstance(sensing, dict) else 0
        return whole_number(document.get("settled")), whole_number(taken)


def rows_left(path: Path, frontier: Frontier, place: Place) -> bytes | None:
    """What is to be told again of a batch of rows; see ``campaign.resuming.Left``."""
    note, rows = _read(path)
    ticks = rows.column("tick").cast(pa.int64()).to_numpy() if rows.num_rows else np.ones(1, np.int64)
    left = frontier.untold_of(place.first, ticks - 1)
    if left.all():
        return None
    return write_batch(note, rows.filter(pa.array(left)).combine_chunks().to_batches()) if left.any() else b""


def _read(path: Path) -> tuple[Note, pa.Table]:
    # Validated before it was spooled; what lies in our own spool is ours.
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        return Note.from_schema(reader.schema, path.name), reader.read_all()
