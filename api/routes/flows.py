"""Flows: bidirectional flow records (RFC 5103) that have ended."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api import documents
from api.names import RunQuery
from api.paging import Found, page
from api.problems import bad_request
from api.query import DEFAULT_LIMIT, CommonFilters, Cursor, Limit
from api.rights import READ
from api.rows import flow_items
from api.service import Shared

router = APIRouter(prefix="/v1/flows", tags=["seen"], dependencies=[READ])


@router.get("", operation_id="listFlows", summary="Ended flows, newest first", responses=documents.page("Flow"))
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

    def look(run_id: str, position: int | None) -> Found:
        found = shared.runs.reader(run_id).flows(filters, limit, position)
        return flow_items(found.table), found.cursor

    return await page(request, shared, "flows", run, filters, cursor, look)
