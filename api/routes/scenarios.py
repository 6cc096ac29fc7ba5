"""Scenarios: what a campaign can be started with, and what it would be."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.catalogue import preview_of, scenario_item, scenario_items
from api.names import SCENARIO_PATTERN
from api.rights import READ
from api.wire import fixed_json, json_response
from campaign.preview import MOST_POINTS

router = APIRouter(prefix="/v1/scenarios", tags=["catalogue"], dependencies=[READ])
ScenarioPath = Annotated[str, Path(pattern=SCENARIO_PATTERN, description="A scenario, as `/v1/scenarios` names it.")]


@router.get("", operation_id="listScenarios", summary="Scenarios", responses=documents.items("Scenario"))
async def scenarios(request: Request) -> Response:
    """Every scenario that a campaign can be started with. With ETag."""
    return fixed_json(request, {"items": await run_in_threadpool(scenario_items)})


@router.get("/{name}", operation_id="getScenario", summary="One scenario", responses=documents.one("Scenario"))
async def scenario(request: Request, name: ScenarioPath) -> Response:
    """Its curves, families and zones. With ETag."""
    return fixed_json(request, await run_in_threadpool(scenario_item, name))


@router.get(
    "/{name}/preview",
    operation_id="previewScenario",
    summary="What a campaign would be",
    responses=documents.one("Preview", 400),
)
async def preview(
    name: ScenarioPath,
    multiplier: Annotated[
        float | None, Query(gt=0, le=1000, description="Hold this multiple of 815 attempts a second throughout.")
    ] = None,
    duration_s: Annotated[
        float | None, Query(ge=1, le=86_400, description="Length; the curve is fitted to it.")
    ] = None,
    points: Annotated[int, Query(ge=2, le=MOST_POINTS, description="At how many moments.")] = 240,
) -> Response:
    """The curve of its rates and how much that adds up to, with what `POST /v1/campaigns` would be told."""
    return json_response(await run_in_threadpool(preview_of, name, multiplier, duration_s, points))
