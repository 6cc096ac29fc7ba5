"""The processes of a campaign: started, watched, and ended in order, whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Self

from contract.errors import InputError, LackingError

_ROOT: Final = Path(__file__).parent.parent
_TAIL: Final = 4096
PATIENCE_S: Final = 10.0
_LOOK_S: Final = 0.2
_PAUSE_S: Final = 0.5
_LONGEST_S: Final = 30.0
_STABLE_S: Final = 60.0


class Child:
    """One module run as a process of its own group, which dies with us. What it prints goes to ``log``.

    It is shielded from the terminal's Ctrl-C: in which order processes end is decided here. A ``niceness`` above 0 lets
    others go first: the sender must run when a frame is due, and everybody else has a moment. ``tree`` is the folder
    that holds the module's room, and ``python`` the interpreter, where they are not our own.
    Raises ``LackingError`` where no process can be started.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        folder: Path,
        log: Path,
        niceness: int = 0,
        tree: Path = _ROOT,
        python: str = sys.executable,
    ) -> None:
        self.module, self.log = module, log
        command = [python, "-m", "campaign.child", str(os.getpid()), module, *arguments]
        paths = [str(tree), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("ab") as file:
                self._process = subprocess.Popen(  # noqa: S603 - our own modules with our own arguments
                    command,
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=file,
                    start_new_session=True,
                )
            os.setpriority(os.PRIO_PROCESS, self.pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
        except OSError as error:
            raise LackingError(f"{module} cannot be started: {error.strerror}") from None

    @property
    def pid(self) -> int:
        """Its process id, which is that of its group."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.poll()

    def ask_to_end(self) -> None:
        """Send SIGTERM, on which our processes end in order."""
        if self.code is None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> int | None:
        """Its exit code once it has ended, None where it has not within that time."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self, patience_s: float = PATIENCE_S) -> None:
        """Ask it to end, then make it, and whatever it started."""
        self.ask_to_end()
        self.wait(patience_s)
        with contextlib.suppress(ProcessLookupError):  # nothing of the group is left
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def last_words(self) -> str:
        """The last line that it printed, '' where there is none."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - _TAIL))
                lines = file.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1].strip() if lines else ""

    def note(self, text: str) -> None:
        """Add a line to its log."""
        with contextlib.suppress(OSError), self.log.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    def fault(self) -> str:
        """What to say of its death."""
        words = self.last_words()
        how = f"was killed by signal {-self.code}" if self.code and self.code < 0 else f"ended with code {self.code}"
        return f"{self.module} {how}{f': {words}' if words else ''}"


class Kept:
    """A child that is started again when it dies, after a pause that grows while it does not stay up.

    One that ended in order (code 0), or that cannot be used as it was told (2), is not. ``restarts`` counts.
    """

    def __init__(self, start: Callable[[], Child]) -> None:
        self._start = start
        self._stop = threading.Event()
        self.child = start()
        self.restarts = 0
        # The system ends a child with the thread that started it: this one lasts until ``end``.
        self._thread = threading.Thread(target=self._watch, name=f"keeps {self.child.module}", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End the child, for good."""
        self._stop.set()
        self._thread.join()
        self.child.end()

    def _watch(self) -> None:
        pause, up_since = _PAUSE_S, time.monotonic()
        while not self._stop.wait(_LOOK_S):
            code = self.child.code
            if code in (0, InputError.exit_code):
                return
            if code is None:
                continue
            if time.monotonic() - up_since >= _STABLE_S:
                pause = _PAUSE_S
            self.child.note(f"{self.child.fault()}; started again in {pause:g} s")
            if self._stop.wait(pause):
                return
            pause, up_since = min(2 * pause, _LONGEST_S), time.monotonic()
            try:
                self.child = self._start()
            except LackingError as error:
                self.child.note(str(error))
            self.restarts += 1


class Children:
    """All processes of a campaign; leaving the ``with`` block ends those that still run, the last started first."""

    def __init__(self) -> None:
        self._children: list[Child | Kept] = []

    def keep(self, module: str, arguments: Sequence[str], *, folder: Path, log: Path, niceness: int = 0) -> Kept:
        """Start one more, which is started again where it dies."""
        kept = Kept(lambda: Child(module, arguments, folder=folder, log=log, niceness=niceness))
        self._children.append(kept)
        return kept

    def start(self, module: str, arguments: Sequence[str], *, folder: Path, log: Path, niceness: int = 0) -> Child:
        """Start one more."""
        child = Child(module, arguments, folder=folder, log=log, niceness=niceness)
        self._children.append(child)
        return child

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._children):
            child.end()


class StopRequest:
    """Turns SIGINT and SIGTERM into a request to stop in order, while the ``with`` block lasts (main thread only).

    ``asked`` names the first signal; a second one raises ``KeyboardInterrupt``, for whoever cannot wait.
    """

    def __init__(self) -> None:
        self.asked = ""
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = signal.Signals(number).name
