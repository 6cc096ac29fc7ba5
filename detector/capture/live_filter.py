"""Classic BPF for a packet socket: the kernel looks at each frame and keeps what the filter wants, as far as it wants.

Filters in the syntax of tcpdump are compiled by libpcap, or by tcpdump where only that is installed. Needs no numpy.
"""

from __future__ import annotations

import ctypes
import re
import shutil
import socket
import struct
import subprocess
from typing import Final

from contract.errors import InputError, LackingError

Program = tuple[tuple[int, int, int, int], ...]  # (code, jump if true, jump if false, operand)
_SO_ATTACH_FILTER: Final = 26
_RETURN: Final = 6
_MOST: Final = 4096  # instructions that the kernel takes
_SHOWN: Final = 200  # of a filter that is refused
_LIBRARIES: Final = ("libpcap.so.0.8", "libpcap.so.1", "libpcap.so")
_PATIENCE_S: Final = 10
_NUMBERS: Final = re.compile(r"\s*\d+\s*[,\n]")
REFUSE_ALL: Final[Program] = ((_RETURN, 0, 0, 0),)


def keep_all(snaplen: int) -> Program:
    """Keeps every frame, up to so many bytes."""
    return ((_RETURN, 0, 0, snaplen),)


def compiled(text: str, link: int, snaplen: int) -> Program | None:
    """The program of a filter, None for an empty one; one that is compiled already is taken as it is.

    Raises ``InputError`` where it is no filter, ``LackingError`` where nothing is installed that compiles it.
    """
    if not text.strip():
        return None
    if _NUMBERS.match(text):
        return _by_numbers(text, snaplen)
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        return _by_library(library, text, link, snaplen)
    if tcpdump := shutil.which("tcpdump"):
        return _by_tcpdump(tcpdump, text, link, snaplen)
    raise LackingError("a filter needs libpcap (Debian: libpcap0.8t64 or libpcap0.8) or tcpdump to compile it")


def _by_numbers(text: str, snaplen: int) -> Program:
    """What ``tcpdump -ddd`` prints, or the same with commas between the lines."""
    lines = text.replace(",", "\n").split("\n")
    try:
        program = parsed("\n".join(lines))
        if int(lines[0]) != len(program) or any(
            not 0 <= n < 1 << bits for line in program for n, bits in _fields(line)
        ):
            raise ValueError
    except ValueError:
        raise InputError(
            f"filter {text!r}: a compiled filter is a count and as many lines of four numbers, as of `tcpdump -ddd`"
        ) from None
    kept = ((c, t, f, min(k, snaplen) if c == _RETURN else k) for c, t, f, k in program)
    return _checked(tuple(kept), text)


def _fields(line: tuple[int, int, int, int]) -> zip[tuple[int, int]]:
    return zip(line, (16, 8, 8, 32), strict=True)


def attach(sock: socket.socket, program: Program) -> None:
    """Give a socket its filter, in place of the one that it had. Raises ``InputError`` where the kernel refuses it."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    try:
        # struct sock_fprog: a count, padding up to a pointer, the pointer.
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(program), ctypes.addressof(code)))
    except OSError as error:
        raise InputError(f"the kernel refuses the filter: {error.strerror}") from None


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Compiled(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("code", ctypes.POINTER(_Instruction)))


def _by_library(library: ctypes.CDLL, text: str, link: int, snaplen: int) -> Program:
    library.pcap_open_dead.restype = ctypes.c_void_p
    library.pcap_geterr.restype = ctypes.c_char_p
    handle = ctypes.c_void_p(library.pcap_open_dead(_dlt(link), snaplen))
    found = _Compiled()
    try:
        netmask = ctypes.c_uint(0xFFFFFFFF)  # PCAP_NETMASK_UNKNOWN
        if library.pcap_compile(handle, ctypes.byref(found), text.encode(), 1, netmask):
            why = (library.pcap_geterr(handle) or b"").decode(errors="replace")
            raise InputError(f"filter {text!r}: {why}")
        program = tuple((i.code, i.jt, i.jf, i.k) for i in (found.code[n] for n in range(found.length)))
        library.pcap_freecode(ctypes.byref(found))
    finally:
        library.pcap_close(handle)
    return _checked(program, text)


def _by_tcpdump(tcpdump: str, text: str, link: int, snaplen: int) -> Program:
    command = [tcpdump, "-ddd", "-s", str(snaplen), "-y", "EN10MB" if link == 1 else "RAW", "--", text]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)  # noqa: S603 - the user's own filter, as one argument
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LackingError(f"tcpdump cannot compile the filter: {error}") from None
    if done.returncode:
        raise InputError(f"filter {text!r}: {(done.stderr.strip().splitlines() or ['no filter'])[-1]}")
    return _checked(parsed(done.stdout), text)


def parsed(text: str) -> Program:
    """What ``tcpdump -ddd`` prints: a count, then one line of four numbers for each instruction."""
    lines = [tuple(int(word) for word in line.split()) for line in text.splitlines()[1:] if line.strip()]
    return tuple((code, jt, jf, k) for code, jt, jf, k in lines)


def _checked(program: Program, text: str) -> Program:
    if not 1 <= len(program) <= _MOST:
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
        raise InputError(f"filter {shown!r}: {len(program)} instructions are not what the kernel takes (1 to {_MOST})")
    return program


def _dlt(link: int) -> int:
    return 12 if link == 101 else link  # DLT_RAW is 12 on Linux, LINKTYPE_RAW 101 in files
