"""Triage: what people decided about alerts."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api import documents
from api.callers import STATE, Caller
from api.guard import NOTE
from api.names import RunQuery
from api.problems import ProblemError, not_found
from api.rights import OPERATE, READ
from api.service import Service, Shared
from api.triage import STATES
from api.wire import encode, fixed_response, json_response
from contract.clock import calendar

router = APIRouter(prefix="/v1", tags=["seen"])
_AlertId = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
State = StrEnum("State", {name: name for name in STATES})  # type: ignore[misc]  # one list of states for file and API
_BY: Final = "anybody"


class Decision(BaseModel):
    """What is decided about which alerts."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"alerts": ["3"], "state": "escalated", "note": "to the CERT"}]}
    )

    alerts: list[_AlertId] = Field(min_length=1, max_length=1000, description="Alerts of one run, by id.")
    state: State = Field(description="`archived`: nothing left to do; `escalated`: somebody must; `new`: neither.")
    note: str | None = Field(default=None, max_length=500, description="Why. Without it the former note stays.")


@router.get(
    "/triage",
    operation_id="listTriage",
    summary="Decisions on alerts",
    dependencies=[READ],
    responses=documents.one("Triage"),
)
async def triage(request: Request, shared: Shared, run: RunQuery = None) -> Response:
    """Every alert of a run that somebody decided about. With ETag: ask again at little cost."""

    def look() -> Any:  # noqa: ANN401 - JSON
        chosen = shared.runs.choose(run)
        return _document(chosen.id, shared.triage.of(chosen.folder))

    return fixed_response(request, encode(await run_in_threadpool(look)), "application/json")


@router.post(
    "/triage",
    operation_id="decideTriage",
    summary="Archive or escalate alerts",
    dependencies=[OPERATE],
    responses=documents.one("Triage", 400, 403, 411, 413),
)
async def decide(request: Request, shared: Shared, wanted: Decision, run: RunQuery = None) -> Response:
    """Kept in the run folder before it is answered. The same again changes nothing but the time."""
    request.scope[NOTE] = {"alerts": ",".join(wanted.alerts[:10]), "state": wanted.state.value}
    caller: Caller | None = request.scope.get(STATE)
    by = caller.key.name if caller is not None and caller.key is not None else _BY

    def work() -> Any:  # noqa: ANN401 - JSON
        chosen = shared.runs.choose(run)
        _check_known(shared, chosen.id, wanted.alerts)
        try:
            marks = shared.triage.decide(
                chosen.folder, wanted.alerts, wanted.state.value, wanted.note, by, calendar().now_ns()
            )
        except OSError as error:
            detail = f"the decision cannot be kept: {error.strerror}"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "triage", detail) from None
        return _document(chosen.id, marks)

    return json_response(await run_in_threadpool(work))


def _check_known(shared: Service, run: str, alerts: list[str]) -> None:
    reader = shared.runs.reader(run)
    for alert in alerts:
        if int(alert) >= 1 << 63 or reader.alert(int(alert)) is None:
            raise not_found("no-alert", f"run {run} has no alert {alert}; nothing was changed")


def _document(run: str, marks: dict[str, dict[str, Any]]) -> dict[str, Any]:
    counts = Counter(mark["state"] for mark in marks.values())
    items = [{"alert_id": alert, **mark} for alert, mark in marks.items()]
    return {"run": run, "items": items, "counts": {state: counts[state] for state in STATES if state != "new"}}
