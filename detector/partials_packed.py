"""Partial sums of windows on their way from a shard to the merger: of each entry only the words that are not 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.packet import Int
from detector.partials import ENTRY, WORDS, Gatherer, Room, find, join

_AT: Final = int(ENTRY.fields["at"][1]) // 8  # type: ignore[index]  # behind the key, which is never 0
_BEGAN: Final = int(ENTRY.fields["began"][1]) // 8  # type: ignore[index]  # it has fields
_UNTIL: Final = int(ENTRY.fields["until"][1]) // 8  # type: ignore[index]  # likewise
Array = npt.NDArray[Any]


class Packed(NamedTuple):
    """Entries as they travel: of each the words that are not 0, as a mask of which they are and one after another.

    ``until`` travels as the time after ``began``, which is mostly 0.
    """

    masks: npt.NDArray[np.uint32]  # (n,)
    words: npt.NDArray[np.uint64]


def packed(entries: Array) -> Packed:
    """For the way; ``Sums`` takes them out again."""
    words = np.ascontiguousarray(entries).view(np.uint64).reshape(len(entries), WORDS)
    masks, out = np.zeros(len(entries), np.uint32), np.empty(words.size, np.uint64)
    return Packed(masks, out[: pack_words(words, masks, out)].copy())


class Sums:
    """What shards added up of the ticks of a slice, put together tick by tick."""

    def __init__(self, parts: Sequence[Packed], gatherer: Gatherer) -> None:
        self._masks = np.concatenate([part.masks for part in parts])
        self._words = np.concatenate([part.words for part in parts])
        self._begin = np.cumsum([0, *(len(part.masks) for part in parts[:-1])])
        self._head = self._begin.copy()
        self._cursor = np.cumsum([0, *(len(part.words) for part in parts[:-1])])
        self._gatherer = gatherer

    def tick(self, ends: npt.NDArray[np.int64]) -> Array:
        """The entries of the next tick, which ends at ``ends`` (shards,) of each. Valid until the next call."""
        until = self._begin + ends
        room = self._gatherer.room(int((until - self._head).sum()) + 1)
        merge_packed(self._masks, self._words, self._head, until, self._cursor, room)
        return room.entries[: room.used[0]]


@lean_kernel
def pack_words(words: npt.NDArray[np.uint64], masks: npt.NDArray[np.uint32], out: npt.NDArray[np.uint64]) -> int:
    """Write the masks and the words; returns how many of these there are."""
    at: Int = 0
    for n in range(len(words)):
        mask = np.uint32(0)
        for word in range(WORDS):
            value = words[n, word]
            if word == _UNTIL:
                value -= words[n, _BEGAN]
            if value != np.uint64(0):
                mask |= np.uint32(1) << np.uint32(word)
                out[at] = value
                at += 1
        masks[n] = mask
    return int(at)


@lean_kernel
def merge_packed(
    masks: npt.NDArray[np.uint32],
    words: npt.NDArray[np.uint64],
    head: npt.NDArray[np.int64],
    until: npt.NDArray[np.int64],
    cursor: npt.NDArray[np.int64],
    room: Room,
) -> None:
    """Add up by entity, in the order of their first touch, the entries of each part from ``head`` to ``until``.

    ``cursor`` (parts,) is where their words begin; it and ``head`` are moved on. The room holds one entry more.
    """
    while True:
        part, least = -1, np.int64(0)
        for one in range(len(head)):
            if head[one] < until[one]:
                at = np.int64(words[cursor[one] + 1]) if masks[head[one]] & np.uint32(1 << _AT) else np.int64(0)
                if part < 0 or at < least:
                    part, least = one, at
        if part < 0:
            return
        fresh = room.used[0]
        cursor[part] = unpack_words(masks[head[part]], words, cursor[part], room.words[fresh])
        head[part] += 1
        entry = room.entries[fresh]
        number = find(room, entry["kind"], entry["key"])  # of a new one the room that it stands in already
        if number >= 0:
            join(room.entries[number], entry)


@lean_part
def unpack_words(mask: np.uint32, given: npt.NDArray[np.uint64], at: int, out: npt.NDArray[np.uint64]) -> int:
    """Write all words of an entry, of which the first stands at ``at``; where the next entry's stand."""
    for word in range(WORDS):
        out[word] = np.uint64(0)
        if mask >> np.uint32(word) & np.uint32(1):
            out[word] = given[at]
            at += 1
    out[_UNTIL] += out[_BEGAN]
    return at
