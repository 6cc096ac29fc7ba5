"""Pages of what was seen: the run is chosen, the cursor checked, the store asked, the next cursor sealed.

The same page comes as JSON, as lines (Suricata's EVE, OCSF findings), as CSV or as an Arrow IPC stream.
"""

from __future__ import annotations

import io
from collections.abc import Callable
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
from api.page_cache import OFFER, Made, Offer, Recipe, is_known, tag_of
from api.query import DEFAULT_LIMIT, MAX_LIMIT, Cursor, RowLimit, link_header, scope_of
from api.runs import POSTED
from api.service import Service
from api.wire import encode
from contract.clock import calendar, iso
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

    def make() -> Made:
        # The state is read before the rows: they are as new at least. A campaign that is still starting has no store
        # yet: nothing was seen, which is no error.
        run, state = shared.runs.current(asked.run)
        scope = scope_of(what, run, filters)
        after = unseal(asked.cursor, scope)
        rows, position = look(run, after) if state else (None, None)
        following = None if position is None else seal(position, scope)
        if asked.form == "json":
            shown = [] if rows is None else items(run, rows)
            body = encode({"items": shown, "next": following, "as_of": iso(calendar().now_ns()), "run": run})
        else:
            body = b"" if rows is None else encoded(asked.form, what, rows, run)
        headers = link_header(path, query, following) | {"Vary": "Accept", "Tenfold-Run": run}
        headers |= _kept(tag_of(state, f"{path} {query} {asked.form}")) if state else {"Cache-Control": "no-store"}
        return Made(body, MEDIA[asked.form], headers, state)

    path, query = request.url.path, request.query_params.multi_items()
    made = await run_in_threadpool(make)
    offer: Offer | None = request.scope.get(OFFER)
    if offer is not None:
        offer.recipe, offer.made = Recipe(asked.run, make), made
    if is_known(made.headers.get("ETag", ""), request.headers.get("if-none-match", "")):
        return Response(None, 304, made.headers)
    return Response(made.body, 200, made.headers, made.media_type)


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


def _kept(tag: str) -> dict[str, str]:
    """A browser may keep it, and asks each time whether it still holds."""
    return {"ETag": tag, "Cache-Control": "private, no-cache"}
