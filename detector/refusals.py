"""Is a message a refusal to let somebody in? Read from how it begins, whatever the port.

FTP (RFC 959: 530), SMTP (RFC 4954: 535), POP3 (RFC 1939), IMAP (RFC 9051), Redis, MySQL, PostgreSQL (28P01, 28000),
SQL Server (18456), VNC (RFC 6143), LDAP (RFC 4511: 49), Kerberos (RFC 4120: 6, 18, 24), SMB (STATUS_LOGON_FAILURE),
MQTT (4, 5, 0x86, 0x87), SIP and RTSP (403: a 401 may only ask for a proof), and words in other talk. HTTP's refusals
are counted in ``detector.http_turns``.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_kernel, lean_part
from detector.packet import Bytes, Int, be16, be32, u8

MOST: Final = 700  # bytes: refusals are short
_READ: Final = 160  # bytes of a text that are read
_WORDS: Final = np.array(
    [
        list(word.ljust(16, b"\0"))
        for word in (b"ccess denied", b"ogin incorrect", b"ogin failed", b"uthentication f", b"nvalid password")
    ]
    + [list(word.ljust(16, b"\0")) for word in (b"nvalid username", b"AUTHENTICATIONF", b"ncorrect passwor")],
    np.uint8,
)


@lean_part
def is_refusal(data: Bytes, at: Int, end: Int, length: Int) -> bool:
    """Whether the message ``data[at:end]`` (``length`` bytes on the wire) refuses a login."""
    if length > MOST or end - at < 4 or (20 <= data[at] <= 23 and data[at + 1] == 3):  # TLS says nothing
        return False
    return _refuses(data, at, end)


@lean_kernel
def _refuses(data: Bytes, at: Int, end: Int) -> bool:
    first, size = u8(data, at), end - at
    if first == 0x30:
        return _ldap(data, at, end)
    if first == 0x7E:
        return _kerberos(data, at, end)
    if first == 0x20:
        return data[at + 1] == size - 2 and data[at + 2] == 0 and data[at + 3] in (4, 5, 0x86, 0x87)
    if first == 4 and size >= 15 and data[at + 8] == 0xAA:  # an error of TDS (MS-TDS 2.2.7.10)
        return bool(be32(data, at + 11) == 0x18480000)
    if first == 0:
        if size > 8 and data[at + 4] == 0x7E:  # Kerberos over TCP
            return _kerberos(data, at + 4, end)
        if size > 18 and data[at + 5] == 0x53 and data[at + 6] == 0x4D and data[at + 7] == 0x42:
            return _smb(data, at + 4)
    if size > 7 and data[at + 4] == 0xFF and data[at + 5] == 0x15 and data[at + 6] == 4:  # MySQL's error 1045
        return True
    if first == 0x45 and size > 12 and data[at + 1] == 0:
        return _postgres(data, at, min(end, at + _READ))
    return _text(data, at, min(end, at + _READ))


@lean_kernel
def _inside(data: Bytes, at: Int) -> Int:
    """Where the content of a BER element at ``at`` begins; its length is not used."""
    return at + 2 + (u8(data, at + 1) & 0x7F if data[at + 1] & 0x80 else 0)


@lean_kernel
def _ldap(data: Bytes, at: Int, end: Int) -> bool:
    """A bind response (application 1) with the result 49, invalid credentials."""
    if end - at < 12:
        return False
    at = _inside(data, at)
    if at + 6 >= end or data[at] != 2:
        return False
    at += 2 + np.int64(data[at + 1])  # the message's number
    if at + 5 >= end or data[at] != 0x61:
        return False
    at = _inside(data, at)
    return bool(at + 2 < end and data[at] == 0x0A and data[at + 1] == 1 and data[at + 2] == 49)


@lean_kernel
def _kerberos(data: Bytes, at: Int, end: Int) -> bool:
    """A KRB-ERROR: no such user, one who may not, a wrong password. That a proof is asked for (25) is no refusal."""
    for i in range(at, min(end, at + _READ) - 4):
        if data[i] == 0xA6 and data[i + 1] == 3 and data[i + 2] == 2 and data[i + 3] == 1:
            return data[i + 4] in (6, 18, 24)
    return False


@lean_kernel
def _smb(data: Bytes, at: Int) -> bool:
    """A status of SMB 1 (behind the command) or SMB 2 that means a wrong name or password, or a locked account."""
    where = at + 5 if data[at] == 0xFF else at + 8
    return be32(data, where) in (0x6D0000C0, 0x640000C0, 0x6A0000C0, 0x340200C0, 0x720000C0)


@lean_kernel
def _postgres(data: Bytes, at: Int, end: Int) -> bool:
    for i in range(at + 5, end - 5):  # noqa: SIM110 - numba knows no any() over a generator
        if data[i] == 0x43 and be32(data, i + 1) in (0x32385030, 0x32383030):  # C28P0, C2800
            return True
    return False


@lean_kernel
def _text(data: Bytes, at: Int, end: Int) -> bool:
    first, second, third = u8(data, at), u8(data, at + 1), u8(data, at + 2)
    if first == 0x35 and second == 0x33 and third in (0x30, 0x35):  # 530, 535
        return True
    if first == 0x2D:  # -ERR, -WRONGPASS, -NOAUTH
        return bool(second == 0x57 or (second == 0x4E and third == 0x4F) or (second == 0x45 and third == 0x52))
    if first in (0x52, 0x53) and end - at > 12:  # RTSP/1.0 403, SIP/2.0 403
        space = at + 8 if first == 0x52 else at + 7
        return bool(data[space] == 32 and data[space + 1] == 0x34 and be16(data, space + 2) == 0x3033)
    for start in range(at, end - 11):
        byte = data[start]
        if byte in (0x63, 0x6F, 0x75, 0x6E, 0x41):
            for w in range(len(_WORDS)):
                if _stands(w, data, start, end):
                    return True
    return False


@lean_kernel
def _stands(word: Int, data: Bytes, start: Int, end: Int) -> bool:
    for i in range(16):
        if _WORDS[word, i] == 0:
            return True
        if start + i >= end or data[start + i] != _WORDS[word, i]:
            return False
    return True
