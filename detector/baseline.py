"""The trivial baseline that stands beside every score: one feature, one threshold, attack or not.

Public data sets are often so easy that this alone looks excellent (D'hooge, 2023); a model must beat it on sources that
neither of them saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.families import BENIGN
from detector.features import NAMES
from detector.training import Source, weights

_STEPS: Final = 24


@dataclass(frozen=True)
class Rule:
    """Says attack where the feature lies above (``sign`` 1) or below (``sign`` -1) the threshold."""

    feature: int
    threshold: float
    sign: int

    @property
    def text(self) -> str:
        """The rule in words."""
        return f"{NAMES[self.feature]} {'>' if self.sign > 0 else '<'} {self.threshold:.3g}"

    def says(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Attack or not, for each row."""
        found: npt.NDArray[np.bool_] = self.sign * matrix[:, self.feature] > self.sign * self.threshold
        return found


def best_rule(sources: Sequence[Source]) -> Rule:
    """The feature and threshold with the best balance of recall and false alarms, sources weighing alike."""
    codes = [(source.families != BENIGN).astype(np.int64) for source in sources]
    matrix = np.concatenate([source.matrix for source in sources])
    attack = np.concatenate(codes) == 1
    weight = weights(sources, codes)
    best, found = -1.0, Rule(0, np.inf, 1)  # where there is nothing to tell apart it says attack to nobody
    if attack.all() or not attack.any():
        return found
    for feature in range(matrix.shape[1]):
        column = matrix[:, feature]
        cuts = np.unique(np.quantile(column, np.linspace(0, 1, _STEPS)))
        bins = np.searchsorted(cuts, column)  # a value above cut i lies in a bin beyond i
        hits = np.bincount(bins[attack], weight[attack], len(cuts) + 1)
        wrong = np.bincount(bins[~attack], weight[~attack], len(cuts) + 1)
        gain = (1 - np.cumsum(hits) / hits.sum()) - (1 - np.cumsum(wrong) / wrong.sum())
        for sign, at in ((1, int(gain.argmax())), (-1, int(gain.argmin()))):
            if sign * gain[at] > best and at < len(cuts):
                best, found = float(sign * gain[at]), Rule(feature, float(cuts[at]), sign)
    return found
