"""Totals over a store, in a few queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from contract.alert import ALLOWED_FROM, MUTED_FROM
from store.layout import KINDS

TOLD: Final = f"(alert_id < {ALLOWED_FROM})"  # in SQL: what the configuration neither allowed nor muted


def totals(query: Callable[..., list[Any]]) -> dict[str, Any]:
    """What ``StoreReader.counts`` says."""
    rows = query("SELECT kind, sum(rows) FROM segments WHERE state='live' GROUP BY kind")
    alerts = query(
        "SELECT family, severity, count(*), sum(open) FROM alerts "  # noqa: S608 - constants
        f"WHERE {TOLD} GROUP BY family, severity ORDER BY family, severity"
    )
    by_family: Counter[str] = Counter()
    by_severity: Counter[str] = Counter()
    for family, severity, count, _ in alerts:
        by_family[family] += count
        by_severity[severity] += count
    silenced = query(
        f"SELECT count(*), coalesce(sum(alert_id >= {MUTED_FROM}), 0) FROM alerts WHERE NOT {TOLD}"  # noqa: S608
    )[0]
    families = query("SELECT family, sum(attacks), sum(ended) FROM rollups GROUP BY family ORDER BY family")
    return {
        "rows": dict.fromkeys(KINDS, 0) | dict(rows),
        "alerts": {
            "total": sum(row[2] for row in alerts),
            "open": sum(row[3] for row in alerts),
            "families": dict(by_family),
            "severities": dict(by_severity),
        },
        "silenced": {"allowed": silenced[0] - silenced[1], "muted": silenced[1]},
        "families": {family: {"attacks": attacks, "ended": ended} for family, attacks, ended in families},
        "last_commit": int(query("SELECT coalesce(max(id), 0) FROM commits")[0][0]),
    }
