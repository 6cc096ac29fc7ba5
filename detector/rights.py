"""Giving up what root may do, once the packet socket is open. Needs no numpy, so that no thread runs yet."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path
from typing import Final

from contract.errors import LackingError

_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_VERSION_3: Final = 0x20080522
_LAST: Final = Path("/proc/sys/kernel/cap_last_cap")


def drop_rights(*needed: Path) -> None:
    """Clear every capability set of this process, for good: also what it runs from now on gets none.

    The user stays the same, so files that belong to that user can still be read and written. Call it while there is
    one thread: capabilities belong to threads, and later ones inherit from their maker.
    Raises ``LackingError`` where threads run already, where the kernel refuses, or where one of the ``needed`` folders
    could not be used any more (root may write into other users' folders only by its capabilities).
    """
    threads = sum(1 for _ in Path("/proc/self/task").iterdir())
    if threads != 1:
        raise LackingError(f"rights cannot be given up: {threads} threads run already")
    libc = ctypes.CDLL(None, use_errno=True)
    # Only a process with CAP_SETPCAP may take from the bounding set; another has nothing to give up there.
    for number in range(_last() + 1):
        libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = ctypes.create_string_buffer(struct.pack("Ii", _VERSION_3, 0))
    if libc.capset(header, ctypes.create_string_buffer(24)):  # three words twice: effective, permitted, inheritable
        raise LackingError(f"rights cannot be given up: {os.strerror(ctypes.get_errno())}")
    if held():
        raise LackingError(f"rights cannot be given up: {held():#x} are still held")
    for folder in needed:
        place = next((p for p in (folder, *folder.absolute().parents) if p.exists()), folder)
        if not os.access(place, os.R_OK | os.X_OK | (os.W_OK if place == folder or not folder.exists() else 0)):
            raise LackingError(
                f"{place}: belongs to another user, and root can use it only with the rights that live capture gives "
                "up; run it as the owner with cap_net_raw, or with --keep-rights"
            )


def held() -> int:
    """The capabilities that any thread of this process could use, as bits."""
    bits = 0
    for status in Path("/proc/self/task").glob("*/status"):
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith(("CapInh:", "CapPrm:", "CapEff:", "CapAmb:")):
                bits |= int(line.split()[1], 16)
    return bits


def _last() -> int:
    try:
        return int(_LAST.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 63
