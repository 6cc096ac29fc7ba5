"""Random parts of frames as the stamp writes them: neighbours out of one value in one go, under a mask."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from generator.lanes import LANE, STEP

U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]

PART: Final = np.dtype(
    [
        ("key", "u8"),
        ("at", "i4"),  # in the frame
        ("length", "i4"),
        ("skip", "i4"),  # where in its value it starts
        ("kind", "i4"),
        ("mask", "i4"),  # where in the masks it says which bytes are random, -1 where all are
        ("brief", "i4"),  # where 32 bytes of the masks say so, where one step can write it; else -1
    ],
    align=True,
)


def runs_of(pieces: I64) -> tuple[dict[str, Any], U8]:
    """Runs of pieces, and the masks of those that have text between them, with ``noise.STEP`` bytes more.

    ``pieces`` is int64 ``(n, 6)``, in order: the frame's row, place in it, length, kind, key, place in the value. Of
    the runs ``part`` is ``PART`` and ``first`` the row of its first piece.
    """
    row, at, length, kind, key, skip = pieces.T
    same = np.zeros(len(pieces), np.bool_)
    same[1:] = np.diff(row) == 0
    for column in (kind, key, at - skip):
        same[1:] &= np.diff(column) == 0
    first = np.flatnonzero(~same)
    ends = np.append(first, len(pieces))[1:]
    parts = np.zeros(len(first), PART)
    for name, column in (("key", key), ("at", at), ("skip", skip), ("kind", kind)):
        parts[name] = column[first]
    parts["length"] = (at + length)[ends - 1] - at[first]
    parts["mask"] = -1
    drawn = np.add.reduceat(length, first) if len(first) else length
    masks = _Masks()
    for run in np.flatnonzero(drawn < parts["length"]):
        mask = bytearray(int(parts["length"][run]))
        for piece in range(first[run], ends[run]):
            low = int(at[piece] - at[first[run]])
            mask[low : low + length[piece]] = b"\xff" * int(length[piece])
        parts["mask"][run] = masks.place(bytes(mask))
    brief = (parts["kind"] == 0) & (parts["length"] <= STEP) & (parts["skip"] % LANE == 0)
    parts["brief"] = np.where(brief, parts["mask"], -1)
    whole = brief & (parts["mask"] < 0)
    for size in np.unique(parts["length"][whole]):
        parts["brief"][whole & (parts["length"] == size)] = masks.place(b"\xff" * int(size))
    return {"part": parts, "first": first}, np.frombuffer(masks.data + bytes(STEP), np.uint8)


class _Masks:
    """Masks one behind the other, each once, with so many zeros between them that a step sees one only."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._known: dict[bytes, int] = {}

    def place(self, mask: bytes) -> int:
        """Where it stands."""
        found = self._known.setdefault(mask, len(self.data))
        if found == len(self.data):
            self.data += mask + bytes(max(STEP - len(mask), 0))
        return found
