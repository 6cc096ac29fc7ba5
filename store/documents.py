"""Documents of alerts, parsed once a writing: those who watch ask for the same alerts many times a second."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from store.filters import Filters

_KEPT: Final = 4096
_Row = tuple[int, int, int, int, int]  # row, alert_id, commit_id, committed_ns, raised_ns
Query = Callable[..., list[Any]]


class Documents:
    """The last documents that were asked for. The caller sees to it that one thread at a time is in here."""

    def __init__(self) -> None:
        self._known: OrderedDict[_Row, dict[str, Any]] = OrderedDict()

    def of(self, rows: Sequence[_Row], query: Query) -> list[dict[str, Any]]:
        """The document of each row, in order; ``query`` sees the store as it was when the rows were read.

        They are shared with whoever asks next, so nobody may change one.
        """
        missing = [row for row in rows if row not in self._known]
        if missing:
            numbers = orjson.dumps([row[0] for row in missing]).decode()
            texts = dict(
                query("SELECT row, document FROM alerts WHERE row IN (SELECT value FROM json_each(?))", numbers)
            )
            for row in missing:
                found: dict[str, Any] = orjson.loads(texts[row[0]])
                self._known[row] = found | {"committed_ns": row[3], "raised_ns": row[4]}
        documents = []
        for row in rows:
            self._known.move_to_end(row)
            documents.append(self._known[row])
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return documents


def alert_conditions(filters: Filters) -> tuple[list[str], list[Any]]:
    """What filters ask of a row of ``alerts``: conditions in SQL, and their values. Raises ``InputError``."""
    filters.check()
    pairs: list[tuple[str, Any]] = [
        ("family = ?", filters.family),
        ("grp = ?", filters.group),
        ("last_seen >= ?", filters.since),
        ("first_seen <= ?", filters.until),
        ("confidence >= ?", filters.min_score),
        ("severity = ?", filters.severity),
        ("open = ?", filters.open),
        ("alert_id IN (SELECT alert_id FROM alert_hosts WHERE host = ?)", filters.host),
        ("alert_id IN (SELECT alert_id FROM alert_flows WHERE community_id = ?)", filters.community_id),
    ]
    chosen = [(text, value) for text, value in pairs if value is not None]
    return [text for text, _ in chosen], [value for _, value in chosen]
