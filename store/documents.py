"""Documents of alerts, parsed once a writing: those who watch ask for the same alerts many times a second."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

_KEPT: Final = 2048  # a few kB of text become 10 to 20 kB of objects
_Row = tuple[int, int, int, int, int]  # row, alert_id, commit_id, committed_ns, raised_ns
Query = Callable[..., list[Any]]


class Documents:
    """The last documents that were asked for, of each alert the last writing only: what was before it nobody asks for
    again. The caller sees to it that one thread at a time is in here.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[_Row, dict[str, Any]]] = OrderedDict()  # by row

    def of(self, rows: Sequence[_Row], query: Query) -> list[dict[str, Any]]:
        """The document of each row, in order; ``query`` sees the store as it was when the rows were read.

        They are shared with whoever asks next, so nobody may change one.
        """
        found: dict[int, dict[str, Any]] = {}
        for row in rows:
            known = self._known.get(row[0])
            if known is not None and known[0] == row:
                found[row[0]] = known[1]
        missing = [row for row in rows if row[0] not in found]
        if missing:
            numbers = orjson.dumps([row[0] for row in missing]).decode()
            texts = dict(
                query("SELECT row, document FROM alerts WHERE row IN (SELECT value FROM json_each(?))", numbers)
            )
            for row in missing:
                document: dict[str, Any] = orjson.loads(texts[row[0]])
                found[row[0]] = document | {"committed_ns": row[3], "raised_ns": row[4]}
                self._known[row[0]] = row, found[row[0]]
        for row in rows:
            self._known.move_to_end(row[0])
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return [found[row[0]] for row in rows]
