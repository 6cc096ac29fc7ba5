"""Frames lost before the detector, on purpose: how much can a sensor lose before an attack is missed?

Which frames are lost depends on the seed and on their number alone, not on how they were batched. The ledger counts
them as dropped by the capture, reason ``injected``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from contract.ledger import Stage
from detector.capture.source import Source

INJECTED: Final = "injected"
_SPAN: Final = 4096  # frames whose lots are drawn together


class LossySource:
    """Another source, of which each frame is lost with the same probability, independently of the others.

    Args:
        inner: where the frames come from
        percent: how many of a hundred are lost, 0 to 99
        seed: draws the lots
    """

    def __init__(self, inner: Source, percent: float, seed: int) -> None:
        self.ledger_stage: Stage = inner.ledger_stage
        self.notes = inner.notes
        self._inner, self._share, self._seed = inner, percent / 100, seed

    def batches(self) -> Iterator[pa.RecordBatch]:
        """What is left of each batch. Raises what the inner source raises."""
        number = 0
        for batch in self._inner.batches():
            kept = self._kept(number, batch.num_rows)
            number += batch.num_rows
            lost = batch.num_rows - int(kept.sum())
            self.ledger_stage.delivered -= lost
            self.ledger_stage.drop(INJECTED, lost)
            yield batch.filter(pa.array(kept)) if lost else batch

    def _kept(self, first: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which of the frames ``first`` to ``first + count`` are kept: bool ``(count,)``."""
        spans = range(first // _SPAN, (first + count - 1) // _SPAN + 1) if count else range(0)
        lots = [np.random.default_rng((self._seed, span)).random(_SPAN) for span in spans]
        drawn = np.concatenate(lots)[first % _SPAN :][:count] if lots else np.zeros(0)
        kept: np.ndarray[tuple[int], np.dtype[np.bool_]] = drawn >= self._share
        return kept
