"""What a run holds, written in a format that others read: the records that match, the oldest first."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from campaign.replay_request import REQUEST
from contract.alert import Alert
from contract.errors import InputError
from contract.files import read_json
from contract.schemas import FLOWS, TIME, VERDICTS
from store.feed import Feed
from store.filters import Filters, matching
from store.formats.base import ALERTS, Format, Origin, Rows
from store.formats.base import FLOWS as OF_FLOWS
from store.layout import DATABASE, KINDS
from store.segments import conform
from store.writer import StoreWriter

_ALERTS_FILE: Final = "alerts.json"
_MOST_JSON: Final = 1 << 30
_MOST_VALUES: Final = 1 << 28
_PAGE: Final = 500
_SLICE: Final = 50_000  # rows that are encoded at once: what an export holds in memory
_COMMITTED: Final = pa.field("committed", TIME)
_MADE: Final = ("workload.json", REQUEST)


def origin_of(run: Path) -> Origin:
    """Where the records of a run folder come from: of a test, where a generator or a replay left its plan."""
    return Origin(run=run.resolve().name, test=any((run / name).is_file() for name in _MADE))


@contextmanager
def opened(path: Path) -> Iterator[tuple[Feed, Origin]]:
    """The store of a run folder, or one made for the moment from what ``tenfold detect --out`` wrote, and its origin.

    Raises ``InputError`` where the folder is neither.
    """
    if (path / DATABASE).is_file():
        with Feed(path) as feed:
            yield feed, origin_of(path)
        return
    if not (path / _ALERTS_FILE).is_file():
        if (path / "scorecard.json").is_file():
            raise InputError(f"{path}: a run of another detector, or one that was cut short: no alerts of ours")
        raise InputError(f"{path}: neither a run folder nor one that `tenfold detect --out` wrote")
    with tempfile.TemporaryDirectory(prefix="tenfold-export-") as folder:
        _store_of(path, Path(folder))
        with Feed(Path(folder)) as feed:
            yield feed, Origin(run=path.resolve().name)


def _store_of(source: Path, target: Path) -> None:
    """Make a store of the files of ``tenfold detect --out``, so that the same filters work on them."""
    documents = read_json(source / _ALERTS_FILE, "list of alerts", _MOST_JSON, _MOST_VALUES)
    try:
        alerts = [Alert.from_dict(document) for document in documents]
    except (TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{source / _ALERTS_FILE}: no list of alerts: {error}") from None
    with StoreWriter(target) as writer:
        for name, schema in (("flows", FLOWS), ("verdicts", VERDICTS)):
            path = source / f"{name}.parquet"
            if not path.is_file():
                continue
            names = ["family"] if "family" in schema.names else None
            try:
                file = pq.ParquetFile(path, read_dictionary=names)
                for batch in file.iter_batches(_SLICE):
                    table = conform(pa.Table.from_batches([batch]), schema).combine_chunks()
                    writer.commit(**{name: table.to_batches()[0]})
            except (OSError, ValueError) as error:
                raise InputError(f"{path}: damaged: {str(error).splitlines()[0]}") from None
        writer.commit(alerts=alerts)


def export(feed: Feed, origin: Origin, form: Format, what: str, filters: Filters, sink: IO[bytes]) -> int:
    """Write the records of a kind that match into ``sink``; how many rows were given to the format.

    Raises ``InputError`` where the format has no form for them, or a filter is none.
    """
    filters.check()
    if what == OF_FLOWS and (filters.family or filters.group or filters.min_score is not None):
        raise InputError("flows know no family, group or score; detections do")
    writer = form.open(sink, what, origin)
    none: Rows = [] if what == ALERTS else KINDS[_kind(what)].schema.append(_COMMITTED).empty_table()
    writer.write(none)  # so that a CSV file has its head, and a Parquet file its columns
    count = 0
    for rows in alerts_of(feed, filters) if what == ALERTS else _tables(feed, _kind(what), filters):
        writer.write(rows)
        count += len(rows)
    writer.close()
    return count


def alerts_of(feed: Feed, filters: Filters) -> Iterator[list[dict[str, Any]]]:
    """The alerts that match, some at a time, in the order in which they were raised."""
    row = 0
    while page := feed.raised(row, _PAGE, filters):
        row = page[-1].row
        yield [one.document for one in page]


def _tables(feed: Feed, kind: str, filters: Filters) -> Iterator[Rows]:
    at = 0
    while piece := feed.rows(kind, at):
        table, at = piece
        for low in range(0, table.num_rows, _SLICE):
            found = matching(table.slice(low, _SLICE), filters, KINDS[kind].time)
            if found.num_rows:
                yield found


def _kind(what: str) -> str:
    """What the store calls it."""
    return "flows" if what == OF_FLOWS else "verdicts"
