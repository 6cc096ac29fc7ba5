"""What there is to choose from: families, scenarios."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.catalogue import family_items, scenario_items
from api.rights import READ
from api.wire import json_response
from contract.families import ATTACK_VERSION
from contract.version import VERSION

router = APIRouter(prefix="/v1", tags=["catalogue"], dependencies=[READ])


@router.get(
    "/families", operation_id="listFamilies", summary="Families of traffic", responses=documents.items("Family")
)
async def families() -> Response:
    """Every family of attack and of ordinary traffic, with its ATT&CK technique."""
    return json_response({"items": family_items(), "attack_version": ATTACK_VERSION, "version": VERSION})


@router.get("/scenarios", operation_id="listScenarios", summary="Scenarios", responses=documents.items("Scenario"))
async def scenarios() -> Response:
    """Every scenario that a campaign can be started with."""
    return json_response({"items": await run_in_threadpool(scenario_items)})
