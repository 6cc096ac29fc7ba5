"""What every classifier offers, and how one is found: each module of this folder is one kind, named after its file.

A kind has ``fit(matrix, codes, weights, classes, seed) -> Classifier`` and ``from_arrays(arrays) -> Classifier``.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from contract.errors import InputError

Matrix = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[Any]]


class Classifier(Protocol):
    """A fitted classifier. Holds nothing but arrays, so that a model file needs no pickle."""

    def probabilities(self, matrix: Matrix, least: float = 0.0) -> Matrix:
        """``(n, F)`` features to ``(n, C)`` probabilities, rows summing to 1.

        Of a row in which class 0 leaves less than ``least`` to all others, a classifier may give class 0 alone and 0
        for the others, where that saves work. Class 0 is the same to the bit either way.
        """

    def arrays(self) -> Arrays:
        """All of it as plain arrays, for the model file."""

    def importances(self, features: int) -> npt.NDArray[np.float64]:
        """Share of the decisions that each of ``features`` columns carries: ``(F,)``, summing to 1."""


class Kind(Protocol):
    """A module of this folder."""

    def fit(self, matrix: Matrix, codes: Codes, weights: Weights, classes: int, seed: int) -> Classifier:
        """Fit on ``codes`` 0 to ``classes - 1``. Same input and seed, same classifier."""

    def from_arrays(self, arrays: Arrays) -> Classifier:
        """The inverse of ``Classifier.arrays``; raises ``InputError`` where the arrays do not fit together."""


def kinds() -> list[str]:
    """The kinds there are, by a scan of this folder."""
    own = Path(__file__)
    return sorted(path.stem for path in own.parent.glob("[a-z]*.py") if path.stem != own.stem)


def kind(name: str) -> Kind:
    """The module of a kind. Raises ``InputError`` where there is none."""
    if name not in kinds():
        raise InputError(f"no classifier is called {name!r}; there are: {', '.join(kinds())}")
    return cast("Kind", import_module(f"{__package__}.{name}"))
