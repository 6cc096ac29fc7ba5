"""Segments in pieces, the newest first, so that a page of the newest rows reads the newest rows only.

An Arrow segment is one piece, a compacted one has a piece a row group. Pieces never change, so those read last are
kept, up to a bound of bytes: who looks at a live store asks for the same ones over and over.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pyarrow as pa

from store import segments
from store.segments import Segment

KEPT_BYTES: Final = 64 << 20
_Key = tuple[str, str, int]


class Pieces:
    """Reads pieces of one store, and keeps some. May be shared by threads.

    ``finish`` gets a table with a column ``commit`` and the number of its first row; it returns what readers get, and
    whether that will stay as it is.
    """

    def __init__(self, root: Path, finish: Callable[[pa.Table, int], tuple[pa.Table, bool]]) -> None:
        self._root, self._finish = root, finish
        self._turn = threading.Lock()
        self._kept: OrderedDict[_Key, pa.Table] = OrderedDict()
        self._bytes = 0

    def of(self, segment: Segment, below: int) -> Iterator[tuple[int, pa.Table]]:
        """First row and rows of each piece that begins before row ``below``, the last one first.

        Raises ``FileNotFoundError`` where compaction has taken the file away, ``InputError`` where it is damaged.
        """
        if segment.level == 0:
            yield segment.first_row, self._get(segment, 0, segment.first_row, segments.read)
            return
        ends = segments.group_ends(self._root, segment)
        for group in range(len(ends) - 1, -1, -1):
            first = segment.first_row + (ends[group - 1] if group else 0)
            if first < below:
                yield (
                    first,
                    self._get(segment, group, first, partial(segments.read_group, group=group)),
                )

    def _get(self, segment: Segment, group: int, first: int, read: Callable[[Path, Segment], pa.Table]) -> pa.Table:
        key = (segment.kind, segment.name, group)
        with self._turn:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        table, stays = self._finish(read(self._root, segment), first)
        if stays:
            self._keep(key, table)
        return table

    def _keep(self, key: _Key, table: pa.Table) -> None:
        with self._turn:
            if key not in self._kept:
                self._kept[key] = table
                self._bytes += table.nbytes
            while self._bytes > KEPT_BYTES and self._kept:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
