"""The processes of a campaign: started, watched, and ended in order, whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Self

from contract.errors import LackingError

_ROOT: Final = Path(__file__).parent.parent
_TAIL: Final = 4096
PATIENCE_S: Final = 10.0


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

    def fault(self) -> str:
        """What to say of its death."""
        words = self.last_words()
        how = f"was killed by signal {-self.code}" if self.code and self.code < 0 else f"ended with code {self.code}"
        return f"{self.module} {how}{f': {words}' if words else ''}"


class Children:
    """All processes of a campaign; leaving the ``with`` block ends those that still run, the last started first."""

    def __init__(self) -> None:
        self._children: list[Child] = []

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
