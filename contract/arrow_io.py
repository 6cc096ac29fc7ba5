"""Arrow IPC at a boundary: what comes in is hostile until it was wholly validated.

pyarrow's plain ``validate()`` accepts batches that kill the process when they are read, and a few kilobytes of
compressed body inflate to hundreds of megabytes: so ``validate(full=True)``, and no compression.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import IO, Final, Protocol, TypeAlias, runtime_checkable

import pyarrow as pa

from contract.errors import InputError
from contract.schemas import check_schema

# MemoryError: a header may claim a body of any size.
_DAMAGED: Final = (pa.ArrowException, OSError, ValueError, MemoryError)
# Each batch is read together with its dictionaries: so many times the bytes of the stream may be read in all.
_AGAIN: Final = 64
_SMALL: Final = 4 << 20
_CONTINUES: Final = 0xFFFFFFFF  # before the length of a message
_PREFIX: Final = 8  # bytes of a message that say how long its header is
_int32, _uint32, _uint16 = (struct.Struct(kind).unpack_from for kind in ("<i", "<I", "<H"))


@runtime_checkable
class Messages(Protocol):
    """What gives one message of a stream after the other; ``StopIteration`` at its end, as a ``pa.MessageReader``."""

    def read_next_message(self) -> pa.Message:
        """The next one."""


Source: TypeAlias = IO[bytes] | pa.NativeFile | bytes | bytearray | Messages


def check_batch(batch: pa.RecordBatch, expected: pa.Schema, where: str) -> pa.RecordBatch:
    """The batch, if it is sound and of the expected schema; raises ``InputError`` otherwise."""
    check_schema(batch.schema, expected, where)
    check_memory(batch, where)
    if any(column.null_count for column in batch.columns):
        raise InputError(f"{where}: a column holds nulls, and none may")
    return batch


def check_memory(batch: pa.RecordBatch, where: str) -> None:
    """Raise ``InputError`` for a batch that cannot be read without harm: its offsets or lengths lead elsewhere."""
    try:
        batch.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowIndexError) as error:
        raise InputError(f"{where}: damaged Arrow batch: {first_line(error)}") from None


def read_stream(
    source: IO[bytes] | pa.NativeFile | bytes | bytearray, expected: pa.Schema, where: str
) -> Iterator[pa.RecordBatch]:
    """The validated batches of an Arrow IPC stream.

    Raises ``InputError`` for another schema, a damaged or compressed batch, or a stream that is cut off in a message.
    """
    _, batches = read_messages(source, lambda schema, place: check_schema(schema, expected, place), where)
    for batch in batches:
        yield check_batch(batch, expected, where)


def read_messages(
    source: Source, check: Callable[[pa.Schema, str], None], where: str
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The schema of an Arrow IPC stream, which ``check`` may refuse, and its batches, whose contents are not checked.

    Raises ``InputError`` as ``read_stream`` does; for what is wrong with a batch when it is taken.
    """
    try:
        messages = source if isinstance(source, Messages) else pa.ipc.MessageReader.open_stream(source)
        first = messages.read_next_message()
        _check_kind(first, ("schema",))
        schema = pa.ipc.read_schema(first)
        check(schema, where)
    except StopIteration:
        raise InputError(f"{where}: not an Arrow stream: it is empty") from None
    except _DAMAGED as error:
        raise InputError(f"{where}: not an Arrow stream: {first_line(error)}") from None
    return schema, _batches(messages, schema, where)


def _batches(messages: Messages, schema: pa.Schema, where: str) -> Iterator[pa.RecordBatch]:
    has_dictionaries = any(pa.types.is_dictionary(f.type) for f in schema)
    kept: dict[int, pa.Message] = {}
    taken, again = 0, 0
    while True:
        try:
            message = messages.read_next_message()
        except StopIteration:
            return
        except _DAMAGED as error:
            raise InputError(f"{where}: damaged Arrow stream: {first_line(error)}") from None
        if is_compressed(message):
            raise InputError(f"{where}: compressed Arrow is refused; send the stream uncompressed")
        try:
            _check_kind(message, ("record batch", "dictionary"))
            taken += message.body.size
            if message.type == "dictionary":
                kept[_dictionary_id(message)] = message  # it takes the place of the one before
                continue
            again += sum(one.body.size for one in kept.values())
            if again > _AGAIN * taken + _SMALL:
                raise ValueError("its dictionaries are out of proportion to its batches")
            batch = (
                _with_dictionaries(schema, [*kept.values(), message])
                if has_dictionaries
                else pa.ipc.read_record_batch(message, schema)
            )
        except _DAMAGED as error:
            raise InputError(f"{where}: damaged Arrow batch: {first_line(error)}") from None
        yield batch


