"""Puts the application together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from api import problems, rights
from api.audit import AuditLog
from api.broadcast import Broadcasts
from api.callers import Callers
from api.campaigns import Campaigns
from api.documents import SCHEMAS
from api.guard import Guard
from api.ingest import IngestDesk
from api.keys import KeyBook
from api.metrics import Metrics
from api.page_cache import PageCache
from api.parameters import only_known
from api.routes import (
    alerts,
    audit,
    campaigns,
    configuration,
    detections,
    families,
    flows,
    health,
    ingest,
    model,
    page,
    pictures,
    runs,
    scenarios,
    scorecards,
    session,
    statistics,
    stream,
    triage,
)
from api.rows import AlertCache
from api.runs import RunBook
from api.service import Service
from api.sessions import Sessions
from api.settings import Settings
from api.statistics import Statistics
from api.telemetry import telemetry
from contract.clock import calendar
from contract.version import VERSION

# One module a resource.
_ROUTES: Final = (
    *(
        alerts,
        triage,
        detections,
        flows,
        pictures,
        stream,
        statistics,
        campaigns,
        runs,
        scorecards,
        scenarios,
        families,
    ),
    *(ingest, model, configuration, session, audit, health, page),
)
_PAGES: Final = frozenset({"/v1/alerts", "/v1/detections", "/v1/flows"})
_TAGS: Final = [
    {"name": "seen", "description": "What was seen: detections, alerts, flows."},
    {"name": "live", "description": "The same as it happens, as server-sent events."},
    {"name": "campaigns", "description": "Start, watch and stop replay campaigns."},
    {"name": "runs", "description": "What campaigns leave behind: run folders, scorecards, reports."},
    {"name": "statistics", "description": "Figures of a run while it lasts and afterwards."},
    {"name": "ingest", "description": "Frames from sensors, as Arrow IPC batches."},
    {"name": "catalogue", "description": "What there is to choose from and to know: families, scenarios, the model."},
    {"name": "rights", "description": "Who asks, and what was asked."},
    {"name": "health", "description": "For whoever runs the service."},
]
_ABOUT: Final = (
    "Replays labelled attacks at 815 attempts a second times a multiplier and says what detection makes of them. "
    "Errors are RFC 9457 problems. Lists are paged by opaque cursors that are bound to their filters. "
    "Requests give names of runs and scenarios, never paths or URLs. Numbers of 64 bits are text."
)


def create_app(settings: Settings) -> FastAPI:
    """The application for those settings. It owns the processes that it starts and ends them with itself."""
    calendar()  # set now: a step of the wall clock from here on changes nothing
    watch = telemetry(settings.otel)
    service = _service(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.ingest.go_on()
        yield
        service.broadcasts.stop()
        await run_in_threadpool(service.campaigns.close)
        await run_in_threadpool(service.ingest.close)
        service.runs.close()
        await run_in_threadpool(service.audit.flush)
        await run_in_threadpool(watch.close)

    app = FastAPI(
        title="Tenfold",
        version=VERSION,
        description=_ABOUT,
        openapi_tags=_TAGS,
        docs_url=None,  # the ready-made page loads its scripts from another host; ours is in the package
        redoc_url=None,
        lifespan=lifespan,
        telemetry=watch.config,
        dependencies=[Depends(only_known)],
    )
    app.state.service = service
    problems.install(app)
    for module in _ROUTES:
        app.include_router(module.router)
    app.add_middleware(PageCache, runs=service.runs, paths=_PAGES, scope="read")
    app.add_middleware(
        Guard,
        settings=settings,
        metrics=service.metrics,
        callers=service.callers,
        audit=service.audit,
        open_paths=rights.open_paths(app),
    )
    _complete_openapi(app)
    return app


def _service(settings: Settings) -> Service:
    runs_book = RunBook(settings.runs, settings.run)
    metrics = Metrics()
    cache = AlertCache()
    started_here = Campaigns(settings, runs_book)
    audit_log = AuditLog(settings.runs)
    figures = Statistics(runs_book, started_here.item)
    return Service(
        settings=settings,
        runs=runs_book,
        metrics=metrics,
        statistics=figures,
        alerts=cache,
        broadcasts=Broadcasts(settings, runs_book, figures, metrics, cache),
        campaigns=started_here,
        ingest=IngestDesk(settings, metrics),
        callers=_callers(settings, audit_log),
        audit=audit_log,
    )


def _callers(settings: Settings, audit_log: AuditLog) -> Callers:
    def changed(ids: list[str]) -> None:
        audit_log.write("keys.changed", "", "", "read again", keys=ids)

    keys = KeyBook(settings.keys, changed) if settings.keys else None
    return Callers(keys, Sessions(settings.port))


def _complete_openapi(app: FastAPI) -> None:
    """Add the shapes of answers, which no route declares as models."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            document.setdefault("components", {}).setdefault("schemas", {}).update(SCHEMAS)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
