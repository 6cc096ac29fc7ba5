"""Every look that the live detector would take at some traffic, kept with its flow: what a model is trained on.

It is the pipeline itself, with a model that says ``benign`` to everything and an observer that takes notes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.families import BENIGN
from contract.schemas import FLOWS
from detector.classifiers.base import Matrix
from detector.config import Config
from detector.features import WIDTH
from detector.meter import Slots
from detector.observer import Observer
from detector.pipeline import Detector

CAPACITY = 1 << 17


@dataclass(frozen=True)
class Looks:
    """All looks at one input: ``matrix`` (n, WIDTH), whose flow (n,), when (n,) ns; and its flows (FLOWS)."""

    matrix: Matrix
    flow_id: npt.NDArray[np.uint64]
    when: npt.NDArray[np.int64]
    flows: pa.Table


class _Nothing:
    """A model that never says attack."""

    families = (BENIGN,)

    def classify(self, matrix: Matrix) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
        return np.zeros(len(matrix), np.int16), np.ones(len(matrix), np.float32)


class _Noting(Observer):
    """An observer that keeps what it saw."""

    def begin(self) -> None:
        self.matrices: list[Matrix] = [np.zeros((0, WIDTH), np.float32)]
        self.ids: list[npt.NDArray[np.uint64]] = [np.zeros(0, np.uint64)]
        self.whens: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64)]

    def look(self, dirty: Slots, now_ns: int, *, last: bool = False) -> tuple[Slots, Matrix]:
        slots, matrix = super().look(dirty, now_ns, last=last)
        self.matrices.append(matrix)
        self.ids.append(self.table.flows["flow_id"][slots])
        self.whens.append(np.full(len(slots), now_ns, np.int64))
        return slots, matrix


def looks(batches: Iterable[pa.RecordBatch], config: Config | None = None) -> Looks:
    """Run FRAMES batches through the pipeline and keep every look. Same input, same looks."""
    detector = Detector(config or Config(capacity=CAPACITY), _Nothing())
    noting = _Noting(detector.meter.table, detector.config.seed)
    noting.begin()
    detector.observer = noting
    flows: list[pa.RecordBatch] = []
    for batch in batches:
        detector.feed(batch)
        flows += _flows(detector)
    detector.finish()
    flows += _flows(detector)
    return Looks(
        np.concatenate(noting.matrices),
        np.concatenate(noting.ids),
        np.concatenate(noting.whens),
        pa.Table.from_batches(flows, FLOWS),
    )


def _flows(detector: Detector) -> list[pa.RecordBatch]:
    found = detector.outputs().flows
    return [] if found is None else [found]
