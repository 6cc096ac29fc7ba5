"""Batches that sensors post: kept on disk before anybody says so, then handed to a detector of their own.

A batch is a validated Arrow IPC stream of FRAMES. It is spooled and fsynced under its id, acknowledged, and forwarded
in the order of arrival to one ``detector.service`` child over a Unix socket. The spool file goes when the detector
has metered its frames; what it has not is forwarded again to the next child.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from campaign.processes import Child
from contract.clock import Clock
from contract.errors import InputError, LackingError
from contract.schemas import FRAMES

SPOOL: Final = "spool"
JOURNAL: Final = "batches.log"
STATUS: Final = "detector.status.json"
_SUFFIX: Final = ".arrows"
_TEMPORARY: Final = ".tmp"
_START_PATIENCE_S: Final = 120.0  # a first start compiles the kernels
_END_PATIENCE_S: Final = 20.0
_RETRY_S: Final = 1.0
_POLL_S: Final = 0.05
_MAX_UNCOUNTED: Final = 512  # spool files kept until the detector has counted their frames


@dataclass(frozen=True)
class Batch:
    """One spooled batch."""

    name: str
    path: Path
    frames: int
    bytes: int


class Ingest:
    """Takes batches and forwards them. ``offer`` may be called by several threads.

    ``folder`` is the run folder that the detector writes (``runs/live``), ``config`` its configuration file.
    """

    def __init__(self, folder: Path, clock: Clock | None = None, config: Path | None = None) -> None:
        self.folder = folder
        self._config = config
        self.clock = clock or Clock.start()
        self._spool = folder / SPOOL
        self._turn = threading.Condition()
        self._known: set[str] | None = None
        self._waiting: deque[Batch] = deque()
        self._uncounted: deque[tuple[int, Batch]] = deque()
        self._backlog = 0
        self._ending = False
        self._thread: threading.Thread | None = None
        self._sent = 0
        self.fault = ""

    @property
    def backlog(self) -> int:
        """Bytes spooled and not yet forwarded."""
        return self._backlog

    @property
    def begun(self) -> bool:
        """Whether a batch has come since the start."""
        return self._thread is not None

    def figures(self) -> dict[str, Any]:
        """Batches and bytes that wait, and frames forwarded to the present child."""
        with self._turn:
            return {"waiting": len(self._waiting), "backlog_bytes": self._backlog, "forwarded_frames": self._sent}

    def offer(self, name: str, data: bytes, frames: int) -> bool:
        """Keep a batch durably; False where one of that id was kept before (then nothing changes).

        The caller has validated ``data``. Raises ``LackingError`` where the disk does not take it.
        """
        with self._turn:
            known = self._begin()
            if name in known:
                return False
            known.add(name)
        path = self._spool / f"{name}{_SUFFIX}"
        try:
            _write_synced(path, data)
            with self._turn:
                _append_synced(self.folder / JOURNAL, f"{name} {frames} {len(data)}\n")
        except OSError as error:
            with self._turn:
                known.discard(name)
            path.unlink(missing_ok=True)
            raise LackingError(f"the batch cannot be kept: {error.strerror}") from None
        with self._turn:
            self._waiting.append(Batch(name, path, frames, len(data)))
            self._backlog += len(data)
            self._turn.notify_all()
        return True

    def drain(self, timeout_s: float = _END_PATIENCE_S) -> bool:
        """Wait until all that was offered is forwarded; False where it takes longer."""
        with self._turn:
            return self._turn.wait_for(lambda: not self._waiting or self._ending, timeout_s)

    def close(self) -> None:
        """Forward what waits, end stream and detector in order. What is left stays spooled for the next start."""
        if self._thread is None:
            return
        self.drain()
        with self._turn:
            self._ending = True
            self._turn.notify_all()
        self._thread.join(_START_PATIENCE_S + _END_PATIENCE_S)

    def _begin(self) -> set[str]:
        """Open the spool at the first batch, with what an earlier process left in it. The caller holds the turn."""
        if self._known is not None:
            return self._known
        try:
            self._spool.mkdir(parents=True, exist_ok=True)
            journal = self.folder / JOURNAL
            lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
        except OSError as error:
            raise LackingError(f"{self.folder}: cannot keep batches here: {error.strerror}") from None
        frames = {parts[0]: int(parts[1]) for line in lines if len(parts := line.split()) == 3 and parts[1].isdecimal()}
        self._known = set(frames)
        for path in sorted(self._spool.glob(f"*{_SUFFIX}"), key=lambda found: found.stat().st_mtime_ns):
            name = path.name.removesuffix(_SUFFIX)
            self._known.add(name)
            batch = Batch(name, path, frames.get(name, 0), path.stat().st_size)
            self._waiting.append(batch)
            self._backlog += batch.bytes
        for path in self._spool.glob(f"*{_TEMPORARY}"):
            path.unlink(missing_ok=True)
        self._thread = threading.Thread(target=self._forward_all, name="ingest", daemon=True)
        self._thread.start()
        return self._known

    def _forward_all(self) -> None:
        """One child after another, until the end."""
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._waiting or self._is_ending())
                if self._is_ending():
                    return
            with tempfile.TemporaryDirectory(prefix="tenfold-") as sockets:
                try:
                    self._serve_child(Path(sockets) / "frames")
                    self.fault = ""
                except (OSError, LackingError, pa.ArrowException) as error:
                    self.fault = f"the detector of posted batches ended: {error}"
            with self._turn:
                # What this child did not count is for the next one.
                uncounted = [batch for _, batch in self._uncounted if batch.path.exists()]
                self._backlog += sum(batch.bytes for batch in uncounted)
                self._waiting.extendleft(reversed(uncounted))
                self._uncounted.clear()
                self._sent = 0
                if not self._is_ending():
                    self._turn.wait(_RETRY_S)

    def _is_ending(self) -> bool:
        return self._ending

    def _serve_child(self, socket_path: Path) -> None:
        (self.folder / STATUS).unlink(missing_ok=True)
        arguments = ["--socket", str(socket_path), "--store", ".", "--clock", self.clock.anchor]
        if self._config:
            arguments += ["--config", str(self._config)]
        child = Child(
            "detector.service",
            [*arguments, "--status", STATUS, "--once"],
            folder=self.folder,
            log=self.folder / "logs" / "detector.log",
        )
        try:
            with self._connect(child, socket_path) as connection, connection.makefile("wb", buffering=1 << 20) as sink:
                self._stream(sink, child)
            child.wait(_END_PATIENCE_S)  # its stream has ended, so it ends by itself
        finally:
            child.end()
        self._forget(everything=child.code == 0)

    def _connect(self, child: Child, path: Path) -> socket.socket:
        until = time.monotonic() + _START_PATIENCE_S
        while time.monotonic() < until:
            if child.code is not None:
                raise LackingError(child.fault())
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(str(path))
            except OSError:
                connection.close()
                time.sleep(_POLL_S)
                continue
            return connection
        raise LackingError(f"detector.service did not listen within {_START_PATIENCE_S:.0f} s")

    def _stream(self, sink: Any, child: Child) -> None:  # noqa: ANN401 - a buffered socket file
        with pa.ipc.new_stream(sink, FRAMES) as writer:
            while True:
                with self._turn:
                    self._turn.wait_for(lambda: self._waiting or self._ending, 0.2)
                    batch = self._waiting[0] if self._waiting else None
                    if batch is None and self._ending:
                        return
                self._forget()
                if child.code is not None:
                    raise LackingError(child.fault())
                if batch is not None:
                    self._send(writer, sink, batch)

    def _send(self, writer: pa.RecordBatchWriter, sink: Any, batch: Batch) -> None:  # noqa: ANN401
        frames = 0
        # Validated before it was spooled; what lies in our own spool is ours.
        with pa.memory_map(str(batch.path)) as source, pa.ipc.open_stream(source) as reader:
            for rows in reader:
                if rows.num_rows:
                    writer.write_batch(rows)
                    frames += rows.num_rows
        sink.flush()
        with self._turn:
            self._sent += frames
            self._uncounted.append((self._sent, batch))
            self._waiting.popleft()
            self._backlog -= batch.bytes
            self._turn.notify_all()

    def _forget(self, *, everything: bool = False) -> None:
        """Remove the spool files whose frames the detector has counted (or all, once it has ended well)."""
        counted = self._sent if everything else self._counted()
        while self._uncounted and (self._uncounted[0][0] <= counted or len(self._uncounted) > _MAX_UNCOUNTED):
            self._uncounted.popleft()[1].path.unlink(missing_ok=True)

    def _counted(self) -> int:
        try:
            document = json.loads((self.folder / STATUS).read_bytes())
            return int(document.get("frames", document.get("committed_frames", 0)))
        except (OSError, ValueError, TypeError, AttributeError):
            return 0


def check_frames(batches: list[pa.RecordBatch], where: str) -> int:
    """How many frames batches hold. Raises ``InputError`` where a length on the wire is less than what was captured."""
    total = 0
    for batch in batches:
        captured = pc.binary_length(batch.column("frame"))
        short = pc.less(batch.column("wire_len"), captured.cast(pa.uint32()))
        if pc.any(short).as_py():
            raise InputError(f"{where}: a frame is longer than its wire_len")
        total += batch.num_rows
    return total


def _write_synced(path: Path, data: bytes) -> None:
    temporary = path.with_name(path.name + _TEMPORARY)
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    _sync_folder(path.parent)


def _append_synced(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
