"""What a compacted segment says of its commits, in its footer: so that the database can be made anew from it.

Of an alert that several of the commits wrote, the document stands with the last of them; with the others, only what
the history of alerts keeps.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from contract.arrow_io import first_line
from contract.errors import InputError
from store.records import REVISION
from store.segments import CommitNote, Segment

KEY: Final = b"tenfold.commits"
_MOST: Final = 1 << 30  # bytes of what is unpacked


def footnotes(root: Path, sources: Iterable[tuple[Segment, CommitNote | None]]) -> dict[bytes, bytes]:
    """The footer's entry of a segment made of ``sources``, each with its commit's note, None where it holds many.

    Raises ``InputError`` where one is damaged.
    """
    notes: dict[int, CommitNote] = {}
    for source, note in sources:
        if note is None:
            notes |= read_footnotes(source.path(root))
        else:
            # The alerts of a commit are in the file of its last kind: once is enough.
            notes[note.commit_id] = note if source.kind == note.parts[-1] else replace(note, alerts=())
    document = [json.loads(note.to_bytes()) for note in _slim(notes)]
    return {KEY: base64.b64encode(zlib.compress(json.dumps(document).encode(), 1))}


def read_footnotes(path: Path) -> dict[int, CommitNote]:
    """What a compacted segment says of its commits, by number; ``{}`` where it was written before they said so.

    Raises ``InputError`` where it is damaged.
    """
    try:
        packed = (pq.read_metadata(path).metadata or {}).get(KEY)
        if packed is None:
            return {}
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(base64.b64decode(packed, validate=True), _MOST)
        found = [CommitNote.from_bytes(json.dumps(one).encode()) for one in json.loads(text)]
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, zlib.error) as error:
        raise InputError(f"{path}: damaged segment: {first_line(error)}") from None
    return {note.commit_id: note for note in found}


def _slim(notes: dict[int, CommitNote]) -> list[CommitNote]:
    told: set[int] = set()
    slim: list[CommitNote] = []
    for number in sorted(notes, reverse=True):
        alerts: list[dict[str, Any]] = []
        for alert in notes[number].alerts:
            known = alert["alert_id"] in told
            told.add(alert["alert_id"])
            alerts.append({name: alert[name] for name in REVISION} if known else alert)
        slim.append(replace(notes[number], alerts=tuple(alerts)))
    return slim[::-1]
