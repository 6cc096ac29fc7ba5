"""What a list may be asked for: one set of filters for detections, alerts and flows."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import Depends, Query

from api.names import family_names, group_names
from api.problems import ProblemError, bad_request
from contract.alert import SEVERITIES
from store.filters import Filters

MAX_LIMIT: Final = 1000
MAX_ROWS: Final = 50_000
DEFAULT_LIMIT: Final = 100
FamilyName = StrEnum("FamilyName", {name: name for name in [*family_names(), "benign"]})  # type: ignore[misc]  # names are found by a folder scan
GroupName = StrEnum("GroupName", {name: name for name in [*group_names(), "benign"]})  # type: ignore[misc]  # likewise
Severity = StrEnum("Severity", {name: name for name in SEVERITIES})  # type: ignore[misc]  # likewise

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items a page has at most.")]
RowLimit = Annotated[
    int,
    Query(
        ge=1,
        le=MAX_ROWS,
        description=f"How many items a page has at most; a page of JSON never has more than {MAX_LIMIT:,}.",
    ),
]
Cursor = Annotated[
    str | None, Query(max_length=64, description="`next` of the page before; keep the filters as they were.")
]
_Instant = Annotated[
    str | None,
    Query(
        max_length=40,
        description="ISO 8601 with an offset (`2024-07-26T19:30:00Z`).",
        examples=["2024-07-26T19:30:00Z"],
    ),
]


async def _flow_filters(
    host: Annotated[
        str | None,
        Query(
            max_length=64,
            description="An address or prefix (CIDR, IPv4 or IPv6) on either side.",
            examples=["198.18.0.0/24"],
        ),
    ] = None,
    port: Annotated[
        int | None,
        Query(ge=0, le=65_535, description="A port of TCP, UDP or SCTP on either side; of an alert, one attacked."),
    ] = None,
    since: _Instant = None,
    until: _Instant = None,
    community_id: Annotated[
        str | None, Query(max_length=40, pattern=r"^1:[A-Za-z0-9+/=]{20,32}$", description="Community ID v1 of a flow.")
    ] = None,
) -> Filters:
    return Filters(
        host=_host(host),
        port=port,
        since=_instant(since, "since"),
        until=_instant(until, "until"),
        community_id=community_id,
    )


FlowFilters = Annotated[Filters, Depends(_flow_filters)]


async def _filters(
    of_flows: FlowFilters,
    family: Annotated[FamilyName | None, Query(description="Only this family.")] = None,
    group: Annotated[GroupName | None, Query(description="Only families of this group.")] = None,
    technique: Annotated[
        str | None,
        Query(
            pattern=r"^T[0-9]{4}(\.[0-9]{3})?$",
            description="Only families of this ATT&CK technique; without a part behind the dot, of its sub-techniques "
            "too.",
            examples=["T1498"],
        ),
    ] = None,
) -> Filters:
    return replace(
        of_flows,
        family=family.value if family else None,
        group=group.value if group else None,
        technique=technique,
    )


CommonFilters = Annotated[Filters, Depends(_filters)]
MinScore = Annotated[
    float | None, Query(ge=0, le=1, description="Least score (of a verdict) or confidence (of an alert).")
]
SeverityQuery = Annotated[Severity | None, Query(description="Only alerts of this severity.")]
OpenQuery = Annotated[
    bool | None, Query(alias="open", description="Only incidents that go on (`true`) or are over (`false`).")
]
Traffic = Annotated[
    Literal["attacks", "all"], Query(description="`attacks` leaves out verdicts that say a flow is ordinary.")
]


def scope_of(kind: str, run: str, filters: Filters) -> str:
    """What a cursor is bound to."""
    return f"{kind} {run} {asdict(filters)}"


def link_header(path: str, query: Sequence[tuple[str, str]], cursor: str | None) -> dict[str, str]:
    """The ``Link`` to the next page (RFC 8288), relative to this service."""
    if cursor is None:
        return {}
    kept = [(name, value) for name, value in query if name != "cursor"]
    return {"Link": f'<{path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'}


def _host(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise bad_request("host", f"host: {text!r} is neither an IP address nor a prefix") from None
    mapped = network.version == 6 and network.network_address.ipv4_mapped
    if mapped and network.prefixlen >= 96:
        network = ipaddress.ip_network((mapped, network.prefixlen - 96), strict=False)
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _instant(text: str | None, name: str) -> int | None:
    if text is None or not text.strip():
        return None
    try:
        # A plus sign that was not quoted in the query arrives as a space.
        moment = datetime.fromisoformat(
            re.sub(r" (?=\d\d:?\d\d$)", "+", text.strip(), count=1) if "T" in text else text.strip()
        )
    except ValueError:
        raise _no_instant(name, text) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    nanoseconds = (since_epoch.days * 86_400 + since_epoch.seconds) * 1_000_000_000 + since_epoch.microseconds * 1000
    if not 0 <= nanoseconds < 1 << 62:
        raise _no_instant(name, text)
    return nanoseconds


def _no_instant(name: str, text: str) -> ProblemError:
    return bad_request("instant", f"{name}: {text!r} is no ISO 8601 time such as 2024-07-26T19:30:00Z")
