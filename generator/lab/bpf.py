"""The bpf(2) system call through ctypes: maps in shared memory, programs, links, runs with live frames.

Needs root (CAP_BPF and CAP_NET_ADMIN) and the kernel's permission; ``LackingError`` says what refused.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import struct
from typing import Final

from contract.errors import LackingError

_SYSCALL: Final = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}
_MAP_CREATE, _PROG_LOAD, _PROG_TEST_RUN, _LINK_CREATE = 0, 5, 10, 28
_ARRAY, _MMAPABLE = 2, 1 << 10
_XDP, _ATTACH_XDP = 6, 37
_GENERIC, _DRIVER = 2, 4  # run by the kernel's network code, or by the driver
_LIVE_FRAMES: Final = 1 << 1
# Program, its result, sizes and places of data in and out; how often, duration, context; flags, processor, batch.
_TEST_RUN: Final = struct.Struct("<IIIIQQIIIIQQIII")
_REPEAT_AT, _BATCH_AT = 32, 72
_LOG_BYTES: Final = 1 << 20
_ATTRIBUTES: Final = 128  # bytes; the kernel wants zeros behind those that it knows


def call(command: int, attributes: bytes) -> int:
    """One bpf(2) call; what it returns. Raises ``OSError``, ``LackingError`` on a machine without the number."""
    number = _SYSCALL.get(platform.machine())
    if number is None:
        raise LackingError(f"bpf(2) is not known for {platform.machine()}")
    room = ctypes.create_string_buffer(attributes, _ATTRIBUTES)
    libc = ctypes.CDLL(None, use_errno=True)
    found = int(libc.syscall(number, command, ctypes.byref(room), _ATTRIBUTES))
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return found


class SharedArray:
    """A BPF array map with one value of ``size`` bytes, which is also ``memory`` of this process."""

    def __init__(self, size: int) -> None:
        self.size = size
        attributes = struct.pack("<IIIII", _ARRAY, 4, size, 1, _MMAPABLE)
        try:
            self.fd = call(_MAP_CREATE, attributes)
        except OSError as error:
            raise LackingError(f"the kernel makes no BPF map of {size} bytes: {error.strerror}") from None
        self.memory = mmap.mmap(self.fd, -(-size // mmap.PAGESIZE) * mmap.PAGESIZE)

    def close(self) -> None:
        """Give the map back; views of its memory keep that much alive."""
        os.close(self.fd)


def load(code: bytes) -> int:
    """Load an XDP program; its file descriptor. Raises ``LackingError`` with the verifier's last words."""
    licence = ctypes.create_string_buffer(b"GPL")
    instructions = ctypes.create_string_buffer(code, len(code))
    attributes = struct.pack("<IIQQ", _XDP, len(code) // 8, ctypes.addressof(instructions), ctypes.addressof(licence))
    try:
        return call(_PROG_LOAD, attributes)
    except OSError as error:
        if error.errno == errno.EPERM:
            raise LackingError("loading a BPF program takes root (CAP_BPF, CAP_NET_ADMIN)") from None
    log = ctypes.create_string_buffer(_LOG_BYTES)
    attributes += struct.pack("<IIQ", 1, _LOG_BYTES, ctypes.addressof(log))
    try:
        return call(_PROG_LOAD, attributes)
    except OSError as error:
        said = " / ".join(log.value.decode("utf-8", "replace").strip().splitlines()[-3:])
        raise LackingError(f"the kernel refuses the BPF program: {error.strerror}: {said}") from None


def attach(program: int, interface: int, *, generic: bool = False) -> int:
    """Attach an XDP program to an interface of the calling thread's namespace; a descriptor that holds it there."""
    try:
        return call(
            _LINK_CREATE, struct.pack("<IIII", program, interface, _ATTACH_XDP, _GENERIC if generic else _DRIVER)
        )
    except OSError as error:
        raise LackingError(f"the kernel attaches no XDP program to interface {interface}: {error.strerror}") from None


class LiveRun:
    """Runs a program on copies of one template frame that then really go where the program says.

    ``run`` returns when all were handled, or earlier on a signal; how many a program took it must count itself.
    """

    def __init__(self, program: int, template: bytes) -> None:
        self._frame = ctypes.create_string_buffer(template, len(template))
        self._attributes = ctypes.create_string_buffer(_ATTRIBUTES)
        head = (program, 0, len(template), 0, ctypes.addressof(self._frame), 0)
        _TEST_RUN.pack_into(self._attributes, 0, *head, 0, 0, 0, 0, 0, 0, _LIVE_FRAMES, 0, 0)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._number = _SYSCALL.get(platform.machine(), -1)

    def run(self, frames: int, batch: int) -> None:
        """Run the program ``frames`` times, ``batch`` at a time. Raises ``OSError``, not for an interruption."""
        struct.pack_into("<I", self._attributes, _REPEAT_AT, frames)
        struct.pack_into("<I", self._attributes, _BATCH_AT, batch)
        if self._libc.syscall(self._number, _PROG_TEST_RUN, self._attributes, _ATTRIBUTES) < 0:
            code = ctypes.get_errno()
            if code not in {errno.EINTR, errno.EAGAIN}:
                raise OSError(code, os.strerror(code))
