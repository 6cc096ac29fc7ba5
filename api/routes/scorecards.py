"""Scorecards: how the runs went, one line each, and each in full."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.compare import summary
from api.facts import read_json
from api.names import RunPath
from api.query import DEFAULT_LIMIT, Limit
from api.rights import READ
from api.routes.runs import file_of
from api.service import Service, Shared
from api.wire import json_response

router = APIRouter(prefix="/v1/scorecards", tags=["runs"], dependencies=[READ])


@router.get(
    "", operation_id="listScorecards", summary="How the runs went", responses=documents.items("ScorecardSummary")
)
async def scorecards(shared: Shared, limit: Limit = DEFAULT_LIMIT) -> Response:
    """One line for each judged run, the newest first."""
    return json_response({"items": await run_in_threadpool(_summaries, shared, limit)})


@router.get(
    "/{run_id}",
    operation_id="getScorecardOf",
    summary="One scorecard",
    responses=documents.one("Scorecard"),
)
async def scorecard(request: Request, shared: Shared, run_id: RunPath) -> Response:
    """What was caught, how fast, what was missed, what was a false alarm, what was lost. With ETag."""
    return await file_of(request, shared, run_id, "scorecard.json", "application/json")


def _summaries(shared: Service, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for facts in shared.runs.all():
        card = None if facts.active else read_json(facts.folder / "scorecard.json")
        if card is not None:
            found.append({"run": facts.id, "scenario": facts.scenario, "title": facts.title} | summary(card))
            if len(found) == limit:
                break
    return found
