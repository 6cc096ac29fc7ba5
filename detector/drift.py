"""Drift: does the network that is watched look like any of those that the model was trained on?

A model's word is worth what its training resembles. Ordinary looks are sampled into a ring of fixed size; their
distributions are held against those of every training source (``detector.drift_reference``). Where even the nearest
source is farther away than networks in training were from each other, the report says so, and in which three features.
So it does where the model is less sure of what it calls ordinary than it was in training (``detector.drift_scores``).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from detector.classifiers.base import Matrix
from detector.drift_reference import LEAST_ROWS, Reference
from detector.drift_scores import ScoreReference
from detector.drift_words import FEW, UNLIKE, UNSURE, USUAL, direction, figure, in_words

KEPT: Final = 8192  # looks
_A_TICK: Final = 64  # looks taken of one tick at most
_SHOWN: Final = 3
NO_REFERENCE: Final = "this model has nothing to compare with; `tenfold train` writes it into its card"
Json = dict[str, Any]


class Drift:
    """Follows one detector. ``card`` is that of its model; a damaged reference in it counts as none."""

    def __init__(self, card: Json) -> None:
        self.fault = ""
        try:
            self._reference, self._scores = Reference.from_card(card), ScoreReference.from_card(card)
        except InputError as error:
            self._reference, self._scores, self.fault = None, None, str(error)
        width = len(self._reference.features) if self._reference else 0
        self._columns = self._reference.columns if self._reference else np.zeros(0, np.int64)
        self._rows: Matrix = np.zeros((KEPT if width else 0, width), np.float32)
        self._doubts = np.zeros(len(self._rows), np.float32)
        self._seen = 0  # looks sampled
        self._looks = 0
        self._attacks = 0

    @property
    def sources(self) -> int:
        """How many networks it compares with; 0 where the model has no reference."""
        return len(self._reference.sources) if self._reference else 0

    def take(self, matrix: Matrix, codes: npt.NDArray[np.int16], scores: npt.NDArray[np.float32]) -> None:
        """The looks ``(n, WIDTH)`` of a tick, their codes, 0 for ordinary, and how sure the model is of those."""
        self._looks += len(codes)
        ordinary = np.flatnonzero(codes == 0)
        self._attacks += len(codes) - len(ordinary)
        if not len(self._rows) or not len(ordinary):
            return
        if len(ordinary) > _A_TICK:
            ordinary = ordinary[np.arange(_A_TICK) * len(ordinary) // _A_TICK]
        places = (self._seen + np.arange(len(ordinary))) % KEPT
        self._rows[places] = matrix[ordinary[:, None], self._columns]
        self._doubts[places] = 1 - scores[ordinary]
        self._seen += len(ordinary)

    def report(self) -> Json:
        """How far the traffic of late lies from what the model was trained on.

        ``state`` is ``none`` (no reference), ``few`` (too few looks to say), ``usual`` or ``unlike``. ``distance`` is
        to the ``nearest`` source, 0 to 1; ``features`` are those that differ most from every source. ``scores`` tells
        how sure the model is of ordinary looks (``ScoreReference.report``), null where the card does not say. ``text``
        is for people; ``differs`` says in which respects, of an unlike network.
        """
        found: Json = {
            "state": "none",
            "looks": min(self._seen, KEPT),
            "called_attack": round(self._attacks / self._looks, 6) if self._looks else None,
            "distance": None,
            "threshold": None,
            "nearest": None,
            "features": [],
            "scores": None,
            "differs": [],
            "text": self.fault or NO_REFERENCE,
        }
        reference = self._reference
        if reference is None:
            return found
        found["threshold"] = round(reference.threshold, 4)
        rows = self._rows[: min(self._seen, KEPT)]
        if len(rows) < LEAST_ROWS:
            return found | {
                "state": "few",
                "text": f"{FEW} ({len(rows)} of {LEAST_ROWS} looks)",
            }
        gaps = reference.distances(rows)
        whole = gaps.mean(axis=1)
        at = int(whole.argmin())
        unlike = bool(whole[at] > reference.threshold)
        features = self._features(reference, rows, gaps)
        scores = self._scores.report(self._doubts[: len(rows)]) if self._scores else None
        doubtful = bool(scores and scores["unlike"])
        return found | {
            "scores": scores,
            "state": "unlike" if unlike or doubtful else "usual",
            "distance": round(float(whole[at]), 4),
            "nearest": reference.sources[at],
            "features": features,
            "differs": [feature["text"] for feature in features if unlike]
            + ([scores["text"]] if scores and doubtful else []),
            "text": UNLIKE if unlike else UNSURE if doubtful else USUAL,
        }

    @staticmethod
    def _features(reference: Reference, rows: Matrix, gaps: npt.NDArray[np.float64]) -> list[Json]:
        """Those of which even the nearest source is far away."""
        least = gaps.min(axis=0)
        means = rows.mean(axis=0, dtype=np.float64)
        found = []
        for at in np.argsort(-least, kind="stable")[:_SHOWN]:
            low, high = np.quantile(reference.means[:, at], (0.05, 0.95))
            name, here = reference.features[at], float(means[at])
            way = direction(here, low, high)
            usual = f"{figure(name, low)} to {figure(name, high)}"
            found.append(
                {
                    "name": name,
                    "distance": round(float(least[at]), 4),
                    "here": round(here, 3),
                    "training": [round(float(low), 3), round(float(high), 3)],
                    "text": f"{in_words(name)}: {way}, {figure(name, here)} on average; {usual} where it learned",
                }
            )
        return found