def _check_kind(message: pa.Message, kinds: tuple[str, ...]) -> None:
    """Arrow takes any message for what it is asked to read, and dies (signal 11) where it is of another kind.

    Raises ``ValueError``.
    """
    if message.type not in kinds:
        raise ValueError(f"a message of kind {message.type!r} where a {kinds[0]} should be")


def _with_dictionaries(schema: pa.Schema, messages: list[pa.Message]) -> pa.RecordBatch:
    """Read a batch whose columns need the dictionaries sent so far: give Arrow a small stream of just those."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema):
        pass
    head = pa.ipc.MessageReader.open_stream(sink.getvalue()).read_next_message()
    sink = pa.BufferOutputStream()
    for message in (head, *messages):
        message.serialize_to(sink)
    with pa.ipc.open_stream(sink.getvalue()) as reader:
        return reader.read_next_batch()


def _dictionary_id(message: pa.Message) -> int:
    """Which dictionary a message holds. Raises ``ValueError`` for one that adds to the dictionary before it."""
    meta = message.metadata.to_pybytes()
    try:
        header = _table(meta, int(_uint32(meta, 0)[0]), 2)
        number, adds = _field(meta, header, 0), _field(meta, header, 2)
        if adds and meta[adds]:
            raise ValueError("dictionaries that grow are refused; send each whole")
        return int.from_bytes(meta[number : number + 8], "little") if number else 0
    except (IndexError, struct.error):
        raise ValueError("a damaged dictionary") from None


def is_compressed(message: pa.Message) -> bool:
    """Whether a record batch or dictionary message has a compressed body (read from its flatbuffer header)."""
    return _body_compression(message.metadata.to_pybytes())


def _body_compression(meta: bytes) -> bool:
    # Message table: field 1 is the type of the header and field 2 the header (RecordBatch or DictionaryBatch);
    # RecordBatch field 3 is the compression table, DictionaryBatch field 1 a RecordBatch.
    # Anything unreadable is left to Arrow to refuse.
    try:
        root = int(_uint32(meta, 0)[0])
        kind = meta[_field(meta, root, 1)] if _field(meta, root, 1) else 0
        header = _table(meta, root, 2)
        if kind == 2 and header:
            header = _table(meta, header, 1)
        return bool(kind in (2, 3) and header and _field(meta, header, 3))
    except (IndexError, struct.error):
        return False


def message_size(data: bytes | memoryview) -> int:
    """How many bytes the message at the beginning of ``data`` says it has; 0 where too few are there to tell.

    What it says may be wrong: nothing but the decision to go on reading may depend on it.
    """
    try:
        if len(data) < _PREFIX or _uint32(data, 0)[0] != _CONTINUES:
            return 0
        size = _PREFIX + int(_uint32(data, 4)[0])
        if size == _PREFIX:
            return size  # the end of the stream
        meta = data[_PREFIX:size]
        if len(data) < size:
            return 0
        at = _field(meta, _uint32(meta, 0)[0], 3)
        return size + (int.from_bytes(meta[at : at + 8], "little") if at else 0)
    except struct.error:
        return 0


def _field(meta: bytes | memoryview, table: int, index: int) -> int:
    vtable = table - int(_int32(meta, table)[0])
    slot = 4 + 2 * index
    offset = int(_uint16(meta, vtable + slot)[0]) if slot < _uint16(meta, vtable)[0] else 0
    return table + offset if offset else 0


def _table(meta: bytes, table: int, index: int) -> int:
    at = _field(meta, table, index)
    return at + int(_uint32(meta, at)[0]) if at else 0


def write_stream(batches: list[pa.RecordBatch], schema: pa.Schema) -> bytes:
    """The batches as one uncompressed Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def first_line(error: Exception) -> str:
    """The first line of an error's text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
