"""What was seen, summed up for a picture: top talkers, the ATT&CK grid and its layer for the Navigator."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import attack, documents
from api.facts import RunFacts
from api.names import RunQuery
from api.rights import READ
from api.service import Service, Shared
from api.wire import json_response
from contract.clock import iso
from contract.families import ATTACK_VERSION

router = APIRouter(prefix="/v1", tags=["seen"], dependencies=[READ])
_MOST: int = 200


@router.get(
    "/talkers",
    operation_id="listTalkers",
    summary="Top attackers, victims and ports",
    responses=documents.one("Talkers"),
)
async def talkers(
    shared: Shared,
    run: RunQuery = None,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="How many of each.")] = 20,
) -> Response:
    """Counted over the flows that were called an attack. Who opened the flow stands as the attacker."""

    def look() -> Any:  # noqa: ANN401 - JSON
        chosen = shared.runs.choose(run)
        found = shared.talkers.of(chosen.id)
        if chosen.has_store:
            found.update(shared.runs.reader(chosen.id))
        return {"run": chosen.id, **found.top(limit)}

    return json_response(await run_in_threadpool(look))


@router.get(
    "/attack", operation_id="getAttack", summary="ATT&CK techniques seen", responses=documents.one("AttackGrid")
)
async def attack_grid(shared: Shared, run: RunQuery = None) -> Response:
    """Every technique that a family stands for, by tactic, with alerts, flows and (judged runs) recall."""

    def look() -> Any:  # noqa: ANN401 - JSON
        chosen = shared.runs.choose(run)
        return {"run": chosen.id, "attack_version": ATTACK_VERSION, "tactics": _grid(shared, chosen)}

    return json_response(await run_in_threadpool(look))


@router.get(
    "/attack/layer",
    operation_id="getAttackLayer",
    summary="Layer for the ATT&CK Navigator",
    responses=documents.one("NavigatorLayer"),
)
async def attack_layer(shared: Shared, run: RunQuery = None) -> Response:
    """A layer file (format 4.5): open it in the Navigator. The score is the number of alerts."""

    def look() -> tuple[str, Any]:
        chosen = shared.runs.choose(run)
        started = iso(chosen.started_ns)[:16] if chosen.started_ns else ""
        title = " ".join(part for part in (chosen.title or chosen.id, started) if part)
        return chosen.id, attack.layer(chosen.id, title, _grid(shared, chosen))

    name, document = await run_in_threadpool(look)
    return json_response(document, headers={"Content-Disposition": f'attachment; filename="{name}-navigator.json"'})


def _grid(shared: Service, chosen: RunFacts) -> list[dict[str, Any]]:
    alerts = shared.runs.reader(chosen.id).counts()["alerts"]["families"] if chosen.has_store else {}
    return attack.grid(alerts, shared.statistics.of(chosen)["families"])
