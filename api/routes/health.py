"""For whoever runs the service: is it alive, can it serve, how does it fare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import documents
from api.callers import STATE, Caller
from api.metrics import CONTENT_TYPE
from api.problems import ProblemError
from api.rights import OPEN, READ
from api.runs import POSTED
from api.service import Service, Shared
from api.wire import json_response
from campaign.outputs import states
from contract.errors import LackingError, TenfoldError
from contract.version import VERSION

router = APIRouter(tags=["health"])


@router.get(
    "/healthz",
    operation_id="health",
    summary="Is the process alive",
    dependencies=[OPEN],
    responses=documents.plain("Health"),
)
async def healthz() -> Response:
    """Answers as long as the event loop turns; touches nothing else."""
    return json_response({"status": "ok", "version": VERSION})


@router.get(
    "/readyz", operation_id="readiness", summary="Can it serve", dependencies=[OPEN], responses=documents.readiness()
)
async def readyz(request: Request, shared: Shared) -> Response:
    """200 when the runs folder and the store on show can be read and posted batches reach their detector; else 503.

    Where there are keys, the details are for those who may read.
    """
    checks = await run_in_threadpool(_checks, shared)
    ready = all(check["ok"] for check in checks.values())
    caller: Caller | None = request.scope.get(STATE)
    if caller is None or "read" not in caller.scopes:
        checks = {name: {"ok": check["ok"]} for name, check in checks.items()}
    return json_response({"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503)


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="For Prometheus",
    dependencies=[READ],
    response_class=Response,
    responses=documents.text("text/plain"),
)
async def metrics(shared: Shared) -> Response:
    """Counters and gauges in Prometheus' text format."""
    ledger = shared.broadcasts.ledger()  # here: it belongs to the event loop
    ledger.merge(shared.ingest.ledger())
    shared.metrics.service.show(ledger)
    await run_in_threadpool(_set_gauges, shared)
    return Response(shared.metrics.render(), media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def _set_gauges(shared: Service) -> None:
    shared.metrics.backlog.set(shared.ingest.queue.backlog)
    shown = set(POSTED)
    try:
        facts = shared.runs.choose(None)
        shown.add(facts.id)
        shared.metrics.run.show(shared.statistics.of(facts), shared.statistics.latencies(facts))
    except (ProblemError, TenfoldError):
        shared.metrics.run.show(None)  # no run, or one that cannot be read: /readyz says so
    shared.metrics.outputs.show({name: _outputs(shared.runs.folder / name) for name in sorted(shown)})


def _outputs(folder: Path) -> list[dict[str, Any]]:
    """The states of the outputs of a run; none where they cannot be read."""
    try:
        return states(folder)
    except TenfoldError:
        return []


def _checks(shared: Service) -> dict[str, dict[str, Any]]:
    checks: dict[str, dict[str, Any]] = {"runs": _check(shared.runs.check)}
    try:
        chosen = shared.runs.choose(None)
    except ProblemError:
        checks["store"] = {"ok": True, "detail": "no run yet"}
    else:
        checks["store"] = (
            _check(lambda: shared.runs.reader(chosen.id).last_commit())
            if chosen.has_store
            else {"ok": True, "detail": "the run has no store yet"}
        )
    checks["ingest"] = _check(shared.ingest.check)
    checks["keys"] = _check(lambda: _keys(shared))
    checks["audit"] = _check(lambda: _no_fault(shared.audit.fault))
    return checks


def _keys(shared: Service) -> str:
    keys = shared.callers.keys
    if keys is None:
        return "no keys: whoever is on this machine may do everything"
    _no_fault(keys.fault)
    return f"{keys.good} good"


def _no_fault(fault: str) -> None:
    if fault:
        raise LackingError(fault)


def _check(work: Any) -> dict[str, Any]:  # noqa: ANN401 - a callable without arguments
    try:
        detail = work()
    except (TenfoldError, ProblemError, OSError) as error:
        return {"ok": False, "detail": str(error)}
    return {"ok": True, "detail": "" if detail is None else str(detail)}
