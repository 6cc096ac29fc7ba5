"""The audit log, for those who may see who did what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.query import DEFAULT_LIMIT, MAX_LIMIT
from api.rights import ADMIN
from api.service import Shared
from api.wire import json_response

router = APIRouter(prefix="/v1/audit", tags=["rights"], dependencies=[ADMIN])


@router.get("", operation_id="listAudit", summary="Who did what", responses=documents.items("AuditRecord"))
async def audit(
    shared: Shared,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many lines at most.")] = DEFAULT_LIMIT,
    before: Annotated[
        str | None,
        Query(pattern=r"^[0-9]{19}-[0-9a-f]{4}$", description="Only what is older than the line with this `id`."),
    ] = None,
    who: Annotated[
        str | None, Query(pattern=r"^[a-z0-9]{1,16}$", description="Only what was asked with the key of this id.")
    ] = None,
) -> Response:
    """Everything that was started, changed or stopped, what was handed in (summed up), and refusals; newest first."""
    items, following = await run_in_threadpool(shared.audit.page, limit, before, who)
    return json_response({"items": items, "next": following})
