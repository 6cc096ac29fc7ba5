"""Every file call of a process: seen, failed or its last one, by the kernel's own means (seccomp notification).

A child of ours asks the kernel to hold each of its calls that touches files (open, write, fsync, rename, unlink,
truncate, mkdir) until this process has said whether it goes on, fails with an error, or is the child's last one. So
SQLite's and Arrow's calls are reached like Python's, and nothing of it is in the code that is tested.

``python -m tests.faults.calls FD`` is the process that has loaded everything and forks a child for each piece of work.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import platform
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).parents[2]
KILL: Final = -1  # what a judge says instead of an error: the process dies before the call
SHORT: Final = -2  # the call writes half of what it was given
SAID_FD: Final = 199  # what a child writes there is its word, in the order of its calls
_NUMBERS: Final = {
    "x86_64": {
        1: "write",
        18: "pwrite",
        20: "writev",
        296: "pwritev",
        2: "open",
        85: "creat",
        257: "openat",
        74: "fsync",
        75: "fdatasync",
        82: "rename",
        264: "renameat",
        316: "renameat2",
        77: "ftruncate",
        87: "unlink",
        263: "unlinkat",
        83: "mkdir",
        258: "mkdirat",
        285: "fallocate",
        76: "truncate",
    },
    "aarch64": {
        64: "write",
        68: "pwrite",
        66: "writev",
        70: "pwritev",
        56: "openat",
        82: "fsync",
        83: "fdatasync",
        38: "renameat",
        276: "renameat2",
        35: "unlinkat",
        46: "ftruncate",
        45: "truncate",
        34: "mkdirat",
        47: "fallocate",
    },
}
_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
_PIDFD_OPEN, _PIDFD_GETFD = 434, 438
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_NOTICE = struct.Struct("<QIIiIQ6Q")  # id, pid, flags, number, architecture, where, arguments
_ANSWER = struct.Struct("<QqiI")
_GO_ON: Final = 1
_PATIENCE_MS: Final = 60_000


class Call(NamedTuple):
    """One call: ``kind`` is open, write, fsync, rename, unlink, truncate, mkdir or said; ``path`` is in the folder."""

    kind: str
    path: str
    target: str = ""
    offset: int = 0
    data: bytes = b""
    size: int = 0
    creates: bool = False


@dataclass
class Outcome:
    """How a piece of work went: its calls, what it said, how it ended ('' in order, else why), its exit status."""

    calls: list[Call] = field(default_factory=list)
    ended: str = "killed"

    @property
    def said(self) -> list[str]:
        """What it said, in order."""
        return [call.data.decode() for call in self.calls if call.kind == "said"]

    def numbers(self, word: str) -> list[int]:
        """The numbers that it said behind a word."""
        return [int(line.split()[1]) for line in self.said if line.split()[0] == word]


Judge = Callable[[Call], int]


class Works:
    """Runs pieces of work (functions of ``tests.faults.works``) in children of one process, with all calls held."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = ours
        command = [sys.executable, "-m", "tests.faults.calls", str(theirs.fileno())]
        self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])
        theirs.close()

    def close(self) -> None:
        """End the process that forks."""
        self._socket.close()
        self._process.wait(60)

    def run(self, work: str, folder: Path, judge: Judge, *arguments: Any, whole: bool = False) -> Outcome:
        """Let a child do a piece of work in a folder; ``judge`` is asked at each call that touches the folder.

        ``whole`` keeps what was written, for a replay.
        """
        self._socket.send(json.dumps([work, str(folder), *arguments]).encode())
        kind, (listener,), _, _ = socket.recv_fds(self._socket, 1 << 16, 1)
        assert kind == b"held", kind
        outcome = Outcome()
        try:
            holder = _Holder(listener, str(folder), judge, outcome, whole=whole)
            while holder.serve(self._socket.fileno()):
                pass
            outcome.ended = json.loads(self._socket.recv(1 << 16))
        finally:
            os.close(listener)
        return outcome


