"""Families of attack and of ordinary traffic."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from api import documents
from api.catalogue import family_item, family_items
from api.rights import READ
from api.wire import fixed_json
from contract.families import ATTACK_VERSION
from contract.version import VERSION

router = APIRouter(prefix="/v1/families", tags=["catalogue"], dependencies=[READ])


@router.get("", operation_id="listFamilies", summary="Families of traffic", responses=documents.items("Family"))
async def families(request: Request) -> Response:
    """Every family of attack and of ordinary traffic, with its ATT&CK technique. With ETag."""
    document = {"items": family_items(), "attack_version": ATTACK_VERSION, "version": VERSION}
    return fixed_json(request, document)


@router.get("/{family}", operation_id="getFamily", summary="One family", responses=documents.one("Family"))
async def family(
    request: Request,
    family: Annotated[str, Path(pattern=r"^[a-z0-9_]{1,64}$", description="As `/v1/families` names it.")],
) -> Response:
    """What it is, and its ATT&CK technique. With ETag."""
    return fixed_json(request, family_item(family))
