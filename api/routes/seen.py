"""What was seen: detections, alerts, flows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.cursors import seal, unseal
from api.names import RunQuery
from api.problems import bad_request, not_found
from api.query import (
    DEFAULT_LIMIT,
    CommonFilters,
    Cursor,
    Limit,
    MinScore,
    OpenQuery,
    SeverityQuery,
    Traffic,
    link_header,
    scope_of,
)
from api.rights import READ
from api.rows import alert_item, detection_items, flow_items
from api.service import Service, Shared
from api.wire import json_response
from contract.clock import iso
from store.filters import Filters

router = APIRouter(prefix="/v1", tags=["seen"], dependencies=[READ])
_Found = tuple[Sequence[Any], int | None]


@router.get(
    "/detections",
    operation_id="listDetections",
    summary="Verdicts, newest first",
    responses=documents.page("Detection"),
)
async def detections(
    request: Request,
    shared: Shared,
    filters: CommonFilters,
    run: RunQuery = None,
    min_score: MinScore = None,
    traffic: Traffic = "attacks",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """The classifier's word on flows, as soon as it can be read: the last committed first."""
    wanted = replace(filters, min_score=min_score, attacks=traffic == "attacks")

    def look(run_id: str, position: int | None) -> _Found:
        page = shared.runs.reader(run_id).detections(wanted, limit, position)
        return detection_items(page.table), page.cursor

    return await _page(request, shared, "detections", run, wanted, cursor, look)


@router.get(
    "/alerts", operation_id="listAlerts", summary="Alerts, the last raised first", responses=documents.page("Alert")
)
async def alerts(  # noqa: PLR0913, PLR0917 - one parameter for each filter of the query string
    request: Request,
    shared: Shared,
    filters: CommonFilters,
    run: RunQuery = None,
    min_score: MinScore = None,
    severity: SeverityQuery = None,
    is_open: OpenQuery = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Incidents with severity, technique and evidence. `since` and `until` choose those that lasted in that time."""
    wanted = replace(filters, min_score=min_score, severity=severity.value if severity else None, open=is_open)

    def look(run_id: str, position: int | None) -> _Found:
        page = shared.runs.reader(run_id).alerts(wanted, limit, position)
        return shared.alerts.items(run_id, page.alerts), page.cursor

    return await _page(request, shared, "alerts", run, wanted, cursor, look)


@router.get("/alerts/{alert_id}", operation_id="getAlert", summary="One alert", responses=documents.one("Alert"))
async def alert(
    shared: Shared,
    alert_id: Annotated[str, Path(pattern=r"^[0-9]{1,20}$", description="As the list gives it.")],
    run: RunQuery = None,
) -> Response:
    """One incident as it now is."""
    chosen = await run_in_threadpool(shared.runs.choose, run)
    number = int(alert_id)
    found = None
    if number < 1 << 63:
        found = await run_in_threadpool(lambda: shared.runs.reader(chosen.id).alert(number))
    if found is None:
        raise not_found("no-alert", f"run {chosen.id} has no alert {alert_id}")
    return json_response(alert_item(found))


@router.get("/flows", operation_id="listFlows", summary="Ended flows, newest first", responses=documents.page("Flow"))
async def flows(
    request: Request,
    shared: Shared,
    filters: CommonFilters,
    run: RunQuery = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Bidirectional flow records (RFC 5103). A flow knows no family: `family` and `group` are refused here."""
    if filters.family or filters.group:
        raise bad_request("filter", "flows know no family and no group; /v1/detections does")

    def look(run_id: str, position: int | None) -> _Found:
        page = shared.runs.reader(run_id).flows(filters, limit, position)
        return flow_items(page.table), page.cursor

    return await _page(request, shared, "flows", run, filters, cursor, look)


async def _page(
    request: Request,
    shared: Service,
    kind: str,
    run: str | None,
    filters: Filters,
    cursor: str | None,
    look: Callable[[str, int | None], _Found],
) -> Response:
    def work() -> tuple[dict[str, Any], str | None]:
        chosen = shared.runs.choose(run)
        scope = scope_of(kind, chosen.id, filters)
        after = unseal(cursor, scope)
        # A campaign that is still starting has no store yet: nothing was seen, which is no error.
        items, position = look(chosen.id, after) if chosen.has_store else ([], None)
        following = None if position is None else seal(position, scope)
        return {"items": items, "next": following, "as_of": iso(time.time_ns()), "run": chosen.id}, following

    document, following = await run_in_threadpool(work)
    return json_response(document, headers=link_header(request, following))
