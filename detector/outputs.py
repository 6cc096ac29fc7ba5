"""What goes into and comes out of the pipeline beside frames: a model's word, and batches of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.alert import Alert


class Judge(Protocol):
    """What the pipeline needs of a ``detector.model.Model``."""

    @property
    def families(self) -> tuple[str, ...]:
        """Names by code; the first is ``benign``."""

    def classify(self, matrix: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
        """Codes and scores of rows of features."""


@dataclass
class Outputs:
    """What came out since the last call. Batches are FLOWS and VERDICTS, None where there is nothing."""

    flows: pa.RecordBatch | None = None
    verdicts: pa.RecordBatch | None = None
    alerts: list[Alert] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.flows is not None or self.verdicts is not None or bool(self.alerts)


def joined(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch | None:
    """The batches as one; None where there is none."""
    if len(batches) <= 1:
        return batches[0] if batches else None
    table = pa.Table.from_batches(batches, schema).combine_chunks()
    found: pa.RecordBatch = table.to_batches()[0]
    return found
