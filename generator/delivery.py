"""Frames and their truth as files that belong together: all of them appear, complete, or none does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from contract.truth import TABLE_SUFFIX, TRUTH_SUFFIX
from generator.fingerprint import Fingerprint, Frames
from generator.plan import Planner
from generator.sinks import open_sink
from generator.stamp import Table
from generator.traffic import Traffic
from generator.truth_file import TruthEntries, TruthFile, refuse_folder, write_json
from generator.workload import Workload


class Delivery:
    """What goes into the files beside each other; ``document`` is the truth's, and must be set where there is one.

    ``frames`` and ``size`` count frames and their bytes.
    """

    def __init__(self, out: Path, *, known: bool = True) -> None:
        self._sink = open_sink(out)  # first: it says so where a name is none
        self.truth = out.with_name(out.name + TRUTH_SUFFIX) if known else None
        self.table = out.with_name(out.name + TABLE_SUFFIX) if known else None
        self.document: dict[str, Any] | None = None
        self.size = 0
        self._print = Fingerprint()
        self._rows: TruthFile | None = None

    @property
    def frames(self) -> int:
        """How many there are so far."""
        return self._print.frames

    @property
    def sha256(self) -> str:
        """The fingerprint of the frames so far (``generator.fingerprint``)."""
        return self._print.digest().hex()

    def begin(self) -> None:
        """Open what goes beside the capture."""
        if self.truth and self.table:
            refuse_folder(self.truth)
            self._rows = TruthFile(self.table)

    def write(self, frames: pa.RecordBatch) -> None:
        """Append frames (FRAMES, in order of time)."""
        self._sink.write(frames)
        self._print.add(Frames.of(frames))
        self.size += int(frames.column("wire_len").to_numpy().sum())

    def know(self, rows: pa.RecordBatch) -> None:
        """Append TRUTH rows."""
        if self._rows:
            self._rows.write(rows)

    def finish(self) -> None:
        """Give all files their names, the capture last: where it is, its truth is."""
        if self._rows and self.truth:
            write_json(self.document or {}, self.truth)
            self._rows.close()
        self._sink.close()

    def abort(self) -> None:
        """Leave nothing behind."""
        self._sink.abort()
        if self._rows:
            self._rows.abort()


@contextmanager
def delivered(out: Path, *, known: bool = True) -> Iterator[Delivery]:
    """Files that appear when the ``with`` block ends, and only if nothing is raised in it.

    ``known``: there is a truth. Raises ``InputError`` where the name of a file asks for no format, or where a file
    cannot be written.
    """
    delivery = Delivery(out, known=known)
    try:
        delivery.begin()
        yield delivery
        delivery.finish()
    except BaseException:
        delivery.abort()
        raise


def write_workload(
    workload: Workload, out: Path, upto_ns: int | None = None, check: Callable[[Delivery], None] = lambda _: None
) -> dict[str, Any]:
    """Write a workload's frames, and their truth beside them; what was written, as JSON.

    ``upto_ns``: only frames before that moment (epoch ns). ``check`` sees what is to be delivered, and may raise.
    """
    planner = Planner(workload)
    entries = TruthEntries(planner.template, planner.families, planner.attacks)
    end_ns = workload.end_ns if upto_ns is None else min(upto_ns, workload.end_ns)
    begun = np.zeros(2, np.int64)  # ordinary conversations, attempts

    def note(table: Table) -> None:
        table = table.take(np.flatnonzero(table.intended < end_ns))
        entries.add(table)
        begun[:] += np.bincount(planner.attacks[table.family].astype(np.int64), minlength=2)

    with delivered(out) as delivery:
        traffic = Traffic(planner, each=note)
        traffic.end(end_ns)
        for chunk in traffic:
            delivery.write(chunk.frames)
            delivery.know(chunk.truth)
        delivery.document = entries.document(out.name)
        check(delivery)
    return {
        "capture": str(out),
        "truth": str(delivery.truth),
        "truth_table": str(delivery.table),
        "frames": delivery.frames,
        "bytes": delivery.size,
        "attempts": int(begun[1]),
        "conversations": int(begun[0]),
        "seconds": (end_ns - workload.start_ns) / 1e9,
        "seed": workload.seed,
        "sha256": delivery.sha256,
    }
