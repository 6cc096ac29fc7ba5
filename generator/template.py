"""All conversations of a campaign as flat arrays, from which one kernel stamps frames.

A *variant* is one rendering of one conversation: conversation ``c`` has variant ``2 * c`` for IPv4 and ``2 * c + 1``
for IPv6. What the stamp writes is zero in ``blob``, so that the sums over the rest can be taken once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.schemas import ARP as ARP_PROTOCOL
from generator.columns import Rows, rows_of
from generator.completion import complete
from generator.conversation import Conversation
from generator.exchange import ARP, ICMP, ICMPV6, OTHER, Frame
from generator.headers import LINK
from generator.lanes import STEP, alphabets
from generator.runs import runs_of

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Records = Any  # a structured array: its fields are known to numba alone


# What the stamp must know of a frame: one cache line.
FRAME: Final = np.dtype(
    [
        ("start", "i8"),  # where in ``blob``
        ("sum", "u4"),  # one's complement sums of what is not stamped: of the transport with its pseudo header,
        ("ip_sum", "u4"),  # and of the IPv4 header
        ("seq", "u4"),
        ("ack", "u4"),
        ("length", "i4"),
        ("aside", "i4"),  # the frame of which this one carries a piece (quoted, or a fragment's whole), -1 where none
        ("aside_at", "i4"),  # where in that frame its piece begins
        ("part_first", "i4"),  # its random parts
        ("part_end", "i4"),
        ("times_at", "u2"),  # TCP timestamps option, 0 where none
        ("sack_at", "u2"),  # edges of the selective ACK, relative to the other side's initial number; 0 where none
        ("step", "u2"),  # frames that this side has sent before
        ("kind", "u1"),  # generator.conversation's TCP, UDP, ICMP, ICMPV6, ARP, OTHER
        ("version", "u1"),  # 4, 6; 0 for ARP
        ("reverse", "u1"),
        ("quotes", "u1"),  # an ICMP error with a quoted frame
        ("has_ack", "u1"),
        ("ipid", "u1"),
        ("hops_least", "u1"),  # routers on its sender's side
        ("hops_most", "u1"),
    ],
    align=True,
)


class Template(NamedTuple):
    """Arrays by variant (``first`` has one row more), by frame, and by random part of a frame."""

    blob: U8  # the bytes of all frames, and ``lanes.STEP`` more
    masks: U8
    spelling: U8  # lanes.alphabets
    first: I64  # variant -> its first frame; behind those of the last one stand wholes that only fragments show
    protocol: npt.NDArray[np.uint16]  # variant -> protocol number of its flow
    ports: npt.NDArray[np.int32]  # (variant, 2): ports that the protocol itself gives, -1 where the attempt's count
    frames: Records  # FRAME
    parts: Records  # PART
    echo: I32  # how many frames back the echoed timestamp stands, 0 where none
    quotes: U8
    gap_rtt: npt.NDArray[np.float64]
    gap_ns: npt.NDArray[np.float64]
    jitter: npt.NDArray[np.float64]

    @property
    def length(self) -> I32:
        """Bytes of each frame."""
        found: I32 = self.frames["length"]
        return found


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
        frames = _frames(rows)
        _route(frames, np.array([v[3] for v in self.variants], np.uint8).reshape(-1, 4), self.first)
        np.copyto(frames["aside"], visible - 2 - rows.aside, where=rows.aside < -1)
        pieces = np.concatenate(self.parts)
        runs, masks = runs_of(pieces)
        bounds = np.searchsorted(pieces[runs["first"], 0], np.arange(len(frames) + 1))
        frames["part_first"], frames["part_end"] = bounds[:-1], bounds[1:]
        blob = np.frombuffer(self.blob + bytes(STEP), np.uint8)
        complete(blob, frames)
        return Template(
            blob=blob,
            masks=masks,
            spelling=alphabets(),
            first=np.array(self.first, np.int64),
            protocol=np.array([v[0] for v in self.variants], np.uint16),
            ports=np.array([v[1:3] for v in self.variants], np.int32).reshape(-1, 2),
            frames=frames,
            parts=runs["part"],
            **{name: getattr(rows, name)[:visible] for name in ("echo", "quotes", "gap_rtt", "gap_ns", "jitter")},
        )


def _frames(rows: Rows) -> Records:
    """What is known of frames that lie one behind the other, but for the numbers of their parts and routers."""
    frames = np.zeros(len(rows.length), FRAME)
    frames["start"] = np.cumsum(rows.length, dtype=np.int64) - rows.length
    for name in set(rows._fields) & set(FRAME.names or ()):
        frames[name] = getattr(rows, name)
    return frames


def _route(frames: Records, hops: U8, first: Sequence[int]) -> None:
    """Note the routers of each frame's sender; ``hops`` is uint8 ``(variants, 4)``.

    Wholes that only fragments show, which stand last, have those of their fragments.
    """
    visible, wholes = np.repeat(hops, np.diff(first), axis=0), len(frames) - first[-1]
    shown = -2 - frames["aside"][: len(visible)]
    behind = np.zeros((wholes, 4), np.uint8)
    behind[shown[shown >= 0]] = visible[shown >= 0]
    every, at = np.concatenate([visible, behind]), np.arange(len(frames))
    frames["hops_least"] = every[at, 2 * frames["reverse"]]
    frames["hops_most"] = every[at, 2 * frames["reverse"] + 1]


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
