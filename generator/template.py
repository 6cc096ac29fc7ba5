"""All conversations of a campaign as flat arrays, from which one kernel stamps frames.

A *variant* is one rendering of one conversation: conversation ``c`` has variant ``2 * c`` for IPv4 and ``2 * c + 1``
for IPv6. What the stamp writes is zero in ``blob``, so that the sums over the rest can be taken once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from contract.schemas import ARP as ARP_PROTOCOL
from generator.columns import Rows, rows_of
from generator.completion import complete
from generator.conversation import Conversation
from generator.exchange import ARP, ICMP, ICMPV6, OTHER, Frame
from generator.headers import LINK
from generator.payload import ALPHABETS, KINDS

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]


class Template(NamedTuple):
    """Arrays by variant (``first`` has one row more), by frame, and by random part of a frame."""

    blob: U8  # the bytes of all frames
    alphabet: U8  # (kinds, 256): character for each random byte
    first: I64  # variant -> its first frame; behind those of the last one stand wholes that only fragments show
    protocol: npt.NDArray[np.uint16]  # variant -> protocol number of its flow
    ports: npt.NDArray[np.int32]  # (variant, 2): ports that the protocol itself gives, -1 where the attempt's count
    hops: U8  # (variant, 4): least and most routers on the client's side, on the server's
    start: I64  # frame -> where in ``blob``
    length: I32
    kind: U8  # generator.conversation's TCP, UDP, ICMP, ICMPV6, ARP, OTHER
    version: U8  # 4, 6; 0 for ARP
    reverse: U8
    quotes: U8  # an ICMP error with a quoted frame
    aside: I32  # the frame of which this one carries a piece (quoted, or a fragment's whole), -1 where none
    aside_at: I32  # where in that frame its piece begins
    seq: npt.NDArray[np.uint32]
    ack: npt.NDArray[np.uint32]
    has_ack: U8
    times_at: I32  # TCP timestamps option, 0 where none
    echo: I32  # how many frames back the echoed timestamp stands, 0 where none
    sack_at: I32  # edges of the selective ACK, relative to the other side's initial number; 0 where none
    ipid: U8
    step: npt.NDArray[np.uint16]  # frames that this side has sent before
    gap_rtt: npt.NDArray[np.float64]
    gap_ns: npt.NDArray[np.float64]
    jitter: npt.NDArray[np.float64]
    ip_sum: U64  # one's complement sums of what is not stamped, unfolded
    sum: U64
    part_first: I64  # frame -> its first part; one row more
    part_at: I32
    part_length: I32
    part_kind: U8
    part_key: U64
    part_skip: I32


def compile_conversations(conversations: Iterable[Conversation]) -> Template:
    """Lay out the conversations, each in both IP versions, as one template."""
    columns = Columns()
    columns.add(conversations)
    return columns.template()


class Columns:
    """Collects columns of frames and parts: conversations may be forgotten once they are added."""

    def __init__(self) -> None:
        self.blob = bytearray()
        self.first = [0]
        self.variants: list[tuple[int, int, int, tuple[int, ...]]] = []
        self.rows: list[Rows] = [rows_of([], np.zeros(1, np.int64), 0, {})]
        self.parts: list[npt.NDArray[np.int64]] = [np.zeros((0, 6), np.int64)]
        self.wholes: dict[int, tuple[Frame, int]] = {}  # by identity: what fragments show, and its own row there

    def __len__(self) -> int:
        """How many conversations there are."""
        return len(self.variants) // 2

    def add(self, conversations: Iterable[Conversation]) -> None:
        """Lay out conversations in both IP versions."""
        frames: list[Frame] = []
        first = [0]
        for conversation in conversations:
            for version in (4, 6):
                made = conversation.frames(version)
                self.variants.append((*(_flow_of(made[0]) if made else (0, -1, -1)), conversation.hops))
                frames += made
                first.append(len(frames))
        before = self.first[-1]
        self._lay(frames, first)
        self.first += [before + row for row in first[1:]]

    def _lay(self, frames: Sequence[Frame], first: list[int]) -> None:
        row = sum(len(rows.length) for rows in self.rows)
        self.rows.append(rows_of(frames, np.array(first, np.int64), row, self.wholes))
        self.blob += b"".join([piece for frame in frames for piece in (frame.header, frame.content.data)])
        parts = [
            (row + at, len(frame.header) + part.at, *part[1:])
            for at, frame in enumerate(frames)
            for part in frame.content.parts
        ]
        self.parts.append(np.array(parts, np.int64).reshape(-1, 6))

    def template(self) -> Template:
        """All of it as arrays; nothing can be added afterwards."""
        visible = self.first[-1]
        wholes = [frame for frame, _ in self.wholes.values()]
        self._lay(wholes, list(range(len(wholes) + 1)))
        rows = Rows(*(np.concatenate(columns) for columns in zip(*self.rows, strict=True)))
        parts = np.concatenate(self.parts)
        np.copyto(rows.aside, visible - 2 - rows.aside, where=rows.aside < -1)
        start = np.cumsum(rows.length, dtype=np.int64) - rows.length
        blob = np.frombuffer(self.blob, np.uint8) if self.blob else np.zeros(0, np.uint8)
        ip_sum, total = np.zeros(len(start), np.uint64), np.zeros(len(start), np.uint64)
        shapes = (start, rows.length, rows.kind, rows.version, rows.times_at)
        complete(blob, np.stack(shapes, axis=1).astype(np.int64), ip_sum, total)
        return Template(
            blob,
            _alphabet(),
            np.array(self.first, np.int64),
            np.array([v[0] for v in self.variants], np.uint16),
            np.array([v[1:3] for v in self.variants], np.int32).reshape(-1, 2),
            np.array([v[3] for v in self.variants], np.uint8).reshape(-1, 4),
            start,
            *rows,
            ip_sum,
            total,
            np.searchsorted(parts[:, 0], np.arange(len(start) + 1)),
            *(parts[:, k].astype(dtype) for k, dtype in enumerate(("i4", "i4", "u1", "u8", "i4"), start=1)),
        )


def _alphabet() -> U8:
    table = np.zeros((len(KINDS), 256), np.uint8)
    for row, characters in enumerate(ALPHABETS.values()):
        values = np.frombuffer(characters, np.uint8) if characters else np.arange(256, dtype=np.uint8)
        table[row] = values[(np.arange(256) * len(values)) >> 8]
    return table


def _flow_of(frame: Frame) -> tuple[int, int, int]:
    """Protocol of the flow that a first frame starts, and the ports that stand for it where it has none."""
    if frame.kind == ARP:
        return ARP_PROTOCOL, 0, 0
    if frame.whole is not None:
        return _flow_of(frame.whole)
    network = LINK + (20 if frame.version == 4 else 40)
    if frame.kind in (ICMP, ICMPV6):
        return frame.kind, frame.header[network], frame.header[network + 1]
    if frame.kind == OTHER:
        return frame.header[LINK + 9] if frame.version == 4 else frame.header[LINK + 6], 0, 0
    return frame.kind, -1, -1
