"""What the service runs with. Secrets are never told."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.rights import READ
from api.service import Service, Shared
from api.wire import json_response
from contract.families import ATTACK_VERSION
from contract.version import VERSION

router = APIRouter(prefix="/v1/configuration", tags=["health"], dependencies=[READ])


@router.get(
    "",
    operation_id="getConfiguration",
    summary="What the service runs with",
    responses=documents.one("Configuration"),
)
async def configuration(shared: Shared) -> Response:
    """Limits of the service and settings of the detectors that it starts, defaults filled in. No secret is told."""
    return json_response(await run_in_threadpool(_document, shared))


def _document(shared: Service) -> dict[str, Any]:
    from campaign.in_use import configuration as of_detectors  # loads what detectors load, a second's work

    settings = shared.settings
    return {
        "version": VERSION,
        "attack_version": ATTACK_VERSION,
        "service": settings.told(),
        "detector": of_detectors(settings.config),
        "configured": settings.config is not None,
    }
