"""First messages: what a TLS or HTTP conversation says of itself, in rows that only such flows have.

Facts are read once, out of the frame that carries the message. A ClientHello in several segments is gathered in one of
a few buffers: where all are in use the oldest is given up (counted: ``DISPLACED``), where a segment is missing or the
hello is longer than ``BUFFER`` bytes the facts are those of the first segment.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.http_facts import http_request, http_response, is_request
from detector.message_row import CLIENT_HELLO, HTTP_REQUEST, HTTP_RESPONSE, MESSAGE, PARTIAL, SERVER_HELLO
from detector.packet import Bytes, Int, Record, be16, be32, u8
from detector.sha256 import Digest, new_digest
from detector.side_rows import Make, SideRows, drop_row, new_side_rows, take_row
from detector.tls_facts import Lists, client_hello, new_lists, server_hello

FIRST_PACKETS: Final = 4  # packets with payload of each direction that are looked at
BUFFERS: Final = 64
BUFFER: Final = 4096
# ``Messages.counters``
WAITING: Final = 0  # buffers in use
HAND: Final = 1  # the next one to be taken
DISPLACED: Final = 2  # hellos given up because all buffers were in use


class Messages(NamedTuple):
    """Rows of ``detector.message_row.MESSAGE``, and room to gather and read messages in."""

    side: SideRows
    buffer: npt.NDArray[np.uint8]  # (BUFFERS, BUFFER)
    slot: npt.NDArray[np.int64]  # (BUFFERS,) whose hello it is, -1 where free
    sender: npt.NDArray[np.int64]  # (BUFFERS,) which side sends it
    filled: npt.NDArray[np.int64]  # (BUFFERS,)
    wanted: npt.NDArray[np.int64]  # (BUFFERS,) bytes of the whole message
    next_seq: npt.NDArray[np.uint32]  # (BUFFERS,)
    counters: npt.NDArray[np.int64]  # (3,)
    lists: Lists
    digest: Digest


def new_messages(slots: int, shards: int, make: Make, *, fresh: bool = True) -> tuple[Messages, ...]:
    """No messages yet, for flows in so many slots of each shard; see ``new_side_rows``."""
    found = []
    for side in new_side_rows(slots, MESSAGE, shards, make, fresh=fresh):
        messages = Messages(
            side,
            make(BUFFERS * BUFFER, np.dtype(np.uint8)).reshape(-1, BUFFER),
            make(BUFFERS, np.dtype(np.int64)),
            make(BUFFERS, np.dtype(np.int64)),
            make(BUFFERS, np.dtype(np.int64)),
            make(BUFFERS, np.dtype(np.int64)),
            make(BUFFERS, np.dtype(np.uint32)),
            make(3, np.dtype(np.int64)),
            new_lists(),
            new_digest(),
        )
        if fresh:
            messages.slot[:] = -1
        found.append(messages)
    return tuple(found)


@lean_part
def read_message(messages: Messages, slot: Int, side: Int, row: Record, data: Bytes) -> None:
    """Look at one of the first payloads of a direction of a TCP flow; nothing of it was seen before."""
    if row["payload_captured"] < 8:
        return
    first = data[np.uint64(row["payload_at"])]
    if messages.counters[WAITING] > 0 or first == 22 or 65 <= first <= 90:
        _read(messages, slot, side, row, data)


@lean_kernel
def _read(messages: Messages, slot: Int, side: Int, row: Record, data: Bytes) -> None:
    at = np.int64(row["payload_at"])
    end = at + np.int64(row["payload_captured"])
    if messages.counters[WAITING] > 0:
        for n in range(BUFFERS):
            if messages.slot[n] == slot and messages.sender[n] == side:
                _gather(messages, n, row, data, at, end)
                return
    first = u8(data, at)
    if first == 22 and u8(data, at + 1) == 3:
        _handshake(messages, slot, side, row, data, at + 5, end)
    elif is_request(data, at, end):
        found = messages.side.rows[take_row(messages.side, slot)]
        if not found["seen"] & HTTP_REQUEST:
            found["seen"] |= np.uint8(HTTP_REQUEST)
            http_request(found, data, at, end)
    elif end - at >= 12 and be32(data, at) == 0x48545450:  # HTTP
        found = messages.side.rows[take_row(messages.side, slot)]
        if not found["seen"] & HTTP_RESPONSE:
            found["seen"] |= np.uint8(HTTP_RESPONSE)
            http_response(found, data, at)


@lean_kernel
def _handshake(messages: Messages, slot: Int, side: Int, row: Record, data: Bytes, at: Int, end: Int) -> None:
    """A handshake message at ``at``, behind the header of a TLS record (RFC 8446 section 5.1)."""
    if end - at < 6:
        return
    kind, size = u8(data, at), be32(data, at) & 0xFFFFFF
    if kind not in (1, 2) or u8(data, at + 4) != 3 or size < 38:
        return
    found = messages.side.rows[take_row(messages.side, slot)]
    if kind == 2:
        if not found["seen"] & SERVER_HELLO:
            found["seen"] |= np.uint8(SERVER_HELLO)
            server_hello(found, data, at + 4, min(at + 4 + size, end))
        return
    if found["seen"] & CLIENT_HELLO:
        return
    found["seen"] |= np.uint8(CLIENT_HELLO)
    whole = end - at >= 4 + size
    client_hello(found, messages.lists, messages.digest, data, at + 4, min(at + 4 + size, end))
    one_record = be16(data, at - 2) >= 4 + size
    unsnapped = row["payload"] == row["payload_captured"]
    if not whole and one_record and unsnapped and 4 + size <= BUFFER:
        _begin(messages, slot, side, row, data, at, end, 4 + size)


@lean_kernel
def _begin(messages: Messages, slot: Int, side: Int, row: Record, data: Bytes, at: Int, end: Int, size: Int) -> None:
    n = messages.counters[HAND]
    messages.counters[HAND] = (n + 1) % BUFFERS
    if messages.slot[n] >= 0:
        messages.counters[DISPLACED] += 1
        messages.counters[WAITING] -= 1
    messages.counters[WAITING] += 1
    messages.slot[n] = slot
    messages.sender[n] = side
    messages.filled[n] = end - at
    messages.wanted[n] = size
    messages.next_seq[n] = np.uint32((np.int64(row["seq"]) + np.int64(row["payload"])) & 0xFFFFFFFF)
    for i in range(end - at):
        messages.buffer[n, i] = data[at + i]


@lean_kernel
def _gather(messages: Messages, n: Int, row: Record, data: Bytes, at: Int, end: Int) -> None:
    """Add a segment to a hello, and read it when it is whole; give it up where a segment is missing."""
    filled = messages.filled[n]
    more = min(end - at, messages.wanted[n] - filled)
    in_order = row["seq"] == messages.next_seq[n] and row["payload"] == row["payload_captured"]
    if in_order:
        for i in range(more):
            messages.buffer[n, filled + i] = data[at + i]
        messages.filled[n] = filled + more
        messages.next_seq[n] = np.uint32((np.int64(row["seq"]) + np.int64(row["payload"])) & 0xFFFFFFFF)
        if messages.filled[n] < messages.wanted[n]:
            return
        found = messages.side.rows[take_row(messages.side, messages.slot[n])]
        client_hello(found, messages.lists, messages.digest, messages.buffer[n], 4, messages.wanted[n])
    messages.slot[n] = -1
    messages.counters[WAITING] -= 1


@lean_part
def forget_messages(messages: Messages, slot: Int) -> None:
    """The flow in a slot is released: its row is given back, and so is a buffer in which its hello was gathered."""
    if messages.side.of[slot] != 0:
        if messages.counters[WAITING] > 0 and messages.side.rows[messages.side.of[slot]]["seen"] & PARTIAL:
            for n in range(BUFFERS):
                if messages.slot[n] == slot:
                    messages.slot[n] = -1
                    messages.counters[WAITING] -= 1
        drop_row(messages.side, slot)
