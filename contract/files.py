"""Reading files that people name: regular, of a size that makes sense, and text; else one line that says what is wrong.

A device or a pipe has size 0 and no end, and opening a pipe waits for a writer: both are refused unopened.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import stat
from pathlib import Path
from typing import Any, Final

from contract.errors import InputError

TEMPORARY: Final = ".tmp"
MOST_VALUES: Final = 500_000  # of a JSON file: three bytes make a value that takes seventy in memory


def write_synced(path: Path, data: bytes | bytearray | memoryview) -> None:
    """Write a file so that, when this returns, it lasts whole or is not there under its name. Raises ``OSError``."""
    temporary = path.with_name(path.name + TEMPORARY)
    with temporary.open("wb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        os.fsync(file.fileno())
    temporary.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last: what was created, renamed or removed there. Raises ``OSError``."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above, so that they last. Raises ``OSError``."""
    missing = [one for one in (folder, *folder.parents) if not one.is_dir()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in reversed(missing):
        sync_folder(one.parent)


def write_new(path: Path, text: str) -> None:
    """Write a text file that is not there yet. Raises ``InputError`` where it is, or cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path}: is there already; name another file, or move it away") from None
    except OSError as error:
        raise InputError(f"{path}: cannot write: {error.strerror}") from None


def part_of(path: Path) -> Path:
    """Where this process writes what shall stand under that name once it is whole."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def remove_parts(path: Path) -> None:
    """Remove what processes that are no more have left of ``part_of`` this path."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        pid = left.name.split(".")[-2]
        if pid.isdigit() and not _lives(int(pid)):
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    """Whether a process does something still: one that ended and that nobody has asked about does not."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):
        return True


def read_bytes(path: Path, what: str, limit: int) -> bytes:
    """The bytes of a file; ``what`` names its kind in errors, ``limit`` is the most it may hold.

    Raises ``InputError`` where there is no such file, it is too large, no regular file, or cannot be read.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path}: cannot read: is a folder, not a {what}")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path}: cannot read: not a regular file")
        if status.st_size > limit:
            raise InputError(f"{path}: a {what} of more than {limit >> 20} MiB is refused")
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such {what}") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise InputError(f"{path}: cannot read: {getattr(error, 'strerror', None) or error}") from None


def read_text(path: Path, what: str, limit: int) -> str:
    """The text of a UTF-8 file. Raises ``InputError`` as ``read_bytes``, and where it is not text."""
    try:
        return read_bytes(path, what, limit).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text file: {error.reason} at byte {error.start}") from None


def read_json(path: Path, what: str, limit: int, values: int = MOST_VALUES) -> Any:  # noqa: ANN401 - any JSON value
    """The value in a JSON file that holds at most ``values`` others (commas and brackets of texts count as well).

    Raises ``InputError`` as ``read_bytes``, for more values, and where it is not JSON.
    """
    data = read_bytes(path, what, limit)
    if data.count(b",") + data.count(b"[") + data.count(b"{") > values:
        raise InputError(f"{path}: a {what} of more than {values:,} values is refused")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:  # ValueError also for a number of more than 4,300 digits
        raise InputError(f"{path}: not JSON: {error}") from None
