"""The model that the detectors use."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.rights import READ
from api.wire import fixed_json

router = APIRouter(prefix="/v1/model", tags=["catalogue"], dependencies=[READ])


@router.get("", operation_id="getModel", summary="Card of the model in use", responses=documents.one("Model"))
async def model(request: Request) -> Response:
    """What the model in use was trained on, how it scores, and where its limits are. With ETag."""
    return fixed_json(request, await run_in_threadpool(_card))


def _card() -> dict[str, Any]:
    from campaign.in_use import model_card  # loads what detectors load, a second's work

    return model_card()
