"""What a TLS ClientHello and ServerHello say (RFC 8446 section 4.1), and the fingerprint of the former.

``ja4`` is computed here after the public description of JA4 (TLS client fingerprinting, FoxIO, BSD 3-Clause:
https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md). None of its other methods, which are licensed
otherwise, is here.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.message_row import ALPN_BYTES, NAME_BYTES, PARTIAL
from detector.name_hash import name_hash
from detector.packet import Bytes, Int, Record, be16, u8
from detector.sha256 import Digest, sha256

_MOST: Final = 256  # ciphers, extensions and signature algorithms that a fingerprint is taken of
_SNI: Final = 0
_SIGNATURES: Final = 13
_ALPN: Final = 16
_VERSIONS: Final = 43
_HEX: Final = np.frombuffer(b"0123456789abcdef", np.uint8)
_NONE: Final = 0x30  # "0"


class Lists(NamedTuple):
    """Room to read one hello in."""

    ciphers: npt.NDArray[np.uint16]  # (_MOST,)
    extensions: npt.NDArray[np.uint16]  # (_MOST,)
    signatures: npt.NDArray[np.uint16]  # (_MOST,)
    text: npt.NDArray[np.uint8]


def new_lists() -> Lists:
    """Room for one hello at a time."""
    return Lists(
        np.zeros(_MOST, np.uint16),
        np.zeros(_MOST, np.uint16),
        np.zeros(_MOST, np.uint16),
        np.zeros(10 * _MOST + 16, np.uint8),
    )


@lean_part
def _grease(value: Int) -> bool:
    """RFC 8701: 0x0a0a, 0x1a1a, ... 0xfafa."""
    return bool(value & 0x0F0F == 0x0A0A and value >> 8 == value & 255)


@lean_kernel
def client_hello(row: Record, lists: Lists, digest: Digest, data: Bytes, at: Int, end: Int) -> None:
    """Read the body of a ClientHello, ``data[at:end]``; of one that is cut what can be read, and no fingerprint."""
    row["seen"] |= np.uint8(PARTIAL)
    if end - at < 38:
        return
    row["version"] = np.uint16(be16(data, at))
    at += 34
    at += 1 + u8(data, at)  # session id
    if at + 2 > end:
        return
    ciphers_end = at + 2 + be16(data, at)
    at += 2
    count: Int = 0
    while at + 2 <= min(ciphers_end, end):
        value = be16(data, at)
        if not _grease(value):
            if count < _MOST:
                lists.ciphers[count] = np.uint16(value)
            count += 1
        at += 2
    row["ciphers"] = np.uint16(count)
    if ciphers_end + 1 > end:
        return
    at = ciphers_end + 1 + u8(data, ciphers_end)  # compression
    if at == end:  # no extensions at all
        row["seen"] &= np.uint8(255 - PARTIAL)
        _fingerprint(row, lists, digest, count, 0, 0, False)  # noqa: FBT003
        return
    if at + 2 > end:
        return
    _extensions(row, lists, digest, data, at + 2, end, at + 2 + be16(data, at), count)


@lean_kernel
def _extensions(
    row: Record, lists: Lists, digest: Digest, data: Bytes, at: Int, end: Int, stop: Int, ciphers: Int
) -> None:
    count: Int = 0
    signatures: Int = 0
    named = False
    while at + 4 <= min(stop, end):
        kind, size = be16(data, at), be16(data, at + 2)
        body = at + 4
        at = body + size
        if not _grease(kind):
            if count < _MOST:
                lists.extensions[count] = np.uint16(kind)
            count += 1
        if kind == _SNI:
            named = True
        if at > end:
            break
        if kind == _SNI and size >= 5:
            _name(row, data, body + 5, min(body + 5 + be16(data, body + 3), at))
        elif kind == _ALPN and size >= 4:
            _alpn(row, data, body + 3, min(body + 3 + u8(data, body + 2), at))
        elif kind == _VERSIONS and size >= 3:
            _highest(row, data, body + 1, at)
        elif kind == _SIGNATURES and size >= 4:
            signatures = _signatures(lists, data, body + 2, at)
    row["extensions"] = np.uint16(count)
    if at == stop and at <= end:
        row["seen"] &= np.uint8(255 - PARTIAL)
        _fingerprint(row, lists, digest, ciphers, count, signatures, named)


@lean_kernel
def _name(row: Record, data: Bytes, at: Int, end: Int) -> None:
    size = max(end - at, 0)
    row["sni_length"] = np.uint16(size)
    kept = min(size, NAME_BYTES)
    for i in range(kept):
        row["sni"][i] = data[end - kept + i]
    row["name_hash"] = name_hash(data, at, at + size)


@lean_kernel
def _alpn(row: Record, data: Bytes, at: Int, end: Int) -> None:
    size = max(end - at, 0)
    row["alpn_length"] = np.uint8(min(size, 255))
    for i in range(min(size, ALPN_BYTES)):
        row["alpn"][i] = data[at + i]
    if size > ALPN_BYTES:  # the fingerprint wants the last byte
        row["alpn"][ALPN_BYTES - 1] = data[end - 1]


@lean_kernel
def _highest(row: Record, data: Bytes, at: Int, end: Int) -> None:
    highest: Int = 0
    while at + 2 <= end:
        value = be16(data, at)
        if not _grease(value):
            highest = max(highest, value)
        at += 2
    if highest:
        row["version"] = np.uint16(highest)


@lean_kernel
def _signatures(lists: Lists, data: Bytes, at: Int, end: Int) -> Int:
    count: Int = 0
    while at + 2 <= end and count < _MOST:
        value = be16(data, at)
        if not _grease(value):
            lists.signatures[count] = np.uint16(value)
            count += 1
        at += 2
    return count


@lean_kernel
def server_hello(row: Record, data: Bytes, at: Int, end: Int) -> None:
    """Read the body of a ServerHello, ``data[at:end]``, as far as it goes."""
    if end - at < 35:
        return
    row["chosen_version"] = np.uint16(be16(data, at))
    at += 34
    at += 1 + u8(data, at)
    if at + 2 > end:
        return
    row["chosen_cipher"] = np.uint16(be16(data, at))
    at += 3
    if at + 2 > end:
        return
    stop = min(at + 2 + be16(data, at), end)
    at += 2
    count: Int = 0
    while at + 4 <= stop:
        kind, size = be16(data, at), be16(data, at + 2)
        count += 1
        if kind == _VERSIONS and size == 2 and at + 6 <= stop:
            row["chosen_version"] = np.uint16(be16(data, at + 4))
        at += 4 + size
    row["server_extensions"] = np.uint16(count)


@lean_kernel
def _fingerprint(
    row: Record,
    lists: Lists,
    digest: Digest,
    ciphers: Int,
    extensions: Int,
    signatures: Int,
    named: bool,  # noqa: FBT001
) -> None:
    """Write ``ja4``: what was offered, then digests of the sorted ciphers and of extensions and signatures."""
    if ciphers > _MOST or extensions > _MOST:
        return
    out, text = row["ja4"], lists.text
    out[0] = np.uint8(116)  # t: over TCP
    version = np.int64(row["version"])
    out[1] = np.uint8(115 if version == 0x0300 else 49 if 0x0301 <= version <= 0x0304 else _NONE)  # s, 1
    out[2] = np.uint8(51 if version == 0x0300 else _NONE + version - 0x0301 if 0x0301 <= version <= 0x0304 else _NONE)
    out[3] = np.uint8(100 if named else 105)  # d: a domain, i: none
    _two_digits(out, 4, ciphers)
    _two_digits(out, 6, extensions)
    _ends_of_alpn(row, out)
    out[10] = np.uint8(95)
    _sort(lists.ciphers, ciphers)
    length = _words(text, 0, lists.ciphers, ciphers, -1, -1)
    _digest(digest, text, length, out, 11)
    out[23] = np.uint8(95)
    _sort(lists.extensions, extensions)
    length = _words(text, 0, lists.extensions, extensions, _SNI, _ALPN)
    if signatures > 0:
        text[length] = np.uint8(95)
        length = _words(text, length + 1, lists.signatures, signatures, -1, -1)
    _digest(digest, text, length if extensions else 0, out, 24)


@lean_part
def _two_digits(out: Bytes, at: Int, number: Int) -> None:
    number = min(number, 99)
    out[at] = np.uint8(_NONE + number // 10)
    out[at + 1] = np.uint8(_NONE + number % 10)


@lean_kernel
def _ends_of_alpn(row: Record, out: Bytes) -> None:
    """First and last letter of the first protocol; of bytes that are no letters or digits, halves in hexadecimal."""
    size = np.int64(row["alpn_length"])
    if size == 0:
        out[8] = np.uint8(_NONE)
        out[9] = np.uint8(_NONE)
        return
    at: Int = min(ALPN_BYTES, size)
    first, last = row["alpn"][0], row["alpn"][at - 1]
    plain = _alphanumeric(first) and _alphanumeric(last)
    out[8] = first if plain else _HEX[first >> 4]
    out[9] = last if plain else _HEX[last & 15]


@lean_part
def _alphanumeric(byte: Int) -> bool:
    return bool(48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122)


@lean_kernel
def _sort(values: npt.NDArray[np.uint16], count: Int) -> None:
    """By insertion: there are few."""
    for i in range(1, count):
        value = values[i]
        j = i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


@lean_kernel
def _words(text: Bytes, at: Int, values: npt.NDArray[np.uint16], count: Int, without: Int, nor: Int) -> Int:
    """Write numbers as four hexadecimal digits each, with commas, from ``text[at]`` on; returns where they end."""
    begin = at
    for i in range(count):
        value = np.int64(values[i])
        if value in (without, nor):
            continue
        if at > begin:
            text[at] = np.uint8(44)
            at += 1
        for shift in (12, 8, 4, 0):
            text[at] = _HEX[(value >> shift) & 15]
            at += 1
    return at


@lean_kernel
def _digest(digest: Digest, text: Bytes, length: Int, out: Bytes, at: Int) -> None:
    """The first twelve hexadecimal digits of SHA-256; zeros of nothing."""
    if length == 0:
        for i in range(12):
            out[at + i] = np.uint8(_NONE)
        return
    sha256(digest, text, length)
    for i in range(12):
        word = np.int64(digest.state[i // 8])
        out[at + i] = _HEX[(word >> (28 - 4 * (i % 8))) & 15]
