"""Flows: bidirectional flow records (RFC 5103) that have ended."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api import documents
from api.paging import Found, Page, page
from api.query import FlowFilters
from api.rights import READ
from api.rows import flow_items
from api.service import Shared

router = APIRouter(prefix="/v1/flows", tags=["seen"], dependencies=[READ])


@router.get("", operation_id="listFlows", summary="Ended flows, newest first", responses=documents.page("Flow"))
async def flows(request: Request, shared: Shared, filters: FlowFilters, asked: Page) -> Response:
    """Bidirectional flow records (RFC 5103). What needs a verdict (family, severity, …) is refused here."""

    def look(run_id: str, position: int | None) -> Found:
        found = shared.runs.reader(run_id).flows(filters, asked.limit, position)
        return found.table, found.cursor

    return await page(request, shared, "flows", asked, filters, look, lambda _, table: flow_items(table))
