"""A .npy of int64 that grows while it is written: times as they come, the right length in its head at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.errors import InputError

_MAGIC: Final = b"\x93NUMPY\x01\x00"
_HEAD: Final = 128  # bytes before the first number; a multiple of 64 (NEP 1)


class TimesFile:
    """Read it with ``numpy.load``. Raises ``InputError`` where the file system refuses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None
        self._write(bytes(_HEAD))

    def append(self, times: npt.NDArray[np.int64]) -> None:
        """More of them."""
        self._write(times.astype("<i8").tobytes())
        self._count += len(times)

    def close(self) -> None:
        """Write the head: the file is complete."""
        head = f"{{'descr': '<i8', 'fortran_order': False, 'shape': ({self._count},), }}".encode()
        body = head.ljust(_HEAD - len(_MAGIC) - 3) + b"\n"
        self._file.seek(0)
        self._write(_MAGIC + len(body).to_bytes(2, "little") + body)
        self._file.close()

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            self._file.close()
            raise InputError(f"{self._path}: {error.strerror}") from None
