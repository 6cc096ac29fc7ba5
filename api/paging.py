"""Pages of what was seen: the run is chosen, the cursor checked, the store asked, the next cursor sealed.

The same page comes as JSON, as lines (Suricata's EVE, OCSF findings), as CSV or as an Arrow IPC stream.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import pyarrow as pa
from fastapi import Depends, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.cursors import seal, unseal
from api.media import MEDIA, chosen
from api.names import RunQuery
from api.query import DEFAULT_LIMIT, MAX_LIMIT, Cursor, RowLimit, link_header, scope_of
from api.runs import POSTED
from api.service import Service
from api.wire import json_response
from contract.clock import iso
from store.filters import Filters
from store.formats.base import Origin, Rows
from store.formats.registry import format_of
from store.formats.tables import tabular

What = Literal["alerts", "detections", "flows"]
FormatName = StrEnum("FormatName", {name: name for name in MEDIA})  # type: ignore[misc]  # one list for Accept and name
_COLUMNS: Final = ("arrow",)
Found = tuple[Rows, int | None]


@dataclass(frozen=True)
class Asked:
    """Which page of a list, and in which form."""

    run: str | None
    limit: int
    cursor: str | None
    form: str


async def _asked(
    request: Request,
    run: RunQuery,
    limit: RowLimit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    form: Annotated[
        FormatName | None,
        Query(
            alias="format",
            description="The form by name, whatever `Accept` says: `eve` and `ocsf` are lines of JSON, "
            "`ndjson` lines with the columns of the store.",
        ),
    ] = None,
) -> Asked:
    name = chosen(request.headers.get("accept"), form.value if form else None)
    return Asked(run, min(limit, MAX_LIMIT) if name == "json" else limit, cursor, name)


Page = Annotated[Asked, Depends(_asked)]


async def page(
    request: Request,
    shared: Service,
    what: What,
    asked: Asked,
    filters: Filters,
    look: Callable[[str, int | None], Found],
    items: Callable[[str, Any], Any],
) -> Response:
    """One page. ``look`` gives rows of a run behind a position, and the position where the next page goes on.

    ``items`` makes them JSON objects.
    """

    def work() -> tuple[Any, str, str | None]:
        run = shared.runs.choose(asked.run)
        scope = scope_of(what, run.id, filters)
        after = unseal(asked.cursor, scope)
        # A campaign that is still starting has no store yet: nothing was seen, which is no error.
        rows, position = look(run.id, after) if run.has_store else (None, None)
        following = None if position is None else seal(position, scope)
        if asked.form == "json":
            shown = [] if rows is None else items(run.id, rows)
            return {"items": shown, "next": following, "as_of": iso(time.time_ns()), "run": run.id}, run.id, following
        return b"" if rows is None else encoded(asked.form, what, rows, run.id), run.id, following

    document, run, following = await run_in_threadpool(work)
    headers = link_header(request, following) | {"Vary": "Accept"}
    if asked.form == "json":
        return json_response(document, headers=headers)
    return Response(document, 200, _fields(headers, run), MEDIA[asked.form])


def encoded(form: str, what: What, rows: Rows, run: str) -> bytes:
    """Rows in a form other than JSON."""
    if form in _COLUMNS:
        return _arrow(tabular(rows, what))
    sink = io.BytesIO()
    writer = format_of(form).open(sink, what, Origin(run=run, sensor="tenfold", test=run not in POSTED))
    writer.write(rows)
    writer.close()
    return sink.getvalue()


def _arrow(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _fields(headers: Mapping[str, str], run: str) -> dict[str, str]:
    return {**headers, "Cache-Control": "no-store", "Tenfold-Run": run}
