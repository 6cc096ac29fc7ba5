"""Alerts of one detector in columns, and what else its files said."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from campaign.alert_record import NOBODY, AlertRow, CountRow, Kind, Row, SeenRow
from contract.addresses import Bytes2D

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
UNREAD = -1  # nobody knows when it could be read


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


@dataclass
class Gathering:
    """Collects rows as they are read; ``alerts`` and ``seen`` are the columns."""

    kinds: dict[Kind, int] = field(default_factory=dict)
    counts: list[CountRow] = field(default_factory=list)
    _numbers: list[tuple[int, ...]] = field(default_factory=list)
    _ends: list[bytes] = field(default_factory=list)
    _ids: list[str] = field(default_factory=list)
    _seen: list[tuple[int, ...]] = field(default_factory=list)
    _seen_ends: list[bytes] = field(default_factory=list)

    def add(self, row: Row, read: int = UNREAD, file: int = 0, line: int = 0) -> None:
        """Take one row."""
        if isinstance(row, AlertRow):
            kind = self.kinds.setdefault(row.kind, len(self.kinds))
            self._numbers.append((row.time, read, row.src_port, row.dst_port, row.protocol, kind, file, line))
            self._ends.append(row.src + row.dst)
            self._ids.append(row.community_id)
        elif isinstance(row, SeenRow):
            self._seen.append((row.first, row.last, row.src_port, row.dst_port, row.protocol))
            self._seen_ends.append(row.src + row.dst)
        else:
            self.counts.append(row)

    def alerts(self) -> Alerts:
        """The alerts so far, in the order of their stamps."""
        values = np.array(self._numbers, np.int64).reshape(-1, 8)
        order = np.argsort(values[:, 0], kind="stable")
        values = values[order]
        ends = _pairs(self._ends)[order]
        small = values.astype(np.int32)
        return Alerts(
            time=values[:, 0].copy(),
            read=values[:, 1].copy(),
            src=ends[:, :16].copy(),
            dst=ends[:, 16:].copy(),
            src_port=small[:, 2],
            dst_port=small[:, 3],
            protocol=small[:, 4],
            kind=small[:, 5],
            file=small[:, 6],
            line=values[:, 7].copy(),
            community_id=np.array(self._ids, object)[order],
            kinds=tuple(self.kinds),
        )

    def seen(self) -> Seen:
        """The flows so far."""
        values = np.array(self._seen, np.int64).reshape(-1, 5)
        ends, small = _pairs(self._seen_ends), values.astype(np.int32)
        return Seen(values[:, 0], values[:, 1], ends[:, :16], ends[:, 16:], small[:, 2], small[:, 3], small[:, 4])


def _pairs(ends: list[bytes]) -> Bytes2D:
    return np.frombuffer(b"".join(ends), np.uint8).reshape(-1, 2 * len(NOBODY))
