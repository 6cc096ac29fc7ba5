"""The next records of a store behind a cursor, in the form that an output wants, and the cursor behind them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from contract.alert import SEVERITIES
from contract.families import BENIGN, catalogue
from store.feed import Feed
from store.formats.base import ALERTS, DETECTIONS, FLOWS, Origin
from store.formats.registry import format_of
from store.outputs.base import INFORMATIONAL, Batch
from store.outputs.state import Cursor

_REMEMBERED: Final = 10_000  # alerts of which it is known which revision was told last
_KINDS: Final = {DETECTIONS: "verdicts", FLOWS: "flows"}


class Piece(NamedTuple):
    """Records (None where none of those behind the cursor is wanted), and the cursor once they are delivered.

    ``taken`` is how many the cursor moves by, wanted or not, ``changes`` how many of them are changes of alerts, and
    ``missing`` how many a damaged segment took.
    """

    batch: Batch | None
    cursor: Cursor
    taken: int
    changes: int = 0
    missing: int = 0


class Pieces:
    """Reads a store for one output."""

    def __init__(self, feed: Feed, settings: Mapping[str, Any], origin: Origin) -> None:
        self._feed, self._origin = feed, origin
        self._what: list[str] = settings["what"]
        self._updates: str = settings["updates"]
        self._limit: int = settings["batch"]
        self._severe: frozenset[str] = frozenset(SEVERITIES[SEVERITIES.index(settings["least_severity"]) :])
        named = settings.get("families")
        self._families = None if named is None else _expanded(named)
        self._encoders = format_of(settings["format"]).encoders
        self._kept: dict[str, tuple[pa.Table, int]] = {}  # the segment that is being told, by kind
        self._revisions: OrderedDict[int, int] = OrderedDict()

    def next(self, cursor: Cursor) -> Piece | None:
        """The next piece behind a cursor; None where all was told."""
        for what in self._what:
            found = self._alerts(cursor) if what == ALERTS else self._rows(cursor, what)
            if found is not None:
                return found
        return None

    def waiting(self, cursor: Cursor) -> dict[str, int]:
        """How many records of each kind are behind the cursor, wanted or not."""
        rows = self._feed.head().rows
        behind = {what: rows.get(kind, 0) - getattr(cursor, kind) for what, kind in _KINDS.items()}
        behind[ALERTS] = self._feed.behind(cursor.raised) if ALERTS in self._what else 0
        return {what: max(0, behind[what]) for what in self._what}

    def held(self) -> int:
        """How many records of its kinds the store holds, told or not."""
        rows = self._feed.head().rows
        return sum(self._feed.behind(0) if what == ALERTS else rows.get(_KINDS[what], 0) for what in self._what)

    def left_out(self, cursor: Cursor, what: str, count: int) -> Cursor:
        """The cursor behind ``count`` records more of a kind."""
        if what == ALERTS:
            return replace(cursor, raised=self._feed.skip(cursor.raised, count))
        return replace(cursor, **{_KINDS[what]: getattr(cursor, _KINDS[what]) + count})

    def _alerts(self, cursor: Cursor) -> Piece | None:
        told = self._feed.raised(cursor.raised, self._limit)
        if told:
            named = [one.document for one in told if self._is_named(one.document)]
            low = [one["alert_id"] for one in named if one["open"] and not self._is_severe(one)]
            wanted = [document for document in named if self._is_severe(document)]
            after = replace(cursor, raised=told[-1].row, below=(*cursor.below, *low)[-_REMEMBERED:])
            return Piece(self._batch(wanted), after, len(told))
        if self._updates == "none" and not cursor.below:
            return None
        told = self._feed.changed(cursor.changed, cursor.raised, self._limit)
        if not told:
            return None
        below = set(cursor.below)
        wanted = [one.document for one in told if self._is_news(one.document, below)]
        ended = {one.document["alert_id"] for one in told if not one.document["open"]}
        ended |= {document["alert_id"] for document in wanted}
        still = tuple(number for number in cursor.below if number not in ended)
        after = replace(cursor, changed=(told[-1].commit, told[-1].row), below=still)
        return Piece(self._batch(wanted), after, len(told), changes=len(told))

    def _is_named(self, document: dict[str, Any]) -> bool:
        family: str = document["family"]
        return self._families is None or family in self._families

    def _is_severe(self, document: dict[str, Any]) -> bool:
        severity: str = document["severity"]
        return severity in self._severe

    def _is_news(self, document: dict[str, Any], below: set[int]) -> bool:
        """Whether a change is to be told: a first time, as the alert has become severe enough, or as an update."""
        if not self._is_named(document) or not self._is_severe(document):
            return False
        if document["alert_id"] in below:
            return True
        if self._updates == "none" or (self._updates == "closed" and document["open"]):
            return False
        return bool(self._revisions.get(document["alert_id"]) != document["revision"])

    def _batch(self, documents: list[dict[str, Any]]) -> Batch | None:
        for document in documents:
            self._revisions[document["alert_id"]] = document["revision"]
            self._revisions.move_to_end(document["alert_id"])
        while len(self._revisions) > _REMEMBERED:
            self._revisions.popitem(last=False)
        if not documents:
            return None
        lines = tuple(self._encoders[ALERTS](documents, self._origin).splitlines())
        return Batch(ALERTS, lines, tuple(document["severity"] for document in documents))

    def _rows(self, cursor: Cursor, what: str) -> Piece | None:
        kind = _KINDS[what]
        start = getattr(cursor, kind)
        table, behind = self._kept.get(kind, (None, 0))
        if table is None or not behind - table.num_rows <= start < behind:
            self._kept.pop(kind, None)
            found = self._feed.rows(kind, start)
            if found is None:
                return None
            table, behind = self._kept[kind] = found
        # Where a damaged segment was set aside, rows are missing: those that are there are the last before ``behind``.
        first = max(start, behind - table.num_rows)
        table = table.slice(first - (behind - table.num_rows))
        taken = min(self._limit, table.num_rows)
        after = replace(cursor, **{kind: first + taken})
        table = self._wanted_rows(table.slice(0, taken), what)
        lines = tuple(self._encoders[what](table, self._origin).splitlines()) if table.num_rows else ()
        batch = Batch(what, lines, (INFORMATIONAL,) * len(lines)) if lines else None
        return Piece(batch, after, first + taken - start, missing=first - start)

    def _wanted_rows(self, table: pa.Table, what: str) -> pa.Table:
        if what == FLOWS:
            return table
        words = table.column("family").cast(pa.string())
        wanted = pc.not_equal(words, BENIGN)
        if self._families is not None:
            wanted = pc.and_(wanted, pc.is_in(words, value_set=pa.array(sorted(self._families), pa.string())))
        return table.filter(wanted)


def _expanded(names: list[str]) -> frozenset[str]:
    """Families and groups as families."""
    return frozenset(family.id for family in catalogue().values() if {family.id, family.group} & set(names))
