"""A forest of randomised trees (scikit-learn grows it), packed into flat arrays and walked by a numba kernel.

The walker gives scikit-learn's probabilities: a feature is float32 there too, so a float64 threshold may be
rounded down to float32 without changing any comparison. Leaves with equal probabilities share one row.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from detector import tree_walk
from detector.classifiers.base import Arrays, Codes, Matrix, Weights

TREES: Final = 48
MAX_DEPTH: Final = 18
MAX_LEAVES: Final = 700


class Packed(NamedTuple):
    """Nodes of all trees one after another. A leaf has ``feature`` -1 and its row of ``leaves`` in ``left``."""

    roots: npt.NDArray[np.int32]  # (T,)
    feature: npt.NDArray[np.int16]  # (N,)
    threshold: npt.NDArray[np.float32]  # (N,) go left where the value is at most this
    left: npt.NDArray[np.int32]  # (N,)
    right: npt.NDArray[np.int32]  # (N,)
    leaves: npt.NDArray[np.float32]  # (L, C)


class Forest:
    """A packed forest. Raises ``InputError`` where walking it would leave its arrays."""

    def __init__(self, packed: Packed) -> None:
        self._packed = packed
        self._trees = tree_walk.grow(*packed)
        self._width = tree_walk.width(self._trees)

    def probabilities(self, matrix: Matrix, least: float = 0.0) -> Matrix:
        """``(n, F)`` float32 features to ``(n, C)`` float32 probabilities; ``least`` as in ``base.Classifier``."""
        if matrix.shape[1] < self._width:
            raise InputError(f"the model's trees ask for {self._width} features of {matrix.shape[1]}")
        return tree_walk.means(self._trees, np.ascontiguousarray(matrix, np.float32), least)

    def arrays(self) -> Arrays:
        """The packed arrays by name."""
        return dict(self._packed._asdict())

    def importances(self, features: int) -> npt.NDArray[np.float64]:
        """How often each feature splits, a split at depth d counting 2^-d."""
        weight = np.zeros(len(self._packed.feature))
        weight[self._packed.roots] = 1.0
        counts = np.zeros(features)
        for node, feature in enumerate(self._packed.feature):  # parents stand before children
            if feature >= 0:
                counts[feature] += weight[node]
                weight[self._packed.left[node]] = weight[self._packed.right[node]] = weight[node] / 2
        total = counts.sum()
        return counts / total if total else counts


def fit(matrix: Matrix, codes: Codes, weights: Weights, classes: int, seed: int) -> Forest:
    """Grow a forest. ``codes`` (n,) are 0 to ``classes - 1``; a class without rows gets probability 0."""
    from sklearn.ensemble import ExtraTreesClassifier

    model = ExtraTreesClassifier(
        n_estimators=TREES,
        max_depth=MAX_DEPTH,
        max_leaf_nodes=MAX_LEAVES,
        min_samples_leaf=3,
        max_features=0.2,
        bootstrap=True,
        random_state=seed,
        n_jobs=1,
    )
    model.fit(matrix, codes, sample_weight=weights)
    return Forest(pack(model, classes))


def pack(model: Any, classes: int) -> Packed:  # noqa: ANN401 - any forest of scikit-learn
    """Flatten a fitted scikit-learn forest whose ``classes_`` are codes below ``classes``."""
    roots, feature, threshold, left, right, values = [], [], [], [], [], []
    base = 0
    for estimator in model.estimators_:
        tree = estimator.tree_
        order = _parents_first(tree.children_left, tree.children_right)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order)) + base
        inner = tree.children_left[order] >= 0
        roots.append(base)
        feature.append(np.where(inner, tree.feature[order], -1))
        threshold.append(np.where(inner, round_down(tree.threshold[order]), np.float32(0)))
        left.append(np.where(inner, place[tree.children_left[order]], -1))
        right.append(np.where(inner, place[tree.children_right[order]], -1))
        value = np.zeros((len(order), classes), np.float32)
        value[:, model.classes_.astype(np.int64)] = tree.value[order, 0, :]
        values.append(value)
        base += len(order)
    flat_feature, flat_left = np.concatenate(feature), np.concatenate(left)
    is_leaf = flat_feature < 0
    leaves, rows = np.unique(np.concatenate(values)[is_leaf], axis=0, return_inverse=True)
    flat_left[is_leaf] = rows.ravel()
    return Packed(
        np.array(roots, np.int32),
        flat_feature.astype(np.int16),
        np.concatenate(threshold).astype(np.float32),
        flat_left.astype(np.int32),
        np.concatenate(right).astype(np.int32),
        np.ascontiguousarray(leaves, np.float32),
    )


def _parents_first(left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    order, level = [], [0]
    while level:
        order.extend(level)
        level = [child for node in level for child in (left[node], right[node]) if child >= 0]
    return np.array(order, np.int64)


def round_down(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """The largest float32 that is not above each float64."""
    nearest = values.astype(np.float32)
    return np.where(nearest > values, np.nextafter(nearest, np.float32(-np.inf)), nearest).astype(np.float32)


def from_arrays(arrays: Arrays) -> Forest:
    """A forest from the arrays of a model file. Raises ``InputError`` where walking them would leave the arrays."""
    try:
        packed = Packed(**{name: np.ascontiguousarray(arrays[name]) for name in Packed._fields})
    except KeyError as error:
        raise InputError(f"the model lacks the array {error}") from None
    kinds = [array.dtype for array in packed]
    if kinds != [np.int32, np.int16, np.float32, np.int32, np.int32, np.float32] or packed.leaves.ndim != 2:
        raise InputError("the model's arrays have other types than a forest's")
    return Forest(packed)
