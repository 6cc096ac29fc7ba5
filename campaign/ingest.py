"""Batches that sensors post: kept on disk before anybody says so, then handed to a detector of their own.

A batch is a validated Arrow IPC stream of FRAMES. It is spooled and fsynced under its id, acknowledged, and forwarded
in the order of arrival to one ``detector.service`` child over a Unix socket. The spool file goes when the flows of its
frames have ended and are committed. After a child that died, the next one gets the frames that are in no flow of the
store (``campaign.resuming``), no frame of the rest.
"""

from __future__ import annotations

import contextlib
import errno
import secrets
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from campaign.detector_socket import START_PATIENCE_S, connect
from campaign.frame_batches import check_frames, send_frames
from campaign.held_batches import HeldBatches
from campaign.journal import Journal
from campaign.processes import Child
from campaign.resuming import Left, cut_down, frames_left
from campaign.runfolder import SOCKET
from campaign.sent_log import Place, SentLog
from campaign.spool import SUFFIX, Batch, damaged, left_over
from campaign.status_word import StatusWord, whole_number
from contract.arrow_io import read_stream
from contract.clock import Clock
from contract.errors import FullError, LackingError, TenfoldError
from contract.files import TEMPORARY, make_folder, write_synced
from contract.frontier import Frontier
from contract.ledger import Ledger
from contract.schemas import FRAMES
from store.reader import StoreReader

SPOOL: Final = "spool"
STATUS: Final = "detector.status.json"
_END_PATIENCE_S: Final = 20.0
_RETRY_S: Final = 0.2
_RETRY_MOST_S: Final = 30.0
_STABLE_S: Final = 60.0
_POLL_S: Final = 0.05
_LOOK_S: Final = 0.2


