"""Names and frames for the tests of the lab."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from generator.lab.namespaces import Lab

LAB_FRAME = bytes.fromhex("020000000002020000000001080045000030000000004011000000000000") + bytes(34)


def own_lab(word: str) -> Lab:
    """Names that no other lab of this machine has."""
    mark = f"{os.getpid()}-{word}"
    return Lab(f"tft-{mark}-send", f"tft-{mark}-listen", "tft-send", "tft-listen")


def frames(n: int, seed: int = 1, longest: int = 200) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Offsets and bytes of ``n`` frames within 198.18.0.0/15, of 60 bytes to ``longest``, each with its number."""
    draw = np.random.default_rng(seed)
    lengths = draw.integers(60, longest + 1, n)
    offsets = np.zeros(n + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    data = draw.integers(0, 256, int(offsets[-1]), np.uint8)
    head = np.frombuffer(LAB_FRAME[:26] + bytes([198, 18, 1, 2, 198, 19, 3, 4]), np.uint8)
    for place, value in enumerate(head):
        data[offsets[:-1] + place] = value
    for place in range(4):
        data[offsets[:-1] + 42 + place] = np.arange(n) >> (8 * place) & 0xFF
    return offsets, data
