"""What the first request and the first response of HTTP/1 say (RFC 9112), as far as they lie in their first frame."""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_kernel
from detector.message_row import NAME_BYTES
from detector.name_hash import name_hash
from detector.packet import Bytes, Int, Record, u8

METHODS: Final = ("", "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE")
_WIDTH: Final = 8
_WORDS: Final = np.array([list(word.encode().ljust(_WIDTH)) for word in METHODS], np.uint8)  # ended by a space
_LENGTHS: Final = np.array([len(word) for word in METHODS], np.int64)
_LOOKED: Final = 4096  # bytes of a request that are looked at
_HOST: Final = np.frombuffer(b"host:", np.uint8)
_AGENT: Final = np.frombuffer(b"user-agent:", np.uint8)
_SPACE: Final = 32
_CR: Final = 13
_LF: Final = 10


@lean_kernel
def _method(data: Bytes, at: Int, end: Int) -> Int:
    """Index into ``METHODS``, 0 where there is none."""
    for n in range(1, len(_LENGTHS)):
        length = _LENGTHS[n]
        if end - at <= length + 1 or data[at + length] != _SPACE:
            continue
        same = True
        for i in range(length):
            same = same and data[at + i] == _WORDS[n, i]
        if same:
            return n
    return 0


@lean_kernel
def is_request(data: Bytes, at: Int, end: Int) -> bool:
    """Whether a payload begins with a method and a space."""
    return bool(_method(data, at, end) > 0)


@lean_kernel
def http_request(row: Record, data: Bytes, at: Int, end: Int) -> None:
    """Read the request line and the headers ``Host`` and ``User-Agent`` of ``data[at:end]``."""
    end = min(end, at + _LOOKED)
    method = _method(data, at, end)
    row["method"] = np.uint8(method)
    at = _target(row, data, at + _LENGTHS[method] + 1, end)
    while at < end:
        if data[at] != _LF:
            at += 1
            continue
        at += 1
        if at < end and data[at] in (_CR, _LF):  # the end of the headers
            return
        if _begins(data, at, end, _HOST):
            _host(row, data, at + len(_HOST), end)
        elif _begins(data, at, end, _AGENT):
            first, last = _value(data, at + len(_AGENT), end)
            row["agent_length"] = np.uint16(last - first)


@lean_kernel
def _target(row: Record, data: Bytes, at: Int, end: Int) -> Int:
    """Shape of the request target; returns where it ends."""
    begin = at
    slashes: Int = 0
    parameters: Int = 0
    query = False
    while at < end and data[at] not in (_SPACE, _CR, _LF):
        byte = data[at]
        if byte == 63 and not query:  # ?
            query = True
            parameters = 1 if at + 1 < end and data[at + 1] != _SPACE else 0
        elif query:
            parameters += 1 if byte == 38 else 0  # &
        elif byte == 47:
            slashes += 1
        at += 1
    if begin < end and data[begin] != 47 and slashes >= 2:  # absolute: the scheme's two are none of the path
        slashes -= 2
    row["uri_length"] = np.uint16(min(at - begin, 65535))
    row["uri_depth"] = np.uint8(min(slashes, 255))
    row["parameters"] = np.uint16(min(parameters, 65535))
    return at


@lean_kernel
def _begins(data: Bytes, at: Int, end: Int, word: Bytes) -> bool:
    """Whether a line begins so, in either case."""
    if end - at < len(word):
        return False
    for i in range(len(word)):
        byte = data[at + i]
        if (byte | 32 if 65 <= byte <= 90 else byte) != word[i]:
            return False
    return True


@lean_kernel
def _value(data: Bytes, at: Int, end: Int) -> tuple[Int, Int]:
    """Where the value of a header begins and ends."""
    while at < end and data[at] == _SPACE:
        at += 1
    last = at
    while last < end and data[last] not in (_CR, _LF):
        last += 1
    return at, last


@lean_kernel
def _host(row: Record, data: Bytes, at: Int, end: Int) -> None:
    first, last = _value(data, at, end)
    size = last - first
    row["host_length"] = np.uint16(size)
    kept = min(size, NAME_BYTES)
    for i in range(kept):
        row["host"][i] = data[last - kept + i]
    if row["name_hash"] == 0:
        row["name_hash"] = name_hash(data, first, last)


@lean_kernel
def http_response(row: Record, data: Bytes, at: Int) -> None:
    """The status of ``HTTP/1.1 404 ...``; at least twelve bytes are there."""
    status: Int = 0
    for i in range(9, 12):
        digit = u8(data, at + i) - 48
        if not 0 <= digit <= 9:
            return
        status = status * 10 + digit
    row["status"] = np.uint16(status)
