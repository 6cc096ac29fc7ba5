"""Alerts: incidents, with severity, technique and evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.media import MEDIA, NDJSON
from api.names import RunQuery
from api.paging import Found, Page, encoded, page
from api.problems import not_found
from api.query import CommonFilters, MinScore, OpenQuery, SeverityQuery
from api.rights import READ
from api.rows import alert_item
from api.service import Shared
from api.wire import json_response

router = APIRouter(prefix="/v1/alerts", tags=["seen"], dependencies=[READ])
OneForm = Literal["json", "eve", "ocsf"]


@router.get("", operation_id="listAlerts", summary="Alerts, the last raised first", responses=documents.page("Alert"))
async def alerts(
    request: Request,
    shared: Shared,
    filters: CommonFilters,
    asked: Page,
    min_score: MinScore = None,
    severity: SeverityQuery = None,
    is_open: OpenQuery = None,
) -> Response:
    """Incidents with severity, technique and evidence. `since` and `until` choose those that lasted in that time."""
    wanted = replace(filters, min_score=min_score, severity=severity.value if severity else None, open=is_open)

    def look(run_id: str, position: int | None) -> Found:
        found = shared.runs.reader(run_id).alerts(wanted, asked.limit, position)
        return found.alerts, found.cursor

    return await page(request, shared, "alerts", asked, wanted, look, shared.alerts.items)


@router.get(
    "/{alert_id}", operation_id="getAlert", summary="One alert", responses=documents.one("Alert", media=(NDJSON,))
)
async def alert(
    shared: Shared,
    alert_id: Annotated[str, Path(pattern=r"^[0-9]{1,20}$", description="As the list gives it.")],
    run: RunQuery = None,
    form: Annotated[
        OneForm, Query(alias="format", description="`eve` and `ocsf`: one line of JSON, as other tools take it.")
    ] = "json",
) -> Response:
    """One incident as it now is."""
    chosen = await run_in_threadpool(shared.runs.choose, run)
    number = int(alert_id)
    found = None
    if number < 1 << 63:
        found = await run_in_threadpool(lambda: shared.runs.reader(chosen.id).alert(number))
    if found is None:
        raise not_found("no-alert", f"run {chosen.id} has no alert {alert_id}")
    if form == "json":
        return json_response(alert_item(found))
    document = await run_in_threadpool(encoded, form, "alerts", [found], chosen.id)
    return Response(document, 200, {"Cache-Control": "no-store"}, MEDIA[form])
