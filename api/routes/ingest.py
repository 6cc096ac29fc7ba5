"""Ingest: Arrow IPC batches of frames from sensors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.guard import too_large
from api.ingest import MEDIA_TYPE
from api.names import BATCH_PATTERN
from api.problems import ProblemError
from api.rights import INGEST
from api.service import Shared
from api.wire import json_response

router = APIRouter(prefix="/v1/ingest", tags=["ingest"], dependencies=[INGEST])
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "One uncompressed Arrow IPC stream of schema `frames/1`: ts (timestamp[ns, UTC]), "
        "frame (binary), wire_len (uint32), link (uint16).",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/frames",
    operation_id="ingestFrames",
    summary="Post a batch of frames",
    status_code=202,
    responses=documents.one(
        "Receipt", 400, 403, 413, 415, 429, status=202, description="Kept on disk; safe to forget."
    ),
    openapi_extra=_BODY,
)
async def frames(
    request: Request,
    shared: Shared,
    batch_id: Annotated[
        str | None,
        Header(pattern=BATCH_PATTERN, description="The sensor's own name of the batch: posting it twice counts once."),
    ] = None,
) -> Response:
    """Acknowledged only when the batch is durable. What is detected in it is read with `run=live`."""
    found = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found != MEDIA_TYPE:
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media-type", f"post {MEDIA_TYPE}, not {found or 'nothing'}"
        )
    if request.headers.get("content-encoding", "identity") != "identity":
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media-type", "compressed bodies are refused")
    shared.ingest.refuse_when_full()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > shared.settings.max_ingest:
            raise too_large(shared.settings.max_ingest)
    receipt = await run_in_threadpool(shared.ingest.take, bytes(body), batch_id)
    return json_response(receipt.document(), 202)
