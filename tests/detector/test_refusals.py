"""Refusals as servers of each protocol write them, and answers that are none."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from detector.refusals import MOST, is_refusal

KERBEROS = b"\x7e\x81\xa4\x30\x81\xa1\xa0\3\2\1\5\xa1\3\2\1\x1e\xa4\x11\x18\x0f20260301100000Z\xa5\5\2\3\1\2\3"
SMB = b"\0\0\0\x48\xfeSMB\x40\0\1\0%s" + bytes(60)


def refuses(text: bytes, length: int | None = None) -> bool:
    data = np.frombuffer(b"\xee" * 7 + text + bytes(8), np.uint8)
    return is_refusal(data, 7, 7 + len(text), len(text) if length is None else length)


REFUSALS = {
    "ftp": b"530 Login incorrect.\r\n",
    "smtp": b"535 5.7.8 Error: authentication failed\r\n",
    "pop3": b"-ERR [AUTH] Authentication failed.\r\n",
    "imap": b"a1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n",
    "redis": b"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
    "mysql": b"\x48\0\0\2\xff\x15\4#28000Access denied for user 'root'@'a'",
    "postgres": b"E\0\0\0\x64SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0\0",
    "mssql": b"\4\1\0\x7c\0\x35\1\0\xaa\x62\0\x18\x48\0\0\1\x0e" + "Login failed".encode("utf-16le"),
    "vnc": b"\0\0\0\1\0\0\0\x16Authentication failure",
    "ldap": b"\x30\x0c\2\1\1\x61\7\x0a\1\x31\4\0\4\0",
    "ldap of a domain": b"\x30\x84\0\0\0\x68\2\1\1\x61\x84\0\0\0\x5f\x0a\1\x31\4\0\4\x58",
    "kerberos": KERBEROS + b"\xa6\3\2\1\x18" + bytes(90),
    "kerberos over TCP": struct.pack("!I", 130) + KERBEROS + b"\xa6\3\2\1\6" + bytes(90),
    "smb": SMB % b"\x6d\0\0\xc0",
    "mqtt": b"\x20\2\0\5",
    "telnet": b"\r\nLogin incorrect\r\nlogin: ",
    "mqtt 5": b"\x20\3\0\x86\0",
    "rtsp": b"RTSP/1.0 403 Forbidden\r\n\r\n",
    "sip": b"SIP/2.0 403 Forbidden\r\n\r\n",
}
OTHERS = {
    "ftp": b"230 Login successful.\r\n",
    "smtp": b"550 5.1.1 User unknown\r\n",
    "pop3": b"+OK Logged in.\r\n",
    "redis": b"+OK\r\n",
    "mysql": b"\7\0\0\2\0\0\0\2\0\0\0",
    "mysql: no such table": b"\x48\0\0\1\xff\x7a\4#42S02Table 'a.b' doesn't exist",
    "postgres": b"E\0\0\0\x64SERROR\0VERROR\0C42P01\0Mrelation does not exist\0\0",
    "ldap": b"\x30\x0c\2\1\1\x61\7\x0a\1\0\4\0\4\0",
    "ldap entry": b"\x30\x0c\2\1\1\x64\7\x0a\1\x31\4\0\4\0",
    "kerberos asks for a proof": KERBEROS + b"\xa6\3\2\1\x19" + bytes(90),
    "kerberos ticket": b"\x6b\x82\5\xa0\x30\x82\5\x9c\xa0\3\2\1\5\xa1\3\2\1\x0b" + bytes(90),
    "smb wants more": SMB % b"\x16\0\0\xc0",
    "mqtt": b"\x20\2\0\0",
    "tls": b"\x17\3\3\0\x30" + b"Login incorrect",
    "sip": b"SIP/2.0 200 OK\r\n\r\n",
    "rtsp asks for a proof": b"RTSP/1.0 401 Unauthorized\r\n\r\n",
    "sip asks for a proof": b"SIP/2.0 407 Proxy Authentication Required\r\n",
    "words": b"Hello, this is a page about logging in",
    "short": b"53",
}


@pytest.mark.parametrize("text", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_one(text: bytes) -> None:
    assert refuses(text)


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_another_answer_is_none(text: bytes) -> None:
    assert not refuses(text)


def test_what_is_long_is_read_by_nobody() -> None:
    assert not refuses(REFUSALS["ftp"], MOST + 1)


@pytest.mark.parametrize("name", REFUSALS)
def test_what_was_cut_is_read_as_far_as_it_goes(name: str) -> None:
    for size in range(len(REFUSALS[name])):
        refuses(REFUSALS[name][:size])  # within bounds: the kernel runs as plain Python under the fuzzers, too