class Ingest:
    """Takes batches and forwards them. ``offer`` may be called by several threads.

    ``folder`` is the run folder that the detector writes (``runs/live``), ``config`` its configuration file.
    """

    unit = "frames"  # of what a batch holds
    more_arguments: tuple[str, ...] = ()  # of the child
    child_may_end = False  # in order, before its stream does: then the next batch is for another one
    told_at_end = True  # a child that ended in order has told all that was sent to it

    def __init__(self, folder: Path, clock: Clock | None = None, config: Path | None = None) -> None:
        self.folder = folder
        self._config = config
        self.clock = clock or Clock.start()
        self._spool = folder / SPOOL
        self._turn = threading.Condition()
        self._journal: Journal | None = None
        self._pending: set[str] = set()  # being written
        self._held = HeldBatches(self.unit)
        self._ending = False
        self._thread: threading.Thread | None = None
        self._stream_name = ""  # of what goes to it
        self.word = StatusWord(folder / STATUS)
        self.fault = ""
        self.notes: list[str] = []  # on what an earlier process left

    @property
    def backlog(self) -> int:
        """Bytes spooled and not yet forwarded."""
        return self._held.backlog

    @property
    def begun(self) -> bool:
        """Whether a batch has come since the start."""
        return self._thread is not None

    def figures(self) -> dict[str, Any]:
        """Batches and bytes that wait, and frames forwarded to the present child."""
        with self._turn:
            return self._held.figures()

    def ledger(self, kind: str = "") -> Ledger:
        """From kept batches to what the detector counted of them; ``kind`` begins the stages' names.

        What is in flight lies in the spool, and is looked at there.
        """
        with self._turn:
            return self._held.ledger(kind)

    def offer(self, name: str, data: bytes | bytearray, frames: int) -> bool:
        """Keep a batch durably; False where one of that id was kept before (then nothing changes).

        The caller has validated ``data``. Raises ``LackingError`` where the disk does not take it.
        """
        with self._turn:
            journal = self._begin()
            self._turn.wait_for(lambda: name not in self._pending)  # the same batch, sent twice at once
            if name in journal:
                return False
            self._pending.add(name)
        path = self._spool / f"{name}{SUFFIX}"
        try:
            write_synced(path, data)
            with self._turn:
                # Not synced: while the file is there its name says the same.
                journal.add(name, frames, len(data))
                self._held.queue(Batch(name, path, frames, len(data)))
        except OSError as error:
            for left in (path, path.with_name(path.name + TEMPORARY)):
                with contextlib.suppress(OSError):
                    left.unlink(missing_ok=True)
            kind = FullError if error.errno in (errno.ENOSPC, errno.EDQUOT) else LackingError
            raise kind(f"the batch cannot be kept: {error.strerror}") from None
        finally:
            with self._turn:
                self._pending.discard(name)
                self._turn.notify_all()
        return True

    def go_on(self) -> None:
        """Begin with what an earlier process left, if it left anything; else the first batch is the beginning."""
        with self._turn, contextlib.suppress(LackingError):  # the first batch is told of it
            if any(self._spool.glob(f"*{SUFFIX}")):
                self._begin()

    def drain(self, timeout_s: float = _END_PATIENCE_S) -> bool:
        """Wait until all that was offered is forwarded; False where it takes longer."""
        with self._turn:
            return self._turn.wait_for(lambda: not self._held.waiting or self._ending, timeout_s)

    def close(self) -> None:
        """Forward what waits, end stream and detector in order. What is left stays spooled for the next start."""
        if self._thread is None:
            return
        self.drain()
        with self._turn:
            self._ending = True
            self._turn.notify_all()
        self._thread.join(START_PATIENCE_S + _END_PATIENCE_S)

    def _begin(self) -> Journal:
        """Open the spool at the first batch, with what an earlier process left in it. The caller holds the turn."""
        if self._journal is not None:
            return self._journal
        try:
            self._journal = self._open_spool()
        except OSError as error:
            self._held = HeldBatches(self.unit)
            raise LackingError(f"{self.folder}: cannot keep batches here: {error.strerror}") from None
        self._thread = threading.Thread(target=self._forward_all, name="ingest", daemon=True)
        self._thread.start()
        return self._journal

    def _open_spool(self) -> Journal:
        make_folder(self._spool)
        journal = Journal(self.folder)
        self._held.uncounted.allow(self._spool)
        self._held.queue_left(left_over(self._spool, journal))
        return journal

    def _look_at_left(self) -> None:
        """Leave out what is damaged of what an earlier process left, while more is taken already."""
        for batch, note in damaged(self._held.left, self.check):
            self.notes.append(note)
            sys.stderr.write(f"tenfold: {note}\n")
            with self._turn:
                self._held.drop(batch, "damaged")

    def check(self, data: bytes) -> None:
        """Look at a batch that an earlier process left. Raises ``InputError`` where it is damaged."""
        check_frames(list(read_stream(data, FRAMES, "batch")), "batch")

    def _forward_all(self) -> None:
        """One child after another, until the end; after those that told nothing and did not last the pause grows."""
        pause = _RETRY_S / 2
        self._look_at_left()
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._held.waiting or self._is_ending())
                if self._is_ending():
                    return
            before, began = self._held.delivered, time.monotonic()
            try:
                self._serve_child()
                self.fault = ""
            except (OSError, TenfoldError, pa.ArrowException) as error:
                self.fault = f"the detector of posted batches ended: {error}"
            lasted = self._held.delivered > before or time.monotonic() - began > _STABLE_S
            pause = min(2 * pause, _RETRY_MOST_S) if self.fault and not lasted else _RETRY_S
            with self._turn:
                self._held.child_ended()
                if not self._is_ending():
                    self._turn.wait_for(self._is_ending, pause)

    def _is_ending(self) -> bool:
        return self._ending

    def _serve_child(self) -> None:
        for left in (STATUS, SOCKET):  # of a child that was killed
            (self.folder / left).unlink(missing_ok=True)
        self._stream_name = secrets.token_hex(8)
        arguments = ["--socket", SOCKET, "--store", ".", "--clock", self.clock.anchor, *self.more_arguments]
        if self._config:
            arguments += ["--config", str(self._config)]
        child = Child(
            "detector.service",
            [*arguments, "--status", STATUS, "--stream", self._stream_name, "--once"],
            folder=self.folder,
            log=self.folder / "logs" / "detector.log",
        )
        self.word.pid = child.pid
        try:
            with connect(child, self.folder) as connection, connection.makefile("wb", buffering=1 << 20) as sink:
                self._stream(sink, child)
            child.wait(_END_PATIENCE_S)  # its stream has ended, so it ends by itself
        finally:
            child.end()
        self._forget(everything=self.told_at_end and child.code == 0)

    def _stream(self, sink: Any, child: Child) -> None:  # noqa: ANN401 - a buffered socket file
        log = SentLog(self.folder)
        self._resume(log)
        log.begin(self._stream_name)
        with pa.ipc.new_stream(sink, FRAMES) as writer:

            def note(batch: Batch, frames: int) -> None:
                log.add(batch.name, Place(self._held.sent, frames))

            self._each(child, lambda batch: send_frames(batch, writer, sink, note))

    def _resume(self, log: SentLog) -> None:
        """What the child before has told of what waits is not sent again."""
        with self._turn:
            waiting = list(self._held.waiting)
        done = cut_down(self.folder, log, waiting, self._left_in)
        with self._turn:
            if done and self._journal is not None:
                self._journal.sync()
            for batch in [batch for batch in waiting if batch.name in done]:
                batch.path.unlink(missing_ok=True)
                self._held.told_before(batch)

    def _left_in(self, store: StoreReader, frontier: Frontier, sent: Sequence[Batch]) -> Left:
        """What is left of batches that were sent; see ``campaign.resuming``."""
        return frames_left(store, frontier, sent, self._config)

    def _each(self, child: Child, send: Callable[[Batch], int]) -> None:
        """Send each batch that comes, until the end; ``send`` returns how much the child will count of it."""
        while True:
            self._forget()
            if child.code is not None:
                if child.code == 0 and self.child_may_end:
                    return
                raise LackingError(child.fault())
            with self._turn:
                self._turn.wait_for(lambda: self._held.waiting or self._ending, _LOOK_S)
                batch = self._held.waiting[0] if self._held.waiting else None
                if batch is None and self._ending:
                    return
                crowded = self._held.uncounted.crowded
            if batch is None:
                continue
            if crowded:
                time.sleep(_POLL_S)  # the child lags behind: what waits then is what the sensors are told
                continue
            counted = send(batch)
            with self._turn:
                self._held.first_sent(counted)
                self._turn.notify_all()

    def _forget(self, *, everything: bool = False) -> None:
        """Remove the spool files of which the detector has told all (or all, once it has ended well)."""
        uncounted = self._held.uncounted
        told, uncounted.taken = (self._held.sent, self._held.sent) if everything else self._counted()
        try:
            if uncounted.first_told(told) and self._journal is not None:
                with self._turn:
                    self._journal.sync()
            while batch := uncounted.first_told(told):
                batch.path.unlink(missing_ok=True)
                with self._turn:
                    self._held.first_told(batch)
        except OSError as error:  # tried again the next time
            self.fault = f"{self._spool}: what was forwarded cannot be removed: {error.strerror}"
        else:
            self.fault = ""

    def _counted(self) -> tuple[int, int]:
        """How many frames the child has told and how many it has taken, by its own word."""
        document = self.word.own()
        return whole_number(document.get("settled")), whole_number(document.get("frames"))

    def status(self) -> dict[str, Any]:
        """What the child says of itself, ``{}`` before its first word."""
        return self.word.last()
