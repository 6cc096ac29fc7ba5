"""Frames that are due put in order of time: a radix sort, stable, as fast for a flood as for an idle hour."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel
from generator.stamp import Due
from generator.wire import Number

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
_BITS: Final = 11  # of a digit
_MASK: Final = np.uint64((1 << _BITS) - 1)
_ALL: Final = np.uint64((1 << 63) - 1)


def join(first: Due, second: Due) -> Due:
    """One behind the other."""
    if not len(first.ts):
        return second
    pairs: Any = zip(first, second, strict=True)
    columns: list[Any] = [np.concatenate(pair) for pair in pairs]
    return Due(*columns)


def split(due: Due, begin_ns: int, end_ns: int) -> tuple[Due, Due]:
    """The frames before ``end_ns`` in order of time, and the others as they stand. None is earlier than ``begin_ns``.

    Frames of the same moment stay in the order in which they stand.
    """
    n = len(due.ts)
    width = n.bit_length()  # of a row's number, which takes the low bits of a word
    bits = (end_ns - begin_ns).bit_length()
    if width + bits > 64:
        order = np.argsort(due.ts, kind="stable")
        cut = int(np.searchsorted(due.ts[order], end_ns, "left"))
        return due.take(order[:cut]), due.take(np.sort(order[cut:]))
    words, later = np.empty(n, np.uint64), np.empty(n, np.uint64)
    before, ascending = _mark(due.ts, begin_ns, end_ns, np.uint64(width), words, later)
    if ascending and before == n:
        return due, due.take(slice(0, 0))
    held = Due.room(n - before)
    _gather(due, later, _ALL, held)
    words = words[:before]
    if not ascending:
        spare = np.empty(before, np.uint64)
        for shift in range(width, width + bits, _BITS):
            _pass(words, spare, np.uint64(shift), np.zeros(1 << _BITS, np.int64))
            words, spare = spare, words
    now = Due.room(before)
    _gather(due, words, np.uint64((1 << width) - 1), now)
    return now, held


@lean_kernel
def _mark(ts: I64, begin: Number, end: Number, width: Number, words: U64, later: U64) -> tuple[int, bool]:
    """Words of (time since ``begin``, row) for the rows before ``end``; the rows of the others.

    Returns how many are before, and whether they are in order as they stand.
    """
    before, ascending, last = 0, True, begin
    for i in range(len(ts)):
        at = ts[i]
        if at >= end:
            later[i - before] = i
            continue
        ascending &= at >= last
        last = at
        words[before] = np.uint64(at - begin) << width | np.uint64(i)
        before += 1
    return before, ascending


@lean_kernel
def _pass(words: U64, out: U64, shift: Number, places: I64) -> None:
    """Move the words to ``out`` by one digit, those of the same digit in the order in which they stand."""
    for i in range(len(words)):
        places[np.int64(words[i] >> shift & _MASK)] += 1
    at = 0
    for digit in range(len(places)):
        count = places[digit]
        places[digit] = at
        at += count
    for i in range(len(words)):
        own = np.int64(words[i] >> shift & _MASK)
        out[places[own]] = words[i]
        places[own] += 1


@lean_kernel
def _gather(due: Due, words: U64, mask: Number, out: Due) -> None:
    """Fetch the rows that the words name, as many as there is room for."""
    for i in range(len(out.ts)):
        row = np.int64(words[i] & mask)
        out.ts[i] = due.ts[row]
        out.attempt[i] = due.attempt[row]
        out.frame[i] = due.frame[row]
        out.echo[i] = due.echo[row]