class _Holder:
    """Answers the calls of one child."""

    def __init__(self, listener: int, folder: str, judge: Judge, outcome: Outcome, *, whole: bool) -> None:
        self._listener, self._folder, self._judge, self._outcome = listener, folder, judge, outcome
        self._whole, self._dead = whole, False

    def serve(self, other: int) -> bool:
        """Answer one call; False when the child has ended."""
        poll = select.poll()
        if not self._dead:
            poll.register(self._listener, select.POLLIN)
        poll.register(other, select.POLLIN)
        ready = dict(poll.poll(_PATIENCE_MS))
        assert ready, "neither a call nor an end for a minute"
        if ready.get(self._listener, 0) & select.POLLIN:
            self._answer()
        elif self._listener in ready:
            self._dead = True
        return other not in ready

    def _answer(self) -> None:
        buffer = bytearray(_NOTICE.size)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, buffer, True)
        except OSError:
            return  # it was killed meanwhile
        notice, pid, _, number, _, _, *arguments = _NOTICE.unpack(buffer)
        verdict, value = 0, 0
        call = _read_call(pid, number, arguments, whole=self._whole)
        if call and (call.kind == "said" or f"{call.path}/".startswith(f"{self._folder}/")):
            call = call._replace(path=_within(call.path, self._folder), target=_within(call.target, self._folder))
            verdict = 0 if call.kind == "said" else self._judge(call)
            if verdict == SHORT:
                value = _write_half(pid, _NUMBERS[platform.machine()][number], arguments)
                verdict = 0 if value else errno.EIO
            if verdict == 0:
                self._outcome.calls.append(call)
        if verdict == KILL:
            os.kill(pid, signal.SIGKILL)
            return
        go_on = _GO_ON if not verdict and not value else 0
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._listener, _SEND, _ANSWER.pack(notice, value, -verdict, go_on))


def _within(path: str, folder: str) -> str:
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else path if path != folder else "."


def _read_call(pid: int, number: int, arguments: list[int], *, whole: bool) -> Call | None:
    name = _NUMBERS[platform.machine()][number]
    try:
        if name in ("open", "creat"):
            return Call("open", _text(pid, arguments[0]), creates=name == "creat" or bool(arguments[1] & os.O_CREAT))
        if name == "openat":
            path = _path(pid, arguments[0], arguments[1])
            return Call(
                "open", path, creates=bool(arguments[2] & os.O_CREAT), size=int(bool(arguments[2] & os.O_TRUNC))
            )
        if name in ("rename", "unlink", "mkdir"):
            target = _text(pid, arguments[1]) if name == "rename" else ""
            return Call(name, _text(pid, arguments[0]), target)
        if name in ("renameat", "renameat2"):
            return Call("rename", _path(pid, arguments[0], arguments[1]), _path(pid, arguments[2], arguments[3]))
        if name in ("unlinkat", "mkdirat"):
            return Call(name.removesuffix("at"), _path(pid, arguments[0], arguments[1]))
        if arguments[0] == SAID_FD:
            return Call("said", "", data=_memory(pid, arguments[1], arguments[2]))
        path = str(Path(f"/proc/{pid}/fd/{arguments[0]}").readlink())
        if name in ("fsync", "fdatasync"):
            return Call("fsync", path)
        if name in ("ftruncate", "fallocate", "truncate"):
            return Call("truncate", path, size=arguments[1] if name == "ftruncate" else -1)
        return _written(pid, name, path, arguments, whole=whole)
    except (FileNotFoundError, ProcessLookupError):
        return None


def _written(pid: int, name: str, path: str, arguments: list[int], *, whole: bool) -> Call:
    if not whole or not path.startswith("/"):
        return Call("write", path)
    if name in ("writev", "pwritev"):
        vectors = _memory(pid, arguments[1], 16 * arguments[2])
        data = b"".join(_memory(pid, *pair) for pair in struct.iter_unpack("<QQ", vectors))
    else:
        data = _memory(pid, arguments[1], arguments[2])
    offset = arguments[3]
    if name in ("write", "writev"):
        words = dict(line.split(":\t") for line in Path(f"/proc/{pid}/fdinfo/{arguments[0]}").read_text().splitlines())
        offset = -1 if int(words["flags"], 8) & os.O_APPEND else int(words["pos"])
    return Call("write", path, offset=offset, data=data)


