"""Documents of alerts, parsed once a writing: those who watch ask for the same alerts many times a second."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

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
