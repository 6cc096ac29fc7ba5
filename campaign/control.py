"""Asking something of a campaign that runs, from another process: its control file, which the sender reads.

``control.json``: ``{"stop": true, "changes": [{"at": second or null, "multiplier": x}, ...]}``; changes are appended.
"""

from __future__ import annotations

import math
import os
from typing import Any, Final

from campaign import runfolder
from campaign.runfolder import RunFolder
from contract.errors import InputError

MOST_MULTIPLIER: Final = 1000.0
_UNDER_WAY: Final = ("starting", "running")


def ask(folder: RunFolder, *, multiplier: float | None = None, at_s: float | None = None, stop: bool = False) -> None:
    """Hold a multiplier from a second on (None: as soon as can be), or end the campaign in order.

    Raises ``InputError`` where nothing (sensible) is asked, the run is not under way, or its rate cannot be changed.
    """
    if multiplier is None and not stop:
        raise InputError("nothing is asked: give --multiplier or --stop")
    if multiplier is not None and not 0 <= multiplier <= MOST_MULTIPLIER:
        raise InputError(f"a multiplier of {multiplier:g} is not between 0 and {MOST_MULTIPLIER:g}")
    if at_s is not None and (multiplier is None or not (math.isfinite(at_s) and at_s >= 0)):
        raise InputError(f"--at {at_s:g}: a second of the campaign, 0 or more, from which --multiplier holds")
    if not under_way(folder):
        state = runfolder.read_json(folder.state)
        raise InputError(f"{folder.path}: the run is not under way ({state.get('state', 'no state')})")
    if multiplier is not None and runfolder.read_json(folder.state).get("engine") == "ray":
        raise InputError(
            f"{folder.path}: over Ray the rate of a run stays as planned (every shard has the same plan); "
            "stop it with --stop, and start another with `tenfold run --engine ray --multiplier`"
        )
    asked: dict[str, Any] = runfolder.read_json(folder.control)
    if multiplier is not None:
        asked["changes"] = [*asked.get("changes", []), {"at": at_s, "multiplier": multiplier}]
    if stop:
        asked["stop"] = True
    runfolder.write_json(folder.control, asked)


def under_way(folder: RunFolder) -> bool:
    """The run has not ended, and its process lives."""
    state = runfolder.read_json(folder.state)
    return state.get("state") in _UNDER_WAY and _alive(state.get("pid"))


def _alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
