"""Frames of template conversations as columns of numbers: what ``generator.template`` lays one behind the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from generator.exchange import ARP, Frame
from generator.headers import LINK

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
# Of a frame's fields from ``kind`` to ``sack_at``.
_TYPES: Final = ("u1", "u1", "u1", "f8", "f8", "f8", "i8", "i8", "i4", "u1", "u1", "i4")


class Rows(NamedTuple):
    """Columns of some frames, named and typed as in ``template.Template``, in its order."""

    length: I32
    kind: U8
    version: U8
    reverse: U8
    quotes: U8
    aside: I32
    aside_at: I32
    seq: npt.NDArray[np.uint32]
    ack: npt.NDArray[np.uint32]
    has_ack: U8
    times_at: I32
    echo: I32
    sack_at: I32
    ipid: U8
    step: npt.NDArray[np.uint16]
    gap_rtt: npt.NDArray[np.float64]
    gap_ns: npt.NDArray[np.float64]
    jitter: npt.NDArray[np.float64]


def rows_of(frames: Sequence[Frame], first: I64, base: int, wholes: dict[int, tuple[Frame, int]]) -> Rows:
    """Columns of the frames of variants that begin at the rows ``first`` (one more: the number of frames).

    ``base`` is the row at which the first frame will stand. ``wholes`` gathers by identity what fragments show, each
    with its number; ``aside`` says -2 less that number. Raises ``ValueError`` for an ICMP error that quotes a fragment.
    """
    fields = zip(*(frame[2:14] for frame in frames), strict=True) if frames else [()] * len(_TYPES)
    columns = [np.array(column, dtype) for column, dtype in zip(fields, _TYPES, strict=True)]
    kind, version, reverse, gap_rtt, gap_ns, jitter, seq, ack, times_at, ipid, quotes, sack_at = columns
    begins = np.repeat(first[:-1], np.diff(first))
    follows = np.arange(len(frames)) > begins  # the first frame leaves when it is intended, whatever gap was noted
    sizes = [len(frame.header) + len(frame.content.data) for frame in frames]
    aside, again = _asides(frames, quotes, begins, base, wholes)
    return Rows(
        np.array(sizes, np.int32),
        kind,
        np.where(kind == ARP, 0, version).astype(np.uint8),
        reverse,
        quotes,
        aside,
        np.array([LINK if frame.quotes else frame.whole_at for frame in frames], np.int32),
        (seq & 0xFFFFFFFF).astype(np.uint32),
        (np.maximum(ack, 0) & 0xFFFFFFFF).astype(np.uint32),
        (ack >= 0).astype(np.uint8),
        times_at,
        _echoes(reverse, times_at, begins),
        sack_at,
        ipid,
        _sent_before(reverse, begins, again).astype(np.uint16),
        np.where(follows, gap_rtt, 0.0),
        np.where(follows, gap_ns, 0.0),
        jitter,
    )


def _asides(
    frames: Sequence[Frame], quotes: U8, begins: I64, base: int, wholes: dict[int, tuple[Frame, int]]
) -> tuple[I32, dict[int, int]]:
    """The row of the frame of which each carries a piece, and which fragments are not the first of their datagram.

    Those are given with the first one of it.
    """
    aside = np.full(len(frames), -1, np.int32)
    first: dict[tuple[int, int], int] = {}
    again: dict[int, int] = {}
    for at, frame in enumerate(frames):
        if frame.whole is not None:
            _, number = wholes.setdefault(id(frame.whole), (frame.whole, len(wholes)))
            aside[at] = -2 - number
            known = first.setdefault((int(begins[at]), id(frame.whole)), at)
            if known != at:
                again[at] = known
    quoted = begins[quotes > 0]
    if (aside[quoted] != -1).any():
        raise ValueError("an ICMP error cannot quote a fragment")
    aside[quotes > 0] = base + quoted
    return aside, again


def _sent_before(reverse: U8, begins: I64, again: dict[int, int]) -> I64:
    """How many frames the same side of the same variant sent before each frame.

    The fragments of one datagram count as one: they share its identification.
    """
    counts = np.ones(len(reverse), np.int64)
    counts[list(again)] = 0
    step = np.zeros(len(reverse), np.int64)
    for side in (0, 1):
        own = np.where(reverse == side, counts, 0)
        before = np.cumsum(own) - own
        step = np.where(reverse == side, before - before[begins], step)
    step[list(again)] = step[list(again.values())]
    return step


def _echoes(reverse: U8, times_at: I32, begins: I64) -> I32:
    """How many frames back the other side last sent a timestamp, where a frame has one itself and there was one."""
    at = np.arange(len(reverse))
    echo = np.zeros(len(reverse), np.int64)
    for side in (0, 1):
        last = np.maximum.accumulate(np.where((reverse == side) & (times_at > 0), at, -1))
        heard = (reverse != side) & (times_at > 0) & (last >= begins)
        echo = np.where(heard, at - last, echo)
    return echo.astype(np.int32)
