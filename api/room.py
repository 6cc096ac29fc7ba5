"""Whether the disk of the runs has room: who takes in all that fits leaves none for what is found in it."""

from __future__ import annotations

import os
from typing import Final

from api.settings import Settings
from contract.errors import FullError

_SHARE: Final = 8  # of a small disk, an eighth is kept free


def refuse_without_room(settings: Settings) -> None:
    """Raise ``FullError`` (507) while the disk is nearly full. What is under way goes on, with what is kept free."""
    try:
        disk = os.statvfs(settings.runs)
    except OSError:
        return  # whoever writes there says what is wrong
    free = disk.f_frsize * disk.f_bavail
    wanted = min(settings.min_free, disk.f_frsize * disk.f_blocks // _SHARE)
    if free < wanted:
        raise FullError(f"the disk has {free:,} bytes left and {wanted:,} are kept free: make room, then try again")
