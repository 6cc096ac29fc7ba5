"""What capture files share: a temporary file that takes its name when complete, and words for records."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.errors import InputError
from contract.jit import kernel
from generator.wire import Number

U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]


class Pending:
    """A file that is written under a temporary name beside its own and takes its own when complete."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        if path.is_dir():
            raise InputError(f"{path}: cannot write: is a folder")
        try:
            self.file: IO[bytes] = self.temporary.open("wb")
        except OSError as error:
            raise InputError(f"{path}: cannot write: {error.strerror}") from None

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes. Raises ``InputError`` where the file system refuses (full, gone)."""
        try:
            self.file.write(data)
        except OSError as error:
            raise self.refused(error) from None

    def finish(self) -> None:
        """Flush to the disk and take the name."""
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            self.temporary.replace(self.path)
        except OSError as error:
            raise self.refused(error) from None

    def refused(self, error: OSError) -> InputError:
        """What to tell the user of this; what was written is removed."""
        self.abort()
        return InputError(f"{self.path}: cannot write: {error.strerror or error}")

    def abort(self) -> None:
        """Remove what was written."""
        with contextlib.suppress(OSError):  # a full disk refuses what still stands in the buffer once more
            self.file.close()
        self.temporary.unlink(missing_ok=True)


class RecordSink:
    """What the capture formats share: a file that begins with ``head`` and appears when it is complete."""

    def __init__(self, path: Path, head: bytes) -> None:
        self._file = Pending(path)
        self._file.write(head)

    def close(self) -> None:
        """Finish: the file appears under its name, complete."""
        self._file.finish()

    def abort(self) -> None:
        """Give up: remove what was begun."""
        self._file.abort()


def columns(frames: pa.RecordBatch) -> tuple[I64, U8, npt.NDArray[np.int32], npt.NDArray[np.uint32]]:
    """A FRAMES batch as arrays without a copy: times, bytes, offsets into them, lengths on the wire."""
    binary = frames.column("frame")
    n = len(binary)
    _, offsets, data = binary.buffers()
    bounds = np.frombuffer(offsets, np.int32, n + 1, binary.offset * 4) if n else np.zeros(1, np.int32)
    body = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
    times = frames.column("ts").cast(pa.int64()).to_numpy()
    return times, body, bounds, frames.column("wire_len").to_numpy()


@kernel
def put_little(out: U8, at: Number, value: Number) -> None:
    """Write 32 bits, little-endian."""
    for k in range(4):
        out[at + k] = np.uint8((np.uint64(value) >> np.uint64(8 * k)) & np.uint64(0xFF))
