"""Statistics: the figures of a run while it lasts and afterwards."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.facts import read_json
from api.names import RunQuery
from api.problems import not_found
from api.rights import READ
from api.service import Service, Shared
from api.wire import json_response

router = APIRouter(prefix="/v1/stats", tags=["statistics"], dependencies=[READ])
_MOST: Final = 200


@router.get("", operation_id="getStats", summary="Figures of a run", responses=documents.one("Stats"))
async def stats(shared: Shared, run: RunQuery = None) -> Response:
    """Rates, counts, latency, families and ledger, as far as they are known now."""
    return json_response(await run_in_threadpool(lambda: shared.statistics.of(shared.runs.choose(run))))


@router.get("/timeline", operation_id="getTimeline", summary="Figures by second", responses=documents.one("Timeline"))
async def timeline(shared: Shared, run: RunQuery = None) -> Response:
    """Planned, sent and detected attempts a second, latency, and detections by family."""
    return json_response(await run_in_threadpool(lambda: shared.statistics.timeline(shared.runs.choose(run))))


@router.get(
    "/confusion", operation_id="getConfusion", summary="What was called what", responses=documents.one("Confusion")
)
async def confusion(shared: Shared, run: RunQuery = None) -> Response:
    """Flows by their true family and by the word that they got. Known once the run is judged; 404 until then."""
    return json_response(await run_in_threadpool(_confusion, shared, run))


def _confusion(shared: Service, run: str | None) -> dict[str, Any]:
    facts = shared.runs.choose(run)
    card = None if facts.active else read_json(facts.folder / "scorecard.json")
    if card is None:
        raise not_found("not-yet", f"run {facts.id} is not judged yet; a campaign is at its end")
    rows = card.get("confusion") or {}
    return {
        "run": facts.id,
        "words": sorted({word for row in rows.values() for word in row}),
        "rows": [{"family": name, "flows": sum(row.values()), "said": row} for name, row in sorted(rows.items())],
    }
