"""Partial sums of windows on their way from a shard to the merger: of each entry only the words that are not 0."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel
from detector.packet import Int
from detector.partials import ENTRY, WORDS

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
    """For the way; ``unpacked`` is the reverse."""
    words = np.ascontiguousarray(entries).view(np.uint64).reshape(len(entries), WORDS)
    masks, out = np.zeros(len(entries), np.uint32), np.empty(words.size, np.uint64)
    return Packed(masks, out[: pack_words(words, masks, out)].copy())


def unpacked(packed: Packed) -> Array:
    """Entries (n,) of ENTRY."""
    entries = np.zeros(len(packed.masks), ENTRY)
    unpack_words(packed.masks, packed.words, entries.view(np.uint64).reshape(len(entries), WORDS))
    return entries


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
def unpack_words(masks: npt.NDArray[np.uint32], given: npt.NDArray[np.uint64], out: npt.NDArray[np.uint64]) -> None:
    """The reverse, into words that are 0."""
    at: Int = 0
    for n in range(len(masks)):
        for word in range(WORDS):
            if masks[n] >> np.uint32(word) & np.uint32(1):
                out[n, word] = given[at]
                at += 1
        out[n, _UNTIL] += out[n, _BEGAN]
