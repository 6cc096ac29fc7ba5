"""An Arrow IPC stream of FRAMES in a file: what `tenfold detect` and the ingest read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from contract.schemas import FRAMES
from generator.sinks.records import Pending


class ArrowSink:
    """An Arrow stream file. See ``generator.sinks.Sink``."""

    def __init__(self, path: Path) -> None:
        self._file = Pending(path)
        self._writer = pa.ipc.new_stream(pa.PythonFile(self._file.file, "w"), FRAMES)

    def write(self, frames: pa.RecordBatch) -> None:
        """Append these frames. Raises ``InputError`` where the file system refuses."""
        try:
            self._writer.write_batch(frames)
        except OSError as error:
            raise self._file.refused(error) from None

    def close(self) -> None:
        """Finish: the file appears under its name, complete."""
        try:
            self._writer.close()
        except OSError as error:
            raise self._file.refused(error) from None
        self._file.finish()

    def abort(self) -> None:
        """Give up: remove what was begun."""
        self._file.abort()
