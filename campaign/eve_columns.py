"""Many lines of EVE at once: parsed to columns by Arrow, without a Python object for each record.

What is taken here is what ``campaign.adapters.eve`` makes of the same lines one by one. Wherever Arrow's parser might
see something else (a record that spans lines, what is not UTF-8, a value of another type) nothing is taken, and the
lines go the slow way, which says what is wrong with which.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pa_json

from campaign.alert_record import NONE, Kind, address_or_none, protocol, text
from campaign.alert_table import I32, UNREAD, Alerts, Many, Seen, packed
from campaign.alert_times import Stamps
from campaign.stamp_columns import iso_times
from contract.addresses import Bytes2D

_ICMP: Final = (1, 58)
_TEXT, _WHOLE = pa.string(), pa.int64()
_METADATA: Final = pa.struct([("mitre_technique_id", pa.list_(_TEXT))])
_ALERT: Final = pa.struct(
    [
        ("signature", _TEXT),
        ("gid", _WHOLE),
        ("signature_id", _WHOLE),
        ("category", _TEXT),
        ("severity", _WHOLE),
        ("metadata", _METADATA),
    ]
)
_WHOLES: Final = ("src_port", "dest_port", "icmp_type", "icmp_code")
_SCHEMA: Final = pa.schema(
    [(name, _TEXT) for name in ("timestamp", "event_type", "src_ip", "dest_ip", "proto", "community_id")]
    + [(name, _WHOLE) for name in _WHOLES]
    + [("alert", _ALERT), ("flow", pa.struct([("start", _TEXT), ("end", _TEXT)]))]
)
_PARSE: Final = pa_json.ParseOptions(explicit_schema=_SCHEMA, unexpected_field_behavior="ignore")


def events_of(lines: Sequence[bytes]) -> pa.Table | None:
    """One row of ``_SCHEMA`` a line, None where Arrow might not see what a parser of single lines sees."""
    data = b"\n".join(lines)
    letters = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(letters == ord("\n"))
    last, first = np.append(ends, len(data)) - 1, np.append(-1, ends) + 1
    # A record ends with its line: "}" and "{" never follow each other inside one.
    if (letters[first] != ord("{")).any() or (letters[last] != ord("}")).any():
        return None
    if np.count_nonzero(letters < 32) != len(ends):  # control characters, which a string must not hold
        return None
    try:
        if not data.isascii():
            data.decode()
        options = pa_json.ReadOptions(use_threads=False, block_size=len(data) + 1)
        table = pa_json.read_json(pa.BufferReader(data), read_options=options, parse_options=_PARSE)
    except ValueError:  # of Arrow, too
        return None
    if table.num_rows != len(lines) or table.column("timestamp").null_count or table.column("event_type").null_count:
        return None
    return table.combine_chunks()


def many_of(events: pa.Table, stamps: Stamps) -> Many | None:
    """The alerts and flows among events; None where one is not as they usually are. Raises ``ValueError``."""
    kind = events.column("event_type")
    which = np.flatnonzero(pc.equal(kind, "alert").to_numpy())
    alerts, flows = events.take(pa.array(which)), events.filter(pc.equal(kind, "flow"))
    span = flows.column("flow").combine_chunks()
    if alerts.column("alert").null_count or span.null_count or any(one.null_count for one in span.flatten()):
        return None
    kinds, code = _kinds(alerts.column("alert").combine_chunks())
    ends, seen = _ends(alerts), _ends(flows)
    if ends is None or seen is None:
        return None
    ids = [text(one) for one in alerts.column("community_id").to_pylist()]
    table = Alerts(
        iso_times(alerts.column("timestamp").to_pylist(), stamps),
        np.full(len(which), UNREAD, np.int64),
        *ends,
        code,
        np.zeros(len(which), np.int32),
        which.astype(np.int64),
        np.array(ids, object),
        kinds,
    )
    start, end = (iso_times(one.to_pylist(), stamps) for one in span.flatten())
    return Many(table, Seen(start, end, *seen), [])


def _ends(events: pa.Table) -> tuple[Bytes2D, Bytes2D, I32, I32, I32] | None:
    """Both addresses, both ports and the protocol; type and code where ICMP has no ports."""
    names = events.column("proto").combine_chunks().dictionary_encode(null_encoding="encode")
    known = np.array([*map(protocol, names.dictionary.to_pylist()), NONE], np.int32)
    number = known[names.indices.to_numpy(zero_copy_only=False)]
    values = {}
    for name in _WHOLES:
        column = pc.fill_null(events.column(name), NONE).to_numpy()
        given = events.column(name).is_valid().to_numpy()
        if (given & ((column < 0) | (column > 65_535))).any():
            return None
        values[name] = column.astype(np.int32)
    src_port, dst_port = values["src_port"], values["dest_port"]
    icmp = np.isin(number, _ICMP)
    typed, portless = icmp & (values["icmp_type"] != NONE), icmp & (values["icmp_type"] == NONE) & (src_port == 0)
    src_port = np.where(typed, values["icmp_type"], np.where(portless, NONE, src_port)).astype(np.int32)
    dst_port = np.where(typed, np.maximum(values["icmp_code"], 0), np.where(portless, NONE, dst_port)).astype(np.int32)
    src, dst = (_addresses(events.column(name)) for name in ("src_ip", "dest_ip"))
    return src, dst, src_port, dst_port, number


def _addresses(column: pa.ChunkedArray) -> Bytes2D:
    coded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    known = packed([*map(address_or_none, coded.dictionary.to_pylist())])
    found: Bytes2D = known[coded.indices.to_numpy(zero_copy_only=False)]
    return found


def _kinds(alert: pa.StructArray) -> tuple[tuple[Kind, ...], I32]:
    """What the alerts say, each once, and which of these each says."""
    fields = dict(zip([field.name for field in alert.type], alert.flatten(), strict=True))
    techniques = fields.pop("metadata").field("mitre_technique_id")
    first = pa.nulls(len(alert), _TEXT)
    if techniques.null_count < len(techniques):
        first = pa.array([one[0] if one else None for one in techniques.to_pylist()], _TEXT)
    columns = [*fields.values(), first]
    code = np.zeros(len(alert), np.int64)
    for column in columns:  # renumbered each time, so that the numbers stay small
        part = column.dictionary_encode(null_encoding="encode")
        code = code * (len(part.dictionary) + 1) + part.indices.to_numpy(zero_copy_only=False)
        code = np.unique(code, return_inverse=True)[1]
    rows = np.unique(code, return_index=True)[1]
    said = zip(*(column.take(pa.array(rows)).to_pylist() for column in columns), strict=True)
    kinds: dict[Kind, int] = {}
    which = [kinds.setdefault(_kind(*one), len(kinds)) for one in said]
    numbers: npt.NDArray[np.int32] = np.array(which, np.int32)[code]
    return tuple(kinds), numbers


def _kind(
    signature: str | None,
    group: int | None,
    number: int | None,
    category: str | None,
    severity: int | None,
    technique: str | None,
) -> Kind:
    rule = f"{1 if group is None else group}:{'' if number is None else number}"
    return Kind(text(signature), rule, text(category), text(severity), text(technique))
