"""Campaigns: start, watch, change, stop."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.callers import STATE, Caller
from api.campaigns import CampaignChange, CampaignRequest, early
from api.guard import NOTE
from api.idempotency import KEY_PATTERN
from api.names import RunPath
from api.rights import OPERATE, READ
from api.service import Shared
from api.wire import json_response

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])
_ACCEPTED = documents.one(
    "Run", 400, 409, 411, 413, 403, 507, status=202, description="Started; `Location` says where to watch it."
)


@router.post(
    "",
    operation_id="startCampaign",
    summary="Start a campaign",
    status_code=202,
    dependencies=[OPERATE],
    responses=_ACCEPTED,
)
async def start(
    request: Request,
    shared: Shared,
    wanted: CampaignRequest,
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=KEY_PATTERN,
            description="Any text of your own, new for each campaign: asking again with the same key and body gives "
            "the same answer and starts nothing, also after a restart of the service. With another body: 422.",
        ),
    ] = None,
) -> Response:
    """Starts one campaign; 409 while another is under way. `Location` says where to follow it to its scorecard."""
    caller: Caller = request.scope[STATE]
    run, again = await run_in_threadpool(shared.campaigns.start, wanted, caller.id, idempotency_key)
    request.scope[NOTE] = {"run": run, "again": again, **wanted.model_dump(exclude_none=True)}
    replayed = {"Idempotency-Replayed": "true"} if again else {}
    return json_response(early(run), 202, {"Location": f"/v1/campaigns/{run}"} | replayed)


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


@router.patch(
    "/{run_id}",
    operation_id="changeCampaign",
    summary="Change the multiplier while it runs",
    status_code=202,
    dependencies=[OPERATE],
    responses=documents.one("Run", 400, 403, 409, 411, 413, status=202, description="Asked; `changes` lists it."),
)
async def change(request: Request, shared: Shared, run_id: RunPath, wanted: CampaignChange) -> Response:
    """Holds another multiplier from now (or from a second of the plan) on; what is on its way already still comes."""
    request.scope[NOTE] = {"run": run_id, **wanted.model_dump(exclude_none=True)}
    await run_in_threadpool(shared.campaigns.change, run_id, wanted)
    return json_response(await run_in_threadpool(shared.campaigns.one, run_id), 202)


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
    """Ends a campaign in order, wherever it was started; the run folder stays, with a scorecard as far as it went."""
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
