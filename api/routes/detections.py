"""Detections: the classifier's word on flows."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api import documents
from api.paging import Found, Page, page
from api.query import CommonFilters, MinScore, Traffic
from api.rights import READ
from api.rows import detection_items
from api.service import Shared

router = APIRouter(prefix="/v1/detections", tags=["seen"], dependencies=[READ])


@router.get("", operation_id="listDetections", summary="Verdicts, newest first", responses=documents.page("Detection"))
async def detections(
    request: Request,
    shared: Shared,
    filters: CommonFilters,
    asked: Page,
    min_score: MinScore = None,
    traffic: Traffic = "attacks",
) -> Response:
    """The classifier's word on flows, as soon as it can be read: the last committed first."""
    wanted = replace(filters, min_score=min_score, attacks=traffic == "attacks")

    def look(run_id: str, position: int | None) -> Found:
        found = shared.runs.reader(run_id).detections(wanted, asked.limit, position)
        return found.table, found.cursor

    return await page(request, shared, "detections", asked, wanted, look, lambda _, table: detection_items(table))
