"""Alerts of one detector in columns, and what else its files said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from campaign.alert_record import NOBODY, AlertRow, CountRow, Kind, Reader, Row, SeenRow
from contract.addresses import Bytes2D

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
UNREAD = -1  # nobody knows when it could be read
_COLUMNS: Final = (
    "time", "read", "src", "dst", "src_port", "dst_port", "protocol", "kind", "file", "line", "community_id",
)  # fmt: skip


@dataclass(frozen=True)
class Alerts:
    """One element an alert: ``time`` its own stamp, ``read`` when it could be read (epoch ns, ``UNREAD``).

    ``src`` and ``dst`` are ``(n, 16)``, all zero where it names nobody; ports and protocol are -1 where it has none.
    ``kind`` indexes ``kinds``; ``file`` and ``line`` say where it stands.
    """

    time: I64
    read: I64
    src: Bytes2D
    dst: Bytes2D
    src_port: I32
    dst_port: I32
    protocol: I32
    kind: I32
    file: I32
    line: I64
    community_id: npt.NDArray[np.object_]
    kinds: tuple[Kind, ...]

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True)
class Seen:
    """Flows that the detector recorded itself, one element each; as of ``Alerts``."""

    first: I64
    last: I64
    src: Bytes2D
    dst: Bytes2D
    src_port: I32
    dst_port: I32
    protocol: I32

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True)
class Many:
    """What many lines say: ``alerts.line`` is which of these lines, from 0, in their order."""

    alerts: Alerts
    seen: Seen
    counts: list[CountRow]


@runtime_checkable
class ManyReader(Reader, Protocol):
    """A reader that can take many lines at once, to the same effect as one by one."""

    def take_many(self, lines: Sequence[bytes]) -> Many | None:
        """What they say; None (or ``ValueError``) where some line must be looked at alone. It then changes nothing."""
        ...


@dataclass
class Gathering:
    """Collects rows as they are read; ``alerts`` and ``seen`` are the columns."""

    kinds: dict[Kind, int] = field(default_factory=dict)
    counts: list[CountRow] = field(default_factory=list)
    _rows: list[AlertRow] = field(default_factory=list)
    _places: list[tuple[int, int, int]] = field(default_factory=list)
    _seen: list[SeenRow] = field(default_factory=list)
    _parts: list[Alerts] = field(default_factory=list)
    _seen_parts: list[Seen] = field(default_factory=list)

    def add(self, row: Row, read: int = UNREAD, file: int = 0, line: int = 0) -> None:
        """Take one row."""
        if isinstance(row, AlertRow):
            self._rows.append(row)
            self._places.append((read, file, line))
        elif isinstance(row, SeenRow):
            self._seen.append(row)
        else:
            self.counts.append(row)

    def extend(self, many: Many) -> None:
        """Take many rows, whose places are known."""
        self._settle()
        self._parts.append(self._coded(many.alerts))
        self._seen_parts.append(many.seen)
        self.counts += many.counts

    def alerts(self) -> Alerts:
        """The alerts so far, in the order of their stamps."""
        self._settle()
        parts = self._parts or [alerts_of([])]
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS}
        order = np.argsort(columns["time"], kind="stable")
        return Alerts(**{name: column[order] for name, column in columns.items()}, kinds=tuple(self.kinds))

    def seen(self) -> Seen:
        """The flows so far."""
        self._settle()
        parts = self._seen_parts or [seen_of([])]
        return Seen(*(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])))

    def _settle(self) -> None:
        """What was taken one by one becomes columns, so that the order stays."""
        if self._rows:
            self._parts.append(self._coded(alerts_of(self._rows, self._places)))
            self._rows, self._places = [], []
        if self._seen:
            self._seen_parts.append(seen_of(self._seen))
            self._seen = []

    def _coded(self, part: Alerts) -> Alerts:
        """With kinds by our own numbers."""
        code = np.array([self.kinds.setdefault(kind, len(self.kinds)) for kind in part.kinds], np.int32)
        return replace(part, kind=code[part.kind] if len(part) else part.kind)


def alerts_of(rows: Sequence[AlertRow], places: Sequence[tuple[int, int, int]] | None = None) -> Alerts:
    """Rows as columns, in their order; of each place: when it could be read, file and line."""
    kinds: dict[Kind, int] = {}
    numbers = np.array(
        [(r.time, r.src_port, r.dst_port, r.protocol, kinds.setdefault(r.kind, len(kinds))) for r in rows], np.int64
    ).reshape(-1, 5)
    where = np.array(places if places is not None else [(UNREAD, 0, n) for n in range(len(rows))], np.int64)
    where = where.reshape(-1, 3)
    small = numbers.astype(np.int32)
    return Alerts(
        time=numbers[:, 0],
        read=where[:, 0],
        src=packed([row.src for row in rows]),
        dst=packed([row.dst for row in rows]),
        src_port=small[:, 1],
        dst_port=small[:, 2],
        protocol=small[:, 3],
        kind=small[:, 4],
        file=where[:, 1].astype(np.int32),
        line=where[:, 2],
        community_id=np.array([row.community_id for row in rows], object),
        kinds=tuple(kinds),
    )


def seen_of(rows: Sequence[SeenRow]) -> Seen:
    """Rows as columns."""
    numbers = np.array([(r.first, r.last, r.src_port, r.dst_port, r.protocol) for r in rows], np.int64).reshape(-1, 5)
    small = numbers.astype(np.int32)
    ends = packed([row.src for row in rows]), packed([row.dst for row in rows])
    return Seen(numbers[:, 0], numbers[:, 1], *ends, small[:, 2], small[:, 3], small[:, 4])


def packed(ends: Sequence[bytes]) -> Bytes2D:
    """Addresses of 16 bytes as ``(n, 16)``."""
    return np.frombuffer(b"".join(ends), np.uint8).reshape(-1, len(NOBODY))
