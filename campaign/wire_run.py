"""A campaign over the wire: the sender puts real frames on one end of the lab's veth pair, the detector listens on the
other. What was planned is certified against what arrived (``campaign.certificate``).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from campaign.lab_keeper import keeper
from campaign.processes import Child
from campaign.runfolder import RunFolder, read_json
from campaign.runner import Campaign
from contract.errors import LackingError
from generator.lab import namespaces
from generator.lab.deadman import Heartbeat
from generator.lab.namespaces import Lab

_LOCKS: Final = Path("/run/tenfold")
_HEARTBEAT: Final = ".heartbeat"
_URGENT: Final = -10
_POLL_S: Final = 0.05
_PATIENCE_S: Final = 2.0  # the last frames need microseconds; the detector's status comes five times a second


class WireCampaign(Campaign):
    """As ``Campaign``, over a lab's wire. Use it inside ``lab``."""

    def __init__(self, *arguments: Any, wire: Lab = Lab(), **named: Any) -> None:  # noqa: ANN401, B008 - Campaign's own; immutable
        self._niceness = os.getpriority(os.PRIO_PROCESS, 0)
        super().__init__(*arguments, **named)
        self._wire = wire
        self._dropped_before = dropped(wire)
        # A sender that does not see this beat stops within 100 ms: a wire never runs on without its campaign.
        self._heartbeat = Heartbeat(self.folder.path / _HEARTBEAT)
        self.ending.wire = 0

    def listening(self) -> list[str]:
        """The detector listens in the lab, and counts apart what does not come from there."""
        options = ["--interface", self._wire.listen_interface, "--netns", self._wire.listen_namespace]
        return [*options, "--lab", "--received", str(self.folder.received)]

    def sending(self) -> list[str]:
        """The sender sends in the lab, and notes what was due when."""
        options = ["--wire", self._wire.send_interface, "--netns", self._wire.send_namespace]
        return [*options, "--sent", str(self.folder.sent), "--heartbeat", str(self._heartbeat.path)]

    def note_state(self, state: str, reason: str = "") -> None:
        """As of every run. While frames leave, this thread goes first: the heart cannot beat while another holds the
        interpreter, and whoever holds it must not be put aside.
        """
        self._prefer(_URGENT if state == "running" else 0)
        super().note_state(state, reason)

    def _prefer(self, niceness: int) -> None:
        with suppress(OSError):  # where the system does not allow it
            os.setpriority(os.PRIO_PROCESS, 0, self._niceness + niceness)

    def sent(self, detector: Child) -> None:
        """Wait until everything that was claimed is accounted for, or nothing more comes; then end the detector."""
        until_arrived(self.folder, "detector", detector)
        self.ending.wire = max(0, dropped(self._wire) - self._dropped_before)
        detector.ask_to_end()

    def settle(self) -> None:
        """As of every run; and the heart stops beating."""
        self._prefer(0)
        self._heartbeat.close()
        self._heartbeat.path.unlink(missing_ok=True)
        super().settle()


def until_arrived(folder: RunFolder, who: str, receiver: Child) -> None:
    """Wait until ``who`` has accounted for every frame that the sender claims, or nothing more comes."""
    claimed = int((read_json(folder.status("sender")).get("wire") or {}).get("claimed", 0))
    deadline = time.monotonic() + _PATIENCE_S
    while receiver.code is None and time.monotonic() < deadline:
        capture = read_json(folder.status(who)).get("capture") or {}
        if claimed and capture.get("received", 0) + capture.get("kernel_dropped", 0) >= claimed:
            break
        time.sleep(_POLL_S)


def dropped(wire: Lab) -> int:
    """Frames that both ends of the pair dropped since it was made."""
    found = namespaces.status(wire)
    return int(found["send"]["dropped"]) + int(found["listen"]["dropped"])


@contextmanager
def lab(wire: Lab = Lab()) -> Iterator[None]:  # noqa: B008 - immutable
    """The lab, for this process alone; where it was not up, it goes again at the end, even if this process is killed.

    Raises ``LackingError`` without root or ``ip``, where the lab is not sound, and where another run uses it.
    """
    with _alone(wire) as lock, ExitStack() as stack:
        was_up = namespaces.status(wire)["up"]
        if not was_up:
            stack.enter_context(keeper(wire, lock))
        try:
            if not namespaces.up(wire)["up"]:
                raise LackingError("the lab is not sound: see `tenfold lab status`; `tenfold lab down` removes it")
            yield
        finally:
            if not was_up:
                namespaces.down(wire)


@contextmanager
def _alone(wire: Lab) -> Iterator[Path]:
    """Yields the lock's file."""
    path = _LOCKS / f"{wire.send_namespace}.lock"
    try:
        _LOCKS.mkdir(parents=True, exist_ok=True)
        lock = path.open("a")
    except OSError as error:
        raise LackingError(f"a run over the wire needs root: {path}: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LackingError("another run uses the lab: wait until it has ended") from None
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)
