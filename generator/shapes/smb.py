"""SMB 2 and 3 messages (MS-SMB2), from negotiation to files, each with the answer that belongs to it.

``Smb2`` keeps the numbers of one connection. Its methods give turns: what the client sends and what the server answers,
both with the four bytes of direct TCP transport (port 445; on 139 too, after ``netbios_session``).
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from generator.shapes import ntlm
from generator.shapes.parts import Part, length, rand

Turn = tuple[list[Part], list[Part]]
OK: Final = 0
MORE_PROCESSING: Final = 0xC0000016
LOGON_FAILURE: Final = 0xC000006D
ACCOUNT_LOCKED: Final = 0xC0000234
ACCESS_DENIED: Final = 0xC0000022
NOT_FOUND: Final = 0xC0000034
NO_MORE_FILES: Final = 0x80000006
SIGNED: Final = 8
_TIME: Final = 0x01DA3F0000000000  # a FILETIME of 2024; its lower bytes are drawn


def direct(message: list[Part]) -> list[Part]:
    """A message with the length in front that TCP transport asks for."""
    return [struct.pack("!I", length(message)), *message]


def netbios_session(called: str = "*SMBSERVER", calling: str = "CLIENT") -> Turn:
    """Session request and positive answer (RFC 1002 section 4.3), first on port 139."""

    def encoded(name: str, suffix: int) -> bytes:
        padded = name[:15].upper().ljust(15).encode() + bytes([suffix])
        return b"\x20" + b"".join(bytes((65 + (c >> 4), 65 + (c & 15))) for c in padded) + b"\x00"

    names = encoded(called, 0x20) + encoded(calling, 0)
    return [b"\x81\x00" + struct.pack("!H", len(names)) + names], [b"\x82\x00\x00\x00"]


class Smb2:
    """One connection: message numbers, dialect, whether messages are signed once the login has succeeded."""

    def __init__(self, rng: np.random.Generator, dialect: int = 0x0311, *, signed: bool = False) -> None:
        self._rng = rng
        self.dialect = dialect
        self._signed = signed
        self._secure = False
        self._message = 0
        self._tree = 0
        self._session: list[Part] = [bytes(8)]
        self._files = 0
        self._session_number = 0

    def message(self, command: int, body: list[Part], status: int = OK, *, answer: bool = False) -> list[Part]:
        """One message with its header; the message number is that of the last request."""
        flags = (1 if answer else 0) | (SIGNED if self._secure else 0)
        head = b"\xfeSMB" + struct.pack(
            "<HHIHHIIQII", 64, 0 if command == 0 else 1, status, command, 1 if answer else 31, flags, 0,
            self._message, 0xFEFF, self._tree if command > 3 or (answer and command == 3) else 0,
        )  # fmt: skip
        signature: list[Part] = [rand(16, "bytes")] if self._secure else [bytes(16)]
        return direct([head, *self._session, *signature, *body])

    def _turn(self, command: int, request: list[Part], reply: list[Part], status: int = OK) -> Turn:
        asked = self.message(command, request)
        told = self.message(command, reply, status, answer=True)
        self._message += 1
        return asked, told

    def error(self, command: int, request: list[Part], status: int) -> Turn:
        """A request that the server refuses: 77 bytes."""
        return self._turn(command, request, [struct.pack("<HBBIB", 9, 0, 0, 0, 0)], status)

    # -- login -------------------------------------------------------------------------------------------------------

    def negotiated(self) -> Turn:
        """Negotiation of the dialect; the request offers some, the answer takes this connection's."""
        offered = [d for d in (0x0202, 0x0210, 0x0300, 0x0302, 0x0311) if d <= self.dialect]
        contexts = self._contexts(client=True) if self.dialect == 0x0311 else []
        listed = b"".join(struct.pack("<H", d) for d in offered)
        pad = bytes(-(100 + len(listed)) % 8) if contexts else b""
        where = (100 + len(listed) + len(pad), 3) if contexts else (0, 0)
        head = struct.pack("<HHHHI", 36, len(offered), 1, 0, 0x7F if self.dialect >= 0x0300 else 0)
        request: list[Part] = [head, rand(16, "bytes"), struct.pack("<IHH", *where, 0) + listed + pad, *contexts]
        return self._turn(0, request, self._chosen(self.dialect))

    def chosen_from_smb1(self) -> list[Part]:
        """The answer to SMB1's multi-protocol negotiation: "SMB 2.???", to be negotiated again (MS-SMB2 3.3.5.3.1)."""
        reply = self.message(0, self._chosen(0x02FF), answer=True)
        self._message += 1
        return reply

    def _chosen(self, dialect: int) -> list[Part]:
        hint = ntlm.spnego_hint()
        size = length(hint)
        contexts = self._contexts(client=False) if dialect == 0x0311 else []
        pad = bytes(-(128 + size) % 8) if contexts else b""
        count, where = (2, 128 + size + len(pad)) if contexts else (0, 0)
        most = 0x800000 if dialect >= 0x0210 else 0x10000
        head = struct.pack("<HHHH", 65, 3 if self._signed else 1, dialect, count)
        tail = struct.pack("<IIIIQQHHI", 0x2F, most, most, most, self._time(), 0, 0x80, size, where)
        return [head, rand(16, "bytes", key="smb-server"), tail, *hint, pad, *contexts]

    def _contexts(self, *, client: bool) -> list[Part]:
        salt: list[Part] = [struct.pack("<HHIHHH", 1, 38, 0, 1, 32, 1), rand(32, "bytes"), b"\x00\x00"]
        if not client:
            return [*salt, struct.pack("<HHIHH", 2, 4, 0, 1, 2)]
        ciphers = struct.pack("<HHI5H", 2, 10, 0, 4, 2, 1, 4, 3) + bytes(6)
        return [*salt, ciphers, struct.pack("<HHI3H", 8, 6, 0, 2, 1, 0)]

    def _setup(self, token: list[Part]) -> list[Part]:
        head = struct.pack("<HBBIIHHQ", 25, 0, 2 if self._signed else 1, 1, 0, 0x58, length(token), 0)
        return [head, *token]

    def challenged(self, machine: ntlm.Machine, flags: int = ntlm.WINDOWS_FLAGS) -> Turn:
        """Session setup with NTLM's first message, answered with the challenge."""
        first = ntlm.spnego_init(ntlm.negotiate(flags, (10, 0, 19041) if flags & 0x02000000 else None))
        second = ntlm.spnego_challenge(ntlm.challenge(machine))
        self._session_number += 1
        asked = self.message(1, self._setup(first))
        self._session = [rand(4, "bytes", key=f"smb-session-{self._session_number}"), b"\x00\x04\x00\x00"]
        reply: list[Part] = [struct.pack("<HHHH", 9, 0, 0x48, length(second)), *second]
        told = self.message(1, reply, MORE_PROCESSING, answer=True)
        self._message += 1
        return asked, told

    def login(self, answer: list[Part], status: int = OK) -> Turn:
        """Session setup with NTLM's authenticate message (``ntlm.authenticate``), accepted or refused.

        After a refusal the session is gone: ``challenged`` starts another on the same connection.
        """
        request = self._setup(ntlm.spnego_answer(answer))
        if status != OK:
            turn = self.error(1, request, status)
            self._session = [bytes(8)]
            return turn
        asked = self.message(1, request)
        done = ntlm.spnego_accepted()
        self._secure = self._signed
        told = self.message(1, [struct.pack("<HHHH", 9, 0, 0x48, length(done)), *done], answer=True)
        self._message += 1
        return asked, told

    # -- shares and files --------------------------------------------------------------------------------------------

    def tree_connected(self, path: str, status: int = OK) -> Turn:
        r"""Connect to a share such as ``\\server\IPC$``."""
        name = ntlm.utf16(path)
        request: list[Part] = [struct.pack("<HHHH", 9, 0, 0x48, len(name)) + name]
        if status != OK:
            return self.error(3, request, status)
        self._tree += 1 + int(self._rng.integers(0, 8))
        kind = 2 if path.endswith("$") else 1
        return self._turn(3, request, [struct.pack("<HBBIII", 16, kind, 0, 0x30, 0, 0x1F01FF)])

    def created(self, name: str, size: int = 0, *, contexts: bool = True, status: int = OK) -> Turn:
        """Open or create a file, folder ("") or pipe; ``size`` is what the server says of the file."""
        text = ntlm.utf16(name)
        extra = self._create_contexts() if contexts else b""
        pad = bytes(-len(text) % 8) if extra else (b"" if text else bytes(8))
        at = 120 + len(text) + len(pad) if extra else 0
        request = struct.pack("<HBBIQQIIIIIHHII", 57, 0, 255 if extra else 0, 2, 0, 0, 0x120089, 0x80, 7, 1, 0x20,
                              0x78, len(text), at, len(extra)) + text + pad + extra  # fmt: skip
        if status != OK:
            return self.error(5, [request], status)
        self._files += 1
        times = struct.pack("<4Q", *(self._time() for _ in range(4)))
        whole = struct.pack("<QQII", -(-size // 4096) * 4096, size, 0x20, 0)
        reply: list[Part] = [struct.pack("<HBBI", 89, 0, 0, 1) + times + whole, *self._file(), bytes(8)]
        return self._turn(5, [request], reply)

    @staticmethod
    def _create_contexts() -> bytes:
        wanted = ((b"DH2Q", bytes(32)), (b"MxAc", b""), (b"QFid", b""))
        listed = b""
        for number, (name, data) in enumerate(wanted):
            body = name + bytes(4) + data
            following = 0 if number == len(wanted) - 1 else 16 + len(body)
            listed += struct.pack("<IHHHHI", following, 16, 4, 0, 24 if data else 0, len(data)) + body
        return listed

    def _file(self) -> list[Part]:
        return [rand(16, "bytes", key=f"smb-file-{self._files}")]

    def read(self, data: list[Part], offset: int = 0) -> Turn:
        """Read what was opened last; ``data`` is what the file holds there."""
        size = length(data)
        request: list[Part] = [struct.pack("<HBBIQ", 49, 0x50, 0, size, offset), *self._file(), bytes(17)]
        return self._turn(8, request, [struct.pack("<HBBIII", 17, 0x50, 0, size, 0, 0), *data])

    def written(self, data: list[Part], offset: int = 0) -> Turn:
        """Write to what was opened last."""
        size = length(data)
        request: list[Part] = [struct.pack("<HHIQ", 49, 0x70, size, offset), *self._file(), bytes(16), *data]
        return self._turn(9, request, [struct.pack("<HHIIHH", 17, 0, size, 0, 0, 0)])

    def closed(self) -> Turn:
        """Close what was opened last."""
        request: list[Part] = [struct.pack("<HHI", 24, 0, 0), *self._file()]
        return self._turn(6, request, [struct.pack("<HHI", 60, 0, 0) + bytes(52)])

    def listed(self, names: tuple[str, ...]) -> Turn:
        """The entries of the folder that was opened last; no names: there are no more files."""
        pattern = ntlm.utf16("*")
        request: list[Part] = [
            struct.pack("<HBBI", 33, 37, 0, 0), *self._file(), struct.pack("<HHI", 0x60, 2, 65536) + pattern
        ]  # fmt: skip
        if not names:
            return self.error(14, request, NO_MORE_FILES)
        entries = b""
        for number, name in enumerate(names):
            text = ntlm.utf16(name)
            size = int(self._rng.integers(0, 1 << 22))
            entry = struct.pack("<4Q", *(self._time() for _ in range(4)))
            entry += struct.pack("<QQIII", size, -(-size // 4096) * 4096, 0x20, len(text), 0) + bytes(28)
            entry += struct.pack("<Q", int(self._rng.integers(1 << 40))) + text
            entry += bytes(-len(entry) % 8)
            following = 0 if number == len(names) - 1 else 8 + len(entry)
            entries += struct.pack("<II", following, 0) + entry
        return self._turn(14, request, [struct.pack("<HHI", 9, 0x48, len(entries)) + entries])

    def asked(self, kind: int = 34, size: int = 56) -> Turn:
        """Ask for information about the file opened last (34: FileNetworkOpenInformation, 56 bytes; 5: 24 bytes)."""
        head = struct.pack("<HBBIHHIII", 41, 1, kind, size, 0, 0, 0, 0, 0)
        reply: list[Part] = [struct.pack("<HHI", 9, 0x48, size) + bytes(size)]
        return self._turn(16, [head, *self._file()], reply)

    def tree_disconnected(self) -> Turn:
        """Leave the share."""
        return self._turn(4, [struct.pack("<HH", 4, 0)], [struct.pack("<HH", 4, 0)])

    def logged_off(self) -> Turn:
        """End the session."""
        return self._turn(2, [struct.pack("<HH", 4, 0)], [struct.pack("<HH", 4, 0)])

    def echoed(self) -> Turn:
        """The keep-alive of an idle session."""
        return self._turn(13, [struct.pack("<HH", 4, 0)], [struct.pack("<HH", 4, 0)])

    def sealed(self, size: int) -> list[Part]:
        """An encrypted message of ``size`` bytes inside (SMB 3 transform header), either way."""
        head: list[Part] = [b"\xfdSMB", rand(16, "bytes"), rand(11, "bytes"), bytes(5), struct.pack("<IHH", size, 0, 1)]
        return direct([*head, *self._session, rand(min(size, 32), "bytes"), self._rng.bytes(max(size - 32, 0))])

    def _time(self) -> int:
        return _TIME + int(self._rng.integers(1 << 44))
