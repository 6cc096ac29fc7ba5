"""All conversations of a campaign as flat arrays, from which one kernel stamps frames.

A *variant* is one rendering of one conversation: conversation ``c`` has variant ``2 * c`` for IPv4 and ``2 * c + 1``
for IPv6. What the stamp writes is zero in ``blob``, so that the sums over the rest can be taken once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.schemas import ARP as ARP_PROTOCOL
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


def compile_conversations(conversations: Sequence[Conversation]) -> Template:
    """Lay out the conversations, each in both IP versions, as one template."""
    columns = Columns()
    for conversation in conversations:
        columns.add(conversation)
    return columns.template()


_TYPES = "i8 i4 u1 u1 u1 u1 i4 i4 u4 u4 u1 i4 i4 i4 u1 u2 f8 f8 f8"  # of Template, from ``start`` to ``jitter``


class Columns:
    """Collects rows of frames and parts: a conversation may be forgotten once it is added."""

    def __init__(self) -> None:
        self.blob = bytearray()
        self.first = [0]
        self.variants: list[tuple[int, int, int, tuple[int, ...]]] = []
        self.rows: list[tuple[Any, ...]] = []
        self.shapes: list[tuple[int, ...]] = []  # what ``complete`` asks for
        self.part_first = [0]
        self.parts: list[tuple[int, int, int, int, int]] = []
        self.wholes: dict[int, tuple[Frame, int]] = {}  # by identity: what fragments show, and its own row there

    def __len__(self) -> int:
        """How many conversations there are."""
        return len(self.variants) // 2

    def add(self, conversation: Conversation) -> None:
        """Lay out one conversation in both IP versions."""
        for version in (4, 6):
            self._variant(conversation, version)

    def _variant(self, conversation: Conversation, version: int) -> None:
        frames = conversation.frames(version)
        sent = [0, 0]
        wholes: dict[int, int] = {}
        stamped = [-1, -1]  # the last frame of each side that carries a timestamp
        for number, frame in enumerate(frames):
            side = 1 if frame.reverse else 0
            echoed = stamped[1 - side]
            # The fragments of one datagram count as one: they share its identification.
            before = sent[side] if frame.whole is None else wholes.setdefault(id(frame.whole), sent[side])
            self._frame(frame, number, before, number - echoed if frame.times_at and echoed >= 0 else 0)
            sent[side] += before == sent[side]
            if frame.times_at:
                stamped[side] = number
        self.first.append(len(self.rows))
        self.variants.append((*_flow_of(frames[0]), conversation.hops) if frames else (0, -1, -1, conversation.hops))

    def _frame(self, frame: Frame, number: int, sent: int, echo: int) -> None:
        # The first frame leaves when it is intended, whatever gap the builder noted.
        length = len(frame.header) + len(frame.content.data)
        self.shapes.append((len(self.blob), length, frame.kind, frame.version, frame.times_at))
        self.rows.append(
            (
                len(self.blob),
                length,
                frame.kind,
                0 if frame.kind == ARP else frame.version,
                frame.reverse,
                frame.quotes,
                self._aside(frame),
                LINK if frame.quotes else frame.whole_at,
                frame.seq & 0xFFFFFFFF,
                max(frame.ack, 0) & 0xFFFFFFFF,
                frame.ack >= 0,
                frame.times_at,
                echo,
                frame.sack_at,
                frame.ipid,
                sent,
                frame.gap_rtt if number else 0.0,
                frame.gap_ns if number else 0,
                frame.jitter,
            )
        )
        self.blob += frame.header + frame.content.data
        for part in frame.content.parts:
            self.parts.append((len(frame.header) + part.at, part.length, part.kind, part.key, part.skip))
        self.part_first.append(len(self.parts))

    def _aside(self, frame: Frame) -> int:
        """The row of the frame of which this one carries a piece; -2 and below stand for ``wholes``."""
        if frame.quotes:
            if self.rows[self.first[-1]][6] != -1:
                raise ValueError("an ICMP error cannot quote a fragment")
            return self.first[-1]
        if frame.whole is None:
            return -1
        _, number = self.wholes.setdefault(id(frame.whole), (frame.whole, len(self.wholes)))
        return -2 - number

    def template(self) -> Template:
        """All of it as arrays."""
        visible = len(self.rows)
        for frame, _ in self.wholes.values():
            self._frame(frame, 0, 0, 0)
        rows = list(zip(*self.rows, strict=True)) or [()] * len(_TYPES.split())
        parts = list(zip(*self.parts, strict=True)) or [()] * 5
        types = _TYPES.split()
        frame_columns = [np.array(column, dtype) for column, dtype in zip(rows, types, strict=True)]
        part_columns = [np.array(c, d) for c, d in zip(parts, ("i4", "i4", "u1", "u8", "i4"), strict=True)]
        blob = np.frombuffer(self.blob, np.uint8) if self.blob else np.zeros(0, np.uint8)
        ip_sum, total = np.zeros(len(self.rows), np.uint64), np.zeros(len(self.rows), np.uint64)
        complete(blob, np.array(self.shapes, np.int64).reshape(-1, 5), ip_sum, total)
        columns: list[Any] = [
            blob,
            _alphabet(),
            np.array(self.first, np.int64),
            np.array([v[0] for v in self.variants], np.uint16),
            np.array([v[1:3] for v in self.variants], np.int32).reshape(-1, 2),
            np.array([v[3] for v in self.variants], np.uint8).reshape(-1, 4),
            *frame_columns,
            ip_sum,
            total,
            np.array(self.part_first, np.int64),
            *part_columns,
        ]
        made = Template(*columns)
        np.copyto(made.aside, visible - 2 - made.aside, where=made.aside < -1)
        return made


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