def _write_half(pid: int, name: str, arguments: list[int]) -> int:
    """Do half of a ``write`` or ``pwrite`` in the child's stead; how many bytes that were, 0 for another call."""
    half = arguments[2] // 2
    if name not in ("write", "pwrite") or not half:
        return 0
    library = ctypes.CDLL(None, use_errno=True)
    process = library.syscall(_PIDFD_OPEN, os.getpid() if pid == os.getpid() else _process_of(pid), 0)
    handle = library.syscall(_PIDFD_GETFD, process, arguments[0], 0)
    os.close(process)
    if handle < 0:
        return 0
    try:
        data = _memory(pid, arguments[1], half)
        return os.write(handle, data) if name == "write" else os.pwrite(handle, data, arguments[3])
    finally:
        os.close(handle)


def _process_of(thread: int) -> int:
    words = Path(f"/proc/{thread}/status").read_text().split()
    return int(words[words.index("Tgid:") + 1])


def _path(pid: int, folder: int, address: int) -> str:
    text = _text(pid, address)
    if text.startswith("/"):
        return text
    base = "cwd" if folder & 0xFFFFFFFF == 0xFFFFFF9C else f"fd/{folder}"  # AT_FDCWD
    return os.path.normpath(f"{Path(f'/proc/{pid}/{base}').readlink()}/{text}")


def _text(pid: int, address: int) -> str:
    text = _memory(pid, address, 4096, exact=False).partition(b"\0")[0].decode(errors="surrogateescape")
    return text if text.startswith("/") else os.path.normpath(f"{Path(f'/proc/{pid}/cwd').readlink()}/{text}")


def _memory(pid: int, address: int, size: int, *, exact: bool = True) -> bytes:
    handle = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    try:
        data = os.pread(handle, size, address)
    finally:
        os.close(handle)
    assert not exact or len(data) == size
    return data


def available() -> bool:
    """Whether this kernel holds calls for us."""
    try:
        actions = Path("/proc/sys/kernel/seccomp/actions_avail").read_text()
    except OSError:
        return False
    return "user_notif" in actions and platform.machine() in _NUMBERS


@contextlib.contextmanager
def works() -> Iterator[Works]:
    """The process that does pieces of work; skips where the kernel cannot hold calls."""
    if not available():
        pytest.skip("this kernel does not hold system calls for another process (seccomp user notification)")
    found = Works()
    try:
        yield found
    finally:
        found.close()


def hold_calls() -> int:
    """Have the kernel hold this process's calls that touch files; what they are read from. There is no way back."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    numbers = sorted(_NUMBERS[platform.machine()])
    code = struct.pack("<HBBI", 0x20, 0, 0, 0)  # the call's number
    for place, number in enumerate(numbers):
        code += struct.pack("<HBBI", 0x15, len(numbers) - place, 0, number)
    code += struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000) + struct.pack("<HBBI", 0x06, 0, 0, 0x7FC00000)
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(38, 1, 0, 0, 0)  # no new rights: then anybody may
    program = Program(len(numbers) + 3, code)
    listener = library.syscall(_SECCOMP[platform.machine()], 1, 8, ctypes.byref(program))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return int(listener)


def main() -> None:
    """Fork a child for each piece of work that is asked for, and tell how it ended."""
    from tests.faults import works as pieces

    asked = socket.socket(fileno=int(sys.argv[1]))
    os.dup2(os.open(os.devnull, os.O_WRONLY), SAID_FD)
    pieces.prepare()
    while request := asked.recv(1 << 16):
        work, folder, *arguments = json.loads(request)
        told, telling = os.pipe()
        child = os.fork()
        if not child:
            os.close(told)
            listener = hold_calls()
            socket.send_fds(asked, [b"held"], [listener])
            os.close(listener)
            word = pieces.done(getattr(pieces, work), Path(folder), arguments)
            os.write(telling, word.encode()[-4000:])
            os._exit(0)
        os.close(telling)
        _, status = os.waitpid(child, 0)
        with os.fdopen(told, "rb") as file:
            word = file.read().decode()
        asked.send(json.dumps(word if os.waitstatus_to_exitcode(status) == 0 else f"status {status}").encode())


if __name__ == "__main__":
    main()
