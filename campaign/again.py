"""The frames of a run once more, byte for byte, as files: from what its folder says, whatever was changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from campaign import replay_files
from campaign.control import under_way
from campaign.replay_request import REQUEST, Request
from campaign.runfolder import RunFolder, read_json
from campaign.watch import with_changes
from contract.errors import InputError, JudgedError
from generator.delivery import Delivery, write_workload
from generator.workload import Workload

Json = dict[str, Any]


def make_again(folder: RunFolder, out: Path) -> Json:
    """Write the frames that a run sent, and their truth; what was written, as JSON.

    ``same`` is whether they are those that left, as the run's fingerprint tells; None where it kept none (the sender
    was killed, or it stopped within a message): then what was planned is written, up to where it left if that is known.
    Raises ``InputError`` where the run is under way, sent nothing, or is none; ``JudgedError`` where the frames are
    others than those that left: then no file appears.
    """
    if under_way(folder):
        raise InputError(f"{folder.path}: the run is under way; its frames can be made again when it has ended")
    if not folder.workload.is_file():
        raise InputError(f"{folder.path}: holds no {folder.workload.name}: the run ended before anything was planned")
    sender, seal = read_json(folder.status("sender")), read_json(folder.frames)
    upto = seal.get("upto_ns")
    start = sender.get("start_ns")
    if not start or (upto is not None and upto <= start):
        raise InputError(f"{folder.path}: no frame left in this run")
    wanted = seal.get("sha256") if seal.get("frames") == sender.get("sent_frames") else None
    check = _check(folder, wanted)
    request = folder.path / REQUEST
    if request.is_file():
        found = replay_files.write(replace(Request.read(request), start_ns=int(start)), out, upto, check)
    else:
        workload = replace(with_changes(Workload.read(folder.workload), sender), start_ns=int(start))
        found = write_workload(workload, out, upto, check)
    return found | {"run": folder.id, "same": True if wanted else None}


def _check(folder: RunFolder, wanted: str | None) -> Callable[[Delivery], None]:
    def check(delivery: Delivery) -> None:
        if wanted and delivery.sha256 != wanted:
            raise JudgedError(
                f"{folder.path}: the {delivery.frames:,} frames made again are not those that left (SHA-256 "
                f"{delivery.sha256[:16]} and {wanted[:16]}): was it run by another version of Tenfold?"
            )

    return check
