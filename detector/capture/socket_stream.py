"""Frames that arrive as an Arrow IPC stream over a socket: what came together is read at once, as one batch.

A sender that keeps its frames' times sends a small message each millisecond. To wake a thread, check a batch and hand
it on costs much more than the frames in it, so a reader that has caught up lets a few milliseconds' messages gather.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from contract.arrow_io import check_batch, check_memory, message_size, read_messages
from contract.errors import InputError
from contract.schemas import FRAMES, check_schema
from detector.capture.stream import StreamSource, check_times

MOST_MESSAGE: Final = 1 << 28  # bytes of one message: what it says of its own length is not believed beyond
LINGER_S: Final = 0.004  # a tenth of a tick; what a sender gives meanwhile waits in the socket
_ROOM: Final = 4 << 20  # bytes read at once
_MUCH: Final = 1 << 20  # bytes that came together: the reader is behind, and does not wait for more
_PREFIX: Final = 8  # bytes of a message that say how long it is
_STUCK_S: Final = 30.0  # a peer that stops within a message for so long is cut off
_LOOK_S: Final = 1


class Reader:
    """What a socket brings, as a file to read from; the memory is used again when the reader says so.

    Never asked for in pieces of any size: for what is larger than its room, memory is taken as it comes.
    """

    closed = False

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _LOOK_S, 0))
        self._connection = connection
        self._memory = memoryview(bytearray(_ROOM))
        self._low = self._high = 0  # what has come and was not read
        self._lent = False

    def read(self, count: int = -1) -> memoryview | bytearray:
        """So many bytes; fewer at the end. A view, good until ``free``.

        Raises ``OSError`` beyond ``MOST_MESSAGE``, and for a peer that stops within a message. Between messages it may
        be silent for as long as it likes.
        """
        if not 0 <= count <= MOST_MESSAGE:
            raise OSError(f"a message of {count:,} bytes is more than {MOST_MESSAGE >> 20} MiB")
        if count > _ROOM:
            return self._large(count)
        if self._high - self._low < count:
            self._make_room()
            self._high = self._receive(self._memory, self._high, count)
        found = self._memory[self._low : min(self._low + count, self._high)]
        aligned = self._low % 8 == 0
        self._low += len(found)
        self._lent = True
        return found if aligned else bytearray(found)

    def whole(self) -> tuple[memoryview, int]:
        """The messages that have come whole, one behind the other, and how many they are; waits for the first bytes.

        None where the next one is not yet whole, or its length cannot be told: ``read`` is for those. A view, good
        until ``free``.
        """
        if self._high - self._low < _PREFIX:
            self._make_room()
            self._high = self._receive(self._memory, self._high, _PREFIX)
        waiting = self._memory[self._low : self._high]
        end = count = 0
        while self._low % 8 == 0 and 0 < (size := message_size(waiting[end:])) <= len(waiting) - end:
            end, count = end + size, count + 1
        self._low += end
        self._lent = self._lent or end > 0
        return waiting[:end], count

    def ready(self) -> bool:
        """Whether the next message has come whole, so that to read it is not to wait."""
        waiting = self._memory[self._low : self._high]
        return 0 < message_size(waiting) <= len(waiting)

    def free(self) -> None:
        """What was read so far is not looked at any more."""
        self._lent = False

    def _make_room(self) -> None:
        """Move what was not read to the front: of other memory, where somebody still looks at this."""
        rest = self._memory[self._low : self._high]
        if self._lent:
            self._memory = memoryview(bytearray(_ROOM))
        self._memory[: len(rest)] = rest
        self._low, self._high = 0, len(rest)
        self._lent = False

    def _receive(self, memory: memoryview, have: int, count: int) -> int:
        """Wait until ``memory`` holds so many bytes, of which it has some, and take what else has come; how many it
        holds then.
        """
        since, begun = time.monotonic(), have > 0 or count > _PREFIX
        while have < count:
            try:
                got = self._connection.recv_into(memory[have:])
            except BlockingIOError:  # a second without a byte
                if begun and time.monotonic() - since >= _STUCK_S:
                    raise OSError(f"it stopped in the middle of a message, for {_STUCK_S:g} s") from None
                continue
            if not got:
                break
            since, begun = time.monotonic(), True
            have += got
        return have

    def _large(self, count: int) -> bytearray:
        data = bytearray(self._memory[self._low : self._high])
        self._low = self._high
        while len(data) < count:
            piece = memoryview(bytearray(min(_ROOM, count - len(data))))
            got = self._receive(piece, 0, len(piece))
            data += piece[:got]
            if got < len(piece):
                break
        return data


class _Messages:
    """The messages that a socket brings. What came whole Arrow reads from memory, without asking back for each part."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._far = pa.ipc.MessageReader.open_stream(reader)
        self._near = self._far
        self._left = 0  # messages that have come whole and were not read

    def read_next_message(self) -> pa.Message:
        """The next one; ``StopIteration`` at the end of the stream."""
        if not self._left:
            whole, self._left = self._reader.whole()
            if not self._left:
                return self._far.read_next_message()
            self._near = pa.ipc.MessageReader.open_stream(pa.py_buffer(whole))
        self._left -= 1
        return self._near.read_next_message()

    @property
    def ready(self) -> bool:
        """Whether to read the next message is not to wait."""
        return self._left > 0 or self._reader.ready()


class SocketSource(StreamSource):
    """The frames that a socket brings; each message is validated in full before anything reads it."""

    def __init__(self, reader: Reader, where: str) -> None:
        super().__init__(b"", where)
        self._reader = reader

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The batches in their order, those that came together joined. Raises as ``StreamSource.batches`` does, when
        all that came before was given.
        """
        where, gathered = self._where, list[pa.RecordBatch]()
        try:
            messages = _Messages(self._reader)
            _, batches = read_messages(messages, lambda schema, place: check_schema(schema, FRAMES, place), where)
            for batch in batches:
                check_memory(batch, where)
                gathered.append(batch)
                if not messages.ready:
                    together, gathered = gathered, []
                    size = sum(one.get_total_buffer_size() for one in together)
                    yield from self._joined(together)
                    del batch, together
                    self._reader.free()
                    if size < _MUCH:
                        time.sleep(LINGER_S)
        except InputError:
            yield from self._joined(gathered)
            raise
        yield from self._joined(gathered)

    def _joined(self, batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """One batch in memory of its own, of sound ones."""
        if not batches:
            return
        joined = pa.concat_batches(batches)
        try:
            self._check(joined)
        except InputError:
            for batch in batches:  # those before the one that is wrong are as good as ever
                self._check(batch)
                yield self.passed(batch)
            raise
        yield self.passed(joined)

    def _check(self, batch: pa.RecordBatch) -> None:
        check_batch(batch, FRAMES, self._where)
        check_times(batch, self._where)


def from_socket(connection: socket.socket, where: str = "socket") -> SocketSource:
    """The frames that the other end of a connected socket sends."""
    return SocketSource(Reader(connection), where)
