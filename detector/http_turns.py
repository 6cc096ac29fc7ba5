"""What an HTTP/1 message (RFC 9112) adds to its flow: requests and refusals are counted, also within one connection.

Only what begins a segment is seen. Of a request the line, headers with something to evaluate, and the body in the same
segment are searched for signs of an exploit (``detector.signatures``).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_kernel, lean_part
from detector.name_hash import fnv1a
from detector.packet import Bytes, Int, Record
from detector.signs import Signs

_SEARCHED: Final = 512  # bytes of a request line, and of a body, that are searched
_HEAD: Final = 4096  # bytes in which the end of a head is looked for
_LURE: Final = 160  # bytes of a header that are searched behind what begins an expression


@lean_part
def http_turn(flow: Record, signs: Signs, data: Bytes, at: Int, end: Int, length: Int, asks: bool) -> None:  # noqa: FBT001 - which side sends
    """Count the segment ``data[at:end]`` (``length`` bytes on the wire) where a message begins or a head ends in it.

    ``asks``: it was sent by who started the flow.
    """
    if end - at < 4:
        return
    if asks:
        if 65 <= data[at] <= 90:
            _request(flow, signs, data, at, end, length)
        elif flow["http_open"]:
            _close(flow, data, at, end, length)
    elif data[at] == 72 and data[at + 1] == 84 and flow["http_requests"] > 0:
        _answer(flow, data, at, end)


@lean_kernel
def _request(flow: Record, signs: Signs, data: Bytes, at: Int, end: Int, length: Int) -> None:
    space = at
    while space < end - 1 and space - at < 12 and 65 <= data[space] <= 90:
        space += 1
    if space - at < 3 or data[space] != 32 or data[space + 1] not in (47, 42, 104):
        if flow["http_open"]:
            _close(flow, data, at, end, length)
        return
    flow["http_requests"] += np.uint32(1)
    flow["http_open"] = np.uint8(1)
    _close(flow, data, at, end, length)
    stop = space
    while stop < end and data[stop] != 13 and data[stop] != 10:
        stop += 1
    flow["asked_hash"] = fnv1a(data, at, min(stop, at + _SEARCHED))
    found = _signs_in(signs, data, space, min(stop, space + _SEARCHED))
    body = _blank_line(data, at, min(end, at + _HEAD))
    if 0 <= body < end:
        found += _signs_in(signs, data, body, _text_end(data, body, min(end, body + _SEARCHED)))
    lure = _lure(data, stop, min(end if body < 0 else body, at + _HEAD))
    if lure >= 0:
        found += _signs_in(signs, data, lure, min(end, lure + _LURE))
    flow["http_signs"] = max(flow["http_signs"], np.uint8(min(found, 255)))


@lean_kernel
def _close(flow: Record, data: Bytes, at: Int, end: Int, length: Int) -> None:
    """The head ends in this segment; of one that was captured in part nobody knows, so it counts as ended."""
    if end - at < length or _blank_line(data, at, end) >= 0:
        flow["http_open"] = np.uint8(0)


@lean_kernel
def _answer(flow: Record, data: Bytes, at: Int, end: Int) -> None:
    if end - at < 12 or data[at + 2] != 84 or data[at + 3] != 80 or data[at + 4] != 47:
        return
    if data[at + 9] == 52:  # a status of 4xx
        flow["http_refused"] += np.uint32(1)


@lean_kernel
def _blank_line(data: Bytes, at: Int, end: Int) -> Int:
    """Where the body begins: behind the first empty line; -1 where there is none."""
    for i in range(at, end - 3):
        if data[i] == 13 and data[i + 1] == 10 and data[i + 2] == 13 and data[i + 3] == 10:
            return i + 4
    return -1


@lean_kernel
def _lure(data: Bytes, at: Int, end: Int) -> Int:
    """Where a header holds what some program evaluates: ``${`` (Log4j) or ``() {`` (bash); -1 where none does."""
    for i in range(at, end - 3):
        if data[i] == 36 and data[i + 1] == 123:
            return i
        if data[i] == 40 and data[i + 1] == 41 and data[i + 2] == 32 and data[i + 3] == 123:
            return i
    return -1


@lean_kernel
def _text_end(data: Bytes, at: Int, end: Int) -> Int:
    """Where a form's text ends; files that are sent in parts have none."""
    if end - at >= 2 and data[at] == 45 and data[at + 1] == 45:
        return at
    while at < end and 32 <= data[at] <= 126:
        at += 1
    return at


@lean_kernel
def _signs_in(signs: Signs, data: Bytes, at: Int, end: Int) -> Int:
    """How many different signs stand in these bytes, whatever the case of the letters."""
    found: Int = 0
    for s in range(signs.shape[0]):
        found += _stands(signs[s], data, at, end)
    return found


@lean_kernel
def _stands(sign: Record, data: Bytes, at: Int, end: Int) -> bool:
    for start in range(at, end):
        i = 0
        while sign[i] != 0 and start + i < end:
            byte = data[start + i]
            if 65 <= byte <= 90:
                byte = np.uint8(byte + 32)
            if byte != sign[i]:
                break
            i += 1
        if sign[i] == 0:
            return True
    return False
