"""Waiting until a process of a run says that it is ready; a run that is stopped meanwhile, or loses one, ends there."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Final

from campaign import runfolder
from campaign.processes import Child, StopRequest
from campaign.runfolder import RunFolder
from contract.errors import InputError

_POLL_S: Final = 0.05
_TELL_S: Final = 1.0
READY_S: Final = 600.0  # the first start of all compiles every kernel
Json = dict[str, Any]


class StoppedError(Exception):
    """The run cannot go on; the text says why."""


def until_ready(
    needed: tuple[Child, ...],
    status: Callable[[], Json],
    states: tuple[str, ...],
    stop: StopRequest,
    tell: Callable[[], None],
    phase: str,
    patience_s: float = READY_S,
) -> Json:
    """Wait until a process's status says one of ``states``; its document. ``tell`` is called once a second meanwhile.

    The process is the first of those ``needed``. Raises ``StoppedError`` where one of them ends, the user stops the run
    (``phase`` says during what), or it takes longer than ``patience_s``.
    """
    deadline = time.monotonic() + patience_s
    told = 0.0
    while time.monotonic() < deadline:
        found = status()
        if found.get("state") in states:
            return found
        if stop.asked:
            raise StoppedError(f"stopped by {stop.asked} while {phase}")
        for child in needed:
            if child.code is not None:
                raise StoppedError(child.fault())
        if time.monotonic() - told >= _TELL_S:
            told = time.monotonic()
            tell()
        time.sleep(_POLL_S)
    raise StoppedError(f"{needed[0].module} was not ready within {patience_s:.0f} s")


def status_of(folder: RunFolder, who: str) -> Json:
    """The status of a process of a run, empty while there is none."""
    try:
        return runfolder.read_json(folder.status(who))
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return {}
