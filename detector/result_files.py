"""Flows, verdicts and alerts as files of a folder, written together or not at all."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from contract.errors import InputError
from contract.schemas import FLOWS, VERDICTS

_NAMES = ("flows.parquet", "verdicts.parquet", "alerts.json")


class Files:
    """``flows.parquet``, ``verdicts.parquet`` and ``alerts.json`` in the folder ``out``.

    They grow under other names and take their own when all is written. Raises ``InputError`` where the folder or the
    files cannot be written.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._files = {name: out / name for name in _NAMES}
        self._parts = {name: out / f".{name}.{os.getpid()}.part" for name in _NAMES}
        with self._told():
            out.mkdir(parents=True, exist_ok=True)
            for path in self._files.values():
                if path.is_dir():
                    raise InputError(f"{path}: cannot write: is a folder")
            self._flows = pq.ParquetWriter(self._parts["flows.parquet"], FLOWS)
            self._verdicts = pq.ParquetWriter(self._parts["verdicts.parquet"], VERDICTS)

    def write(self, flows: pa.Table | pa.RecordBatch | None, verdicts: pa.Table | pa.RecordBatch | None) -> None:
        """Add rows of FLOWS and VERDICTS."""
        with self._told():
            if flows is not None:
                self._flows.write(flows)
            if verdicts is not None:
                self._verdicts.write(verdicts)

    def finish(self, alerts: list[dict[str, Any]]) -> dict[str, str]:
        """Write the alerts and give all files their names: ``{name: path}``."""
        with self._told():
            self._close()
            self._parts["alerts.json"].write_text(json.dumps(alerts, indent=1), encoding="utf-8")
            for name, path in self._files.items():
                self._parts[name].replace(path)
        return {name: str(path) for name, path in self._files.items()}

    def abandon(self) -> None:
        """Leave nothing half-written behind; does nothing after ``finish``."""
        with contextlib.suppress(OSError):
            self._close()
        for part in self._parts.values():
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def _close(self) -> None:
        self._flows.close()
        self._verdicts.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(f"{self._out}: cannot write: {error.strerror or error}") from None
