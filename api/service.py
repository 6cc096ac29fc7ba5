"""What the routes share: settings, runs, live streams, campaigns, keys and the rest. Made once per application."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from api.audit import AuditLog
from api.broadcast import Broadcasts
from api.callers import Callers
from api.campaigns import Campaigns
from api.ingest import IngestDesk
from api.metrics import Metrics
from api.rows import AlertCache
from api.runs import RunBook
from api.settings import Settings
from api.statistics import Statistics
from api.talkers import TalkerBook
from api.triage import Triage


@dataclass(frozen=True)
class Service:
    """The parts of one running application."""

    settings: Settings
    runs: RunBook
    metrics: Metrics
    alerts: AlertCache
    statistics: Statistics
    broadcasts: Broadcasts
    campaigns: Campaigns
    ingest: IngestDesk
    callers: Callers
    audit: AuditLog
    triage: Triage = field(default_factory=Triage)
    talkers: TalkerBook = field(default_factory=TalkerBook)


async def _of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Shared = Annotated[Service, Depends(_of)]
