"""What a reader gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa


@dataclass(frozen=True)
class Page:
    """Rows, newest first, and where the next page goes on (None: there is no more).

    ``table`` has the columns of the kind, then ``row`` (its number) and ``committed`` (when it could first be read).
    A page may be short, even empty, and still have a ``cursor``: one request looks at a bounded number of rows.
    """

    table: pa.Table
    cursor: int | None


@dataclass(frozen=True)
class AlertPage:
    """Alerts, the last raised first, and where the next page goes on. ``commits`` wrote them as they are, each."""

    alerts: list[dict[str, Any]]
    cursor: int | None
    commits: list[int] = field(default_factory=list)


class Revision(NamedTuple):
    """One writing of an alert: times in epoch nanoseconds, ``committed_ns`` by the campaign's clock."""

    alert_id: int
    revision: int
    committed_ns: int
    first_seen: int
    last_seen: int
    flows: int


class Rollup(NamedTuple):
    """One second of one family: flows first called that, flows ended as that, and their packets and bytes."""

    second: int
    family: str
    attacks: int
    ended: int
    packets: int
    bytes: int
