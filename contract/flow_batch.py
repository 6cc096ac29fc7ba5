"""A batch of flows from a remote sensor: an uncompressed Arrow IPC stream of FLOW_UPDATES with a note in its schema.

The note says whose batch it is and how far that sensor has told everything, so a batch on disk says all by itself. It
stands in the schema's metadata under ``tenfold.batch``, as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from contract.arrow_io import first_line, read_messages
from contract.batch_names import NAMES
from contract.errors import InputError
from contract.schemas import FLOW_UPDATES, FLOW_UPDATES_REQUIRED, TIME, name_of

KEY: Final = b"tenfold.batch"
MAX_ROWS: Final = 1 << 20  # of one batch
MAX_PAYLOAD: Final = 128
MAX_PEERS: Final = 4096
_LAST: Final = 1 << 62
_LISTS: Final = ("rare", "messages")


@dataclass(frozen=True)
class Note:
    """What a batch says of itself. Times are epoch nanoseconds.

    Args:
        sensor: name of the sensor
        session: of this run of the sensor: flow ids are unique within it
        sequence: 0, 1, 2 ... within the session; batches are worked off in this order
        through: everything that belongs to ticks that end by then has been told
        newest: time of the newest frame so far, 0 before the first
        done: nothing more will come of this session
        peers: so many sensors make one picture: nothing is worked off until each was heard of (but not for ever)
        frames: metered for this batch
        dropped: batches that the sensor had to throw away so far, because the centre was away for too long
    """

    sensor: str
    session: str
    sequence: int
    through: int = 0
    newest: int = 0
    done: bool = False
    peers: int = 1
    frames: int = 0
    dropped: int = 0

    @property
    def name(self) -> str:
        """The name of the batch: the same however often it is sent."""
        return f"{self.sensor}-{self.session}-{self.sequence:08d}"

    def to_bytes(self) -> bytes:
        """As it stands in a schema's metadata."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_schema(cls, schema: pa.Schema, where: str) -> Note:
        """The note of a stream. Raises ``InputError`` where there is none or it makes no sense."""
        try:
            document = json.loads((schema.metadata or {})[KEY])
            note = cls(**{name: document[name] for name in cls.__dataclass_fields__ if name in document})
        except (KeyError, ValueError, TypeError, RecursionError):
            raise InputError(
                f"{where}: the schema's metadata holds no {KEY.decode()} note; see docs/ingest.md"
            ) from None
        fault = note._fault()
        if fault:
            raise InputError(f"{where}: {KEY.decode()}: {fault}")
        return note

    def _fault(self) -> str:
        for name, pattern in NAMES.items():
            value = getattr(self, name)
            if not isinstance(value, str) or not pattern.fullmatch(value):
                return f"{name} is not a name of letters, digits, '_' and '-' (40 of a sensor, 20 of a session at most)"
        for name, most in (("sequence", _LAST), ("through", _LAST), ("newest", _LAST), ("frames", _LAST),
                           ("dropped", _LAST), ("peers", MAX_PEERS)):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
                return f"{name} is not a whole number from 0 to {most}"
        return "" if isinstance(self.done, bool) else "done is neither true nor false"


def write_batch(note: Note, batches: list[pa.RecordBatch]) -> bytes:
    """The stream of a batch. All record batches have the schema of the first; without any there are no rows."""
    schema = batches[0].schema if batches else pa.schema([FLOW_UPDATES.field(n) for n in FLOW_UPDATES_REQUIRED])
    schema = schema.with_metadata({**(FLOW_UPDATES.metadata or {}), KEY: note.to_bytes()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch.replace_schema_metadata(schema.metadata))
    data: bytes = sink.getvalue().to_pybytes()
    return data


def read_batch(source: Any, where: str) -> tuple[Note, list[pa.RecordBatch]]:  # noqa: ANN401 - bytes or a file
    """Note and record batches of a stream, wholly validated. Raises ``InputError``."""
    schema, found = read_messages(source, check_fields, where)
    note = Note.from_schema(schema, where)
    batches = []
    rows = 0
    for batch in found:
        rows += batch.num_rows
        if rows > MAX_ROWS:
            raise InputError(f"{where}: a batch has {MAX_ROWS:,} rows at most")
        batches.append(_sound(batch, where))
    return note, batches


def check_fields(schema: pa.Schema, where: str) -> None:
    """Raise ``InputError`` unless the columns are some of FLOW_UPDATES, and all that is required among them."""
    wanted, found = name_of(FLOW_UPDATES), name_of(schema)
    if found and found != wanted:
        raise InputError(f"{where}: expected schema {wanted}, found {found}")
    if len(set(schema.names)) != len(schema.names):
        raise InputError(f"{where}: a column is there twice")
    for name in FLOW_UPDATES_REQUIRED:
        if name not in schema.names:
            raise InputError(f"{where}: column {name!r} of schema {wanted} is missing")
    for field in schema:
        at = FLOW_UPDATES.get_field_index(field.name)
        if at < 0:
            raise InputError(f"{where}: schema {wanted} knows no column {field.name!r}")
        if field.type != FLOW_UPDATES.field(at).type:
            raise InputError(
                f"{where}: column {field.name!r} is {field.type}, schema {wanted} has {FLOW_UPDATES.field(at).type}"
            )


def _sound(batch: pa.RecordBatch, where: str) -> pa.RecordBatch:
    try:
        batch.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowIndexError) as error:
        raise InputError(f"{where}: damaged Arrow batch: {first_line(error)}") from None
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if any(part.null_count for part in _parts(column)):
            raise InputError(f"{where}: column {field.name!r} holds nulls, and none may")
        if field.type == TIME and len(column):
            low, high = pc.min_max(column.cast(pa.int64())).as_py().values()
            if low < 0 or high > _LAST:
                raise InputError(f"{where}: column {field.name!r} holds a time outside of 1970 to 2116")
        if (
            field.name.startswith("first_payload")
            and len(column)
            and pc.max(pc.binary_length(column)).as_py() > MAX_PAYLOAD
        ):
            raise InputError(f"{where}: column {field.name!r} holds more than {MAX_PAYLOAD} bytes")
        if field.name in _LISTS and len(column) and pc.max(pc.list_value_length(column)).as_py() > 1:
            raise InputError(f"{where}: column {field.name!r} holds a list of more than one row")
    return batch


def _parts(column: pa.Array) -> Iterator[pa.Array]:
    """A column and what it is made of."""
    yield column
    if pa.types.is_struct(column.type):
        for at in range(column.type.num_fields):
            yield from _parts(column.field(at))
    elif pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type):
        yield from _parts(column.flatten())
