"""Ingest: Arrow IPC batches of frames and of flows from sensors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.guard import read_out, too_large
from api.ingest import MEDIA_TYPE
from api.names import BATCH_PATTERN
from api.problems import ProblemError
from api.rights import INGEST
from api.service import Service, Shared
from api.wire import fixed_response, json_response
from campaign.ingest import Ingest
from contract.arrow_io import write_stream
from contract.errors import FullError
from contract.schemas import FLOW_UPDATES, FLOW_UPDATES_REQUIRED

router = APIRouter(prefix="/v1/ingest", tags=["ingest"], dependencies=[INGEST])


def _stream_of(description: str) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}
    return {"requestBody": {"required": True, "description": description, "content": content}}


_RECEIPT: Final = documents.one(
    "Receipt", 400, 403, 413, 415, 429, 507, status=202, description="Kept on disk; safe to forget."
)
_BODY: Final = _stream_of(
    "One uncompressed Arrow IPC stream of schema `frames/1`: ts (timestamp[ns, UTC]), frame (binary), "
    "wire_len (uint32), link (uint16)."
)
_FLOWS_BODY: Final = _stream_of(
    "One uncompressed Arrow IPC stream with columns of schema `flow-updates/1` (`/v1/ingest/flows/schema`), of which "
    f"{', '.join(FLOW_UPDATES_REQUIRED)} must be there; the schema's metadata says under `tenfold.batch` whose batch "
    "it is and how far its sensor has told everything (JSON)."
)


@router.post(
    "/frames",
    operation_id="ingestFrames",
    summary="Post a batch of frames",
    status_code=202,
    responses=_RECEIPT,
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
    with shared.ingest.post() as post:
        await _refuse_when_full(request, shared, shared.ingest.queue)
        receipt = await run_in_threadpool(shared.ingest.take, await _body(request, shared), batch_id)
        post.duplicate = receipt.duplicate
    return json_response(receipt.document(), 202)


@router.post(
    "/flows",
    operation_id="ingestFlows",
    summary="Post a batch of flows",
    status_code=202,
    responses=_RECEIPT,
    openapi_extra=_FLOWS_BODY,
)
async def flows(
    request: Request,
    shared: Shared,
    batch_id: Annotated[
        str | None, Header(pattern=BATCH_PATTERN, description="If given, the name that the note in the schema makes.")
    ] = None,
) -> Response:
    """What a remote sensor metered, as `tenfold sensor` sends it. What is detected in it is read with `run=sensors`."""
    with shared.ingest.post(shared.ingest.flows) as post:
        await _refuse_when_full(request, shared, shared.ingest.flows)
        receipt = await run_in_threadpool(shared.ingest.take_flows, await _body(request, shared), batch_id)
        post.duplicate = receipt.duplicate
    return json_response(receipt.document(), 202)


@router.get(
    "/flows/schema",
    operation_id="flowsSchema",
    summary="Schema of a batch of flows",
    response_class=Response,
    responses={
        200: {"description": "An Arrow IPC stream without batches.", "content": {MEDIA_TYPE: {}}},
        **documents.problems(),
    },
)
async def flows_schema(request: Request) -> Response:
    """Every column that a batch of flows may have. Leave out what you do not know."""
    return fixed_response(request, write_stream([], FLOW_UPDATES), MEDIA_TYPE)


async def _refuse_when_full(request: Request, shared: Service, queue: Ingest) -> None:
    """Raise 429 or 507 while nothing more is taken; once the body is read, so that the sensor hears it."""
    try:
        shared.ingest.refuse_when_full(queue)
    except (ProblemError, FullError):
        await read_out(request.receive, shared.settings.max_ingest)
        raise


async def _body(request: Request, shared: Service) -> bytearray:
    """The body, if it is of the right kind and size. Raises 413 and 415."""
    found = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found != MEDIA_TYPE:
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media-type", f"post {MEDIA_TYPE}, not {found or 'nothing'}"
        )
    if request.headers.get("content-encoding", "identity") != "identity":
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media-type", "compressed bodies are refused")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > shared.settings.max_ingest:
            raise too_large(shared.settings.max_ingest)
    return body
