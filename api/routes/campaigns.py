"""Campaigns: start, watch, stop."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.campaigns import CampaignRequest
from api.guard import NOTE
from api.names import RunPath
from api.rights import OPERATE, READ
from api.service import Shared
from api.wire import json_response

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])
_ACCEPTED = documents.one(
    "Run", 400, 409, 411, 413, 403, status=202, description="Started; `Location` says where to watch it."
)


@router.post(
    "",
    operation_id="startCampaign",
    summary="Start a campaign",
    status_code=202,
    dependencies=[OPERATE],
    responses=_ACCEPTED,
)
async def start(request: Request, shared: Shared, wanted: CampaignRequest) -> Response:
    """Starts one campaign; 409 while another is under way."""
    run = await run_in_threadpool(shared.campaigns.start, wanted)
    request.scope[NOTE] = {"run": run, **wanted.model_dump(exclude_none=True)}
    item = await run_in_threadpool(shared.campaigns.one, run)
    return json_response(item, 202, {"Location": f"/v1/campaigns/{run}"})


@router.get(
    "", operation_id="listCampaigns", summary="Campaigns", dependencies=[READ], responses=documents.items("Run")
)
async def campaigns(shared: Shared) -> Response:
    """Every campaign whose run folder is there, the newest first."""
    return json_response({"items": await run_in_threadpool(shared.campaigns.all)})


@router.get(
    "/{run_id}",
    operation_id="getCampaign",
    summary="Watch a campaign",
    dependencies=[READ],
    responses=documents.one("Run"),
)
async def campaign(shared: Shared, run_id: RunPath) -> Response:
    """State and progress."""
    return json_response(await run_in_threadpool(shared.campaigns.one, run_id))


_STOPPING = documents.one("Run", 403, 409, status=202, description="It ends in order and is judged as far as it went.")


@router.delete(
    "/{run_id}",
    operation_id="stopCampaign",
    summary="Stop a campaign",
    status_code=202,
    dependencies=[OPERATE],
    responses=_STOPPING,
)
async def stop(shared: Shared, run_id: RunPath) -> Response:
    """Ends a campaign that was started through this service; the run folder stays."""
    await run_in_threadpool(shared.campaigns.stop, run_id)
    return json_response(await run_in_threadpool(shared.campaigns.one, run_id), 202)


@router.post(
    "/{run_id}/stop",
    operation_id="stopCampaignByPost",
    summary="Stop a campaign (as DELETE)",
    status_code=202,
    dependencies=[OPERATE],
    responses=_STOPPING,
)
async def stop_by_post(shared: Shared, run_id: RunPath) -> Response:
    """The same as DELETE, for clients that have no DELETE."""
    return await stop(shared, run_id)
