"""SMB 1 messages (MS-SMB, MS-CIFS): the multi-protocol negotiation with which many clients begin, and logins.

Turns as in ``generator.shapes.smb``; ``number`` counts the requests of a connection (the multiplex id).
"""

from __future__ import annotations

import struct
from typing import Final

from generator.shapes import ntlm
from generator.shapes.parts import Part, length, rand
from generator.shapes.smb import LOGON_FAILURE, MORE_PROCESSING, OK, Turn, direct

NT1: Final = ("NT LM 0.12",)
OLD: Final = ("PC NETWORK PROGRAM 1.0", "LANMAN1.0", "Windows for Workgroups 3.1a", "LM1.2X002", "LANMAN2.1", *NT1)
MULTI: Final = (*NT1, "SMB 2.002", "SMB 2.???")
WINDOWS_MULTI: Final = (*OLD, "SMB 2.002", "SMB 2.???")
_SETUP: Final = 0x73
_UNICODE: Final = 0xC801  # 32-bit status, unicode, extended security, long names


def _message(
    command: int, body: list[Part], number: int, status: int = OK, *, answer: bool = False, user: int = 0
) -> list[Part]:
    head = b"\xffSMB" + struct.pack("<BIBH", command, status, 0x98 if answer else 0x18, _UNICODE)
    return direct([head + struct.pack("<H8sHHHHH", 0, bytes(8), 0, 0xFFFF, 0xFEFF, user, number), *body])


def _words(words: bytes, data: list[Part]) -> list[Part]:
    return [bytes([len(words) // 2]) + words + struct.pack("<H", length(data)), *data]


def negotiation(dialects: tuple[str, ...] = MULTI) -> list[Part]:
    """What the client can speak; with an SMB 2 dialect the server answers ``Smb2.chosen_from_smb1``."""
    offered = b"".join(b"\x02" + dialect.encode() + b"\x00" for dialect in dialects)
    return _message(0x72, _words(b"", [offered]), 0)


def negotiated(machine: ntlm.Machine, choice: int = 0, *, extended: bool = True) -> list[Part]:
    """A server that speaks NT LM 0.12: with extended security, or with an eight-byte challenge of its own."""
    words = struct.pack("<HBHHIIIIQHB", choice, 3, 50, 1, 16644, 65536, 0, 0x8000E3FC if extended else 0xE3FC,
                        0x01DA3F0000000000, 0, 0 if extended else 8)  # fmt: skip
    if extended:
        return _message(0x72, _words(words, [rand(16, "bytes"), *ntlm.spnego_hint()]), 0, answer=True)
    names = ntlm.utf16(f"{machine.domain}\x00{machine.name}\x00")
    return _message(0x72, _words(words, [rand(8, "bytes"), names]), 0, answer=True)


_SYSTEMS: Final = {
    "windows": ("Windows 2000 2195", "Windows 2000 5.0"),
    "unix": ("Unix", "Samba"),
    "bare": ("", ""),
}


def _secured(token: list[Part], number: int, system: str, user: int) -> list[Part]:
    words = struct.pack("<BBHHHHIHII", 0xFF, 0, 0, 16644, 50, 0, 0, length(token), 0, 0x800000D4)
    pad = b"" if length(token) % 2 else b"\x00"
    names = ntlm.utf16("\x00".join(_SYSTEMS[system]) + "\x00")
    return _message(_SETUP, _words(words, [*token, pad + names]), number, user=user)


def _said(token: list[Part], number: int, status: int, user: int) -> list[Part]:
    words = struct.pack("<BBHHH", 0xFF, 0, 0, 0, length(token))
    pad = b"" if length(token) % 2 else b"\x00"
    names = ntlm.utf16("Windows Server 2008 R2 Standard 7601 Service Pack 1\x00Windows Server 2008 R2 Standard 6.1\x00")
    return _message(_SETUP, _words(words, [*token, pad + names]), number, status, answer=True, user=user)


def secured_login(
    machine: ntlm.Machine, user: str, number: int, system: str = "windows", status: int = LOGON_FAILURE
) -> list[Turn]:
    """A login with extended security: challenge, and refusal or acceptance, two turns."""
    seat = 2048 + number
    first = ntlm.spnego_init(ntlm.negotiate(0x60088215, None))
    second = ntlm.spnego_challenge(ntlm.challenge(machine))
    third = ntlm.spnego_answer(ntlm.authenticate(machine, user, mic=False), mic=False)
    refused = _message(_SETUP, _words(b"", []), number + 1, status, answer=True, user=seat)
    accepted = _said(ntlm.spnego_accepted(mic=False), number + 1, OK, seat)
    return [
        (_secured(first, number, system, 0), _said(second, number, MORE_PROCESSING, seat)),
        (_secured(third, number + 1, system, seat), accepted if status == OK else refused),
    ]


def plain_login(user: str, number: int, *, v2: bool = False, status: int = LOGON_FAILURE) -> Turn:
    """A login of the old kind, as tools with SMB code of their own do it: LM and NTLM answers to the challenge."""
    sizes = (24, 24 + 52 if v2 else 24)
    words = struct.pack("<BBHHHHIHHII", 0xFF, 0, 0, 65535, 2, 0, 0, *sizes, 0, 0x54)
    pad = b"" if sum(sizes) % 2 else b"\x00"
    names = ntlm.utf16(f"{user}\x00\x00Unix\x00Samba\x00")
    answers: list[Part] = [rand(24, "bytes"), rand(sizes[1], "bytes")]
    asked = _message(_SETUP, _words(words, [*answers, pad + names]), number)
    if status == OK:
        told = _words(struct.pack("<BBHH", 0xFF, 0, 0, 0), [b"\x00" + ntlm.utf16("Windows 5.1\x00Windows 5.1\x00")])
        return asked, _message(_SETUP, told, number, answer=True, user=2048)
    return asked, _message(_SETUP, _words(b"", []), number, status, answer=True)
