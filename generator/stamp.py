"""From plan and template to bytes: one kernel says when each frame appears, another writes it (``generator.frame``).

Everything random is a function of (attempt's seed, what it is for), so that any frame can be written at any time,
alone, with the same result: frames that belong to a later chunk are held as 28 bytes, not as frames.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from generator import memory
from generator.frame import ENDS, stands_aside, write, write_aside
from generator.runs import PART
from generator.template import Template
from generator.wire import Number, draw

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U64 = npt.NDArray[np.uint64]
Ends = Any  # a structured array of ``generator.frame.ENDS``

_GAP: Final = np.uint64(1 << 40)  # what a random number is for, as in ``generator.frame``
_AHEAD: Final = 8  # frames
_PART: Final = PART.itemsize
_LINE: Final = 64  # bytes that the processor fetches at once


class Table(NamedTuple):
    """All attempts of a campaign, sorted by ``intended``; a row's number is the attempt's number."""

    intended: I64
    src: U8  # (n, 16)
    dst: U8  # (n, 16)
    src_port: U16
    dst_port: U16
    src_mac: U64
    dst_mac: U64
    variant: I32
    rtt_ns: I64
    seed: U64
    family: npt.NDArray[np.int16]
    vlan: U16  # the 802.1Q tag (priority and VLAN) with which its frames are seen, 0 where untagged

    def take(self, rows: npt.NDArray[Any]) -> Table:
        """Some rows."""
        columns: list[Any] = [column[rows] for column in self]
        return Table(*columns)


class Due(NamedTuple):
    """Frames with their time, not yet written."""

    ts: I64
    attempt: I64
    frame: I32  # row of the template
    echo: I64  # when the frame whose TCP timestamp it echoes appeared, 0 where none

    @classmethod
    def room(cls, n: int) -> Due:
        """Room for ``n`` frames."""
        return cls(np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int32), np.empty(n, np.int64))

    def take(self, rows: npt.NDArray[Any] | slice) -> Due:
        """Some rows."""
        return Due(self.ts[rows], self.attempt[rows], self.frame[rows], self.echo[rows])


@lean_kernel
def schedule(template: Template, table: Table, low: Number, high: Number, end_ns: Number, due: Due, flows: I64) -> int:
    """When each frame of the attempts ``low`` to ``high`` appears; those from ``end_ns`` on are left out.

    Fills ``due`` (room for all their frames) and returns how many. ``flows`` is int64 ``(high - low, 2, 3)``, zeros
    before: first, last and count of frames of the attempt's own flow and of the ICMP errors about it.
    """
    n = 0
    for attempt in range(low, high):
        variant = np.int64(table.variant[attempt])
        first = template.first[variant]
        seed = table.seed[attempt]
        intended = table.intended[attempt]
        rtt = np.float64(table.rtt_ns[attempt])
        at = np.float64(0)
        begun = n
        for frame in range(first, template.first[variant + 1]):
            if frame > first:
                bits = draw(seed, _GAP + np.uint64(frame - first)) >> np.uint64(11)
                swing = np.float64(np.int64(bits)) * (2.0 / 9007199254740992.0) - 1.0
                at += template.gap_rtt[frame] * rtt
                at += template.gap_ns[frame] * (1.0 + template.jitter[frame] * swing)
            ts = intended + np.int64(at)
            if ts >= end_ns:
                break
            due.ts[n] = ts
            due.attempt[n] = attempt
            due.frame[n] = frame
            back = np.int64(template.echo[frame])
            due.echo[n] = due.ts[n - back] if back > 0 and n - back >= begun else 0
            _note(flows, attempt - low, np.int64(template.quotes[frame]), ts)
            n += 1
    return n


@lean_part
def _note(flows: I64, row: Number, lane: Number, ts: Number) -> None:
    """One more frame of that attempt in that flow."""
    if flows[row, lane, 2] == 0:
        flows[row, lane, 0] = ts
    flows[row, lane, 1] = ts
    flows[row, lane, 2] += 1


@lean_kernel
def measure(template: Template, table: Table, due: Due, offsets: I32) -> Number:
    """Fill ``offsets`` (int32, frames + 1) with where each frame will stand; returns the bytes of all, exact."""
    total = np.int64(0)
    for i in range(len(due.ts)):
        offsets[i] = np.int32(total)
        total += np.int64(template.frames[due.frame[i]].length)
        total += 4 if table.vlan[due.attempt[i]] else 0
    offsets[len(due.ts)] = np.int32(total)
    return total


def ends(table: Table) -> Ends:
    """What the stamp must know of each attempt, as one row of ``generator.frame.ENDS``."""
    made = np.empty(len(table.intended), ENDS)
    _gather(table, made)
    return made


@lean_kernel
def _gather(table: Table, made: Ends) -> None:
    for i in range(len(made)):
        one = made[i]
        one.src_high, one.src_low = memory.get64(table.src, 16 * i), memory.get64(table.src, 16 * i + 8)
        one.dst_high, one.dst_low = memory.get64(table.dst, 16 * i), memory.get64(table.dst, 16 * i + 8)
        one.src_mac, one.dst_mac = table.src_mac[i], table.dst_mac[i]
        one.seed = table.seed[i]
        one.src_port, one.dst_port, one.vlan = table.src_port[i], table.dst_port[i], table.vlan[i]


def scratch(template: Template) -> U8:
    """Room for ``stamp`` to write a frame aside of which another one carries a piece."""
    return np.empty(int(template.length.max(initial=0)) + 320, np.uint8)


@lean_part
def stamp(  # noqa: PLR0913, PLR0917 - arrays that a kernel cannot find by itself
    template: Template,
    table: Table,
    known: Ends,
    due: Due,
    offsets: I32,
    low: Number,
    high: Number,
    aside: U8,
    out: U8,
) -> None:
    """Write the frames ``low`` to ``high`` of ``due``: frame ``i`` to ``out[offsets[i]:offsets[i + 1]]``, no further.

    ``known`` is ``ends(table)``, ``aside`` a ``scratch``. Part of whichever kernel calls it.
    """
    limit = np.int64(offsets[high])
    for i in range(low, high):
        _expect(template, known, due, i, high - 1)
        attempt, row = np.uint64(due.attempt[i]), np.uint64(due.frame[i])
        one = known[attempt]
        frame, vlan, at = template.frames[row], np.uint64(one.vlan), np.int64(offsets[i])
        if stands_aside(frame):
            write_aside(template, one, row, table.intended[attempt], aside)
        write(template, one, row, due.ts[i], due.echo[i], vlan, out, at, aside, np.int64(frame.length), limit)


@lean_part
def _expect(template: Template, known: Ends, due: Due, i: Number, last: Number) -> None:
    """Ask for what frames ahead will need: neighbours in time stand far apart in the table and in the template."""
    far, near = np.uint64(min(i + 2 * _AHEAD, last)), np.uint64(min(i + _AHEAD, last))
    memory.prefetch(known, due.attempt[far] * _LINE)
    memory.prefetch(template.frames, np.int64(due.frame[far]) * _LINE)
    frame = template.frames[np.uint64(due.frame[near])]
    memory.prefetch(template.parts, np.int64(frame.part_first) * _PART)
    memory.prefetch(template.parts, np.int64(frame.part_first) * _PART + _LINE)
    memory.prefetch(template.blob, frame.start)
    memory.prefetch(template.blob, frame.start + _LINE)
