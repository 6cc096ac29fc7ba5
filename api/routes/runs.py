"""Run folders: list, one, scorecard, report; and the figures of a run while it lasts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from fastapi import Path as Part
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.compare import compare
from api.facts import read_json
from api.names import RUN_PATTERN, RunPath
from api.problems import not_found
from api.query import DEFAULT_LIMIT, Limit
from api.rights import READ
from api.service import Service, Shared
from api.wire import fixed_json, fixed_response, json_response

router = APIRouter(prefix="/v1", tags=["runs"], dependencies=[READ])
# The report carries its scripts and styles within, so it gets an origin of its own from which it can ask for nothing.
REPORT_CSP: Final = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get("/runs", operation_id="listRuns", summary="Runs, the newest first", responses=documents.items("Run"))
async def runs(
    shared: Shared,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Every run folder, `live` (what sensors post) included."""
    found = await run_in_threadpool(shared.runs.all)
    return json_response({"items": [shared.campaigns.item(facts) for facts in found[:limit]]})


@router.get("/runs/{run_id}", operation_id="getRun", summary="One run", responses=documents.one("Run"))
async def run(request: Request, shared: Shared, run_id: RunPath) -> Response:
    """What a run folder says of itself. Once the run has ended, with ETag."""
    facts = await run_in_threadpool(shared.runs.choose, run_id)
    item = shared.campaigns.item(facts)
    return json_response(item) if facts.active else fixed_json(request, item)


@router.get(
    "/runs/{run_id}/scorecard",
    operation_id="getScorecard",
    summary="Scorecard of a run",
    responses=documents.one("Scorecard"),
)
async def scorecard(request: Request, shared: Shared, run_id: RunPath) -> Response:
    """What was caught, how fast, what was missed, what was a false alarm, what was lost. With ETag."""
    return await file_of(request, shared, run_id, "scorecard.json", "application/json")


@router.get(
    "/runs/{run_id}/report",
    operation_id="getReport",
    summary="Report of a run",
    response_class=Response,
    responses=documents.text("text/html", 404),
)
async def report(request: Request, shared: Shared, run_id: RunPath) -> Response:
    """The HTML report, as the campaign wrote it. With ETag."""
    return await file_of(request, shared, run_id, "report.html", "text/html")


@router.get(
    "/runs/{run_id}/compare/{other}",
    operation_id="compareRuns",
    summary="Two judged runs side by side",
    responses=documents.one("Comparison"),
)
async def comparison(
    shared: Shared,
    run_id: RunPath,
    other: Annotated[str, Part(pattern=RUN_PATTERN, description="The run to compare with, by its id.")],
) -> Response:
    """Recall, latency and false alarms of both, and what changed from the first to the second."""
    return json_response(await run_in_threadpool(_compared, shared, run_id, other))


async def file_of(request: Request, shared: Shared, run_id: str, name: str, media_type: str) -> Response:
    """A file of a run folder that does not change once it is there, with ETag. Raises 404 until then."""

    def read() -> bytes | None:
        path: Path = shared.runs.choose(run_id).folder / name
        try:
            return path.read_bytes()
        except OSError:
            return None

    body = await run_in_threadpool(read)
    if body is None:
        raise not_found("not-yet", f"run {run_id} has no {name} yet; a campaign writes it at its end")
    headers = {"Content-Security-Policy": REPORT_CSP} if media_type == "text/html" else None
    return fixed_response(request, body, media_type, headers)


def _compared(shared: Service, first: str, second: str) -> dict[str, Any]:
    cards = []
    for name in (first, second):
        card = read_json(shared.runs.choose(name).folder / "scorecard.json")
        if card is None:
            raise not_found("not-yet", f"run {name} has no scorecard yet; a campaign writes it at its end")
        cards.append(card)
    return {"first": first, "second": second} | compare(*cards)
