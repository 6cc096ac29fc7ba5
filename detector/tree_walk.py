"""Walking trees fast: eight bytes a node, siblings side by side, a block of rows in step, no branch on a feature.

A step takes the left sibling and adds 1 where the feature is above the threshold, so the processor has nothing to guess
wrong, and the rows of a block do not wait for each other's memory. A leaf leads to itself: a row that is done stays
there until the tree's depth is reached. A block's rows and a tree's nodes stay in the nearest caches meanwhile.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import uint64

from contract.errors import InputError
from contract.jit import lean_kernel

BLOCK: Final = 32  # rows in step
_BITS: Final = np.uint32(20)  # of ``next`` for the place, the others for the feature
_PLACE: Final = np.uint32((1 << 20) - 1)
_DEEPEST: Final = 1000
NODE: Final = np.dtype([("threshold", "f4"), ("next", "u4")])

Matrix = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]


class Trees(NamedTuple):
    """Nodes of all trees one after another, each tree's root first. ``next`` is feature << 20 | place of the left
    child within its tree; a leaf has feature 0, its own place and an infinite threshold.
    """

    nodes: npt.NDArray[np.void]  # (N,) of NODE
    leaf: Rows  # (N,) row of ``values``, 0 where no leaf
    roots: npt.NDArray[np.int64]  # (T,)
    depths: npt.NDArray[np.int64]  # (T,) steps from the root to the deepest leaf
    first: Matrix  # (L,) probability of class 0
    values: Matrix  # (L, C)


def grow(
    roots: npt.NDArray[np.int32],
    feature: npt.NDArray[np.int16],
    threshold: Matrix,
    left: Rows,
    right: Rows,
    values: Matrix,
) -> Trees:
    """Trees to walk from nodes as ``detector.classifiers.forest.Packed`` keeps them.

    Raises ``InputError`` where a walk could leave the arrays or its tree, or they are not laid out level by level.
    """
    nodes, at, inner = len(feature), np.arange(len(feature)), feature >= 0
    own = np.searchsorted(roots, at, side="right") - 1  # the tree of each node
    ends = np.append(roots[1:], nodes)
    sound = (
        len({len(feature), len(threshold), len(left), len(right)}) == 1
        and len(roots) > 0
        and roots[0] == 0
        and bool(np.all(np.diff(ends, prepend=0) > 0))
        and bool(np.all(left[inner] > at[inner]))  # children behind their parents: the walk ends
        and bool(np.all(right[inner] == left[inner] + 1))
        and bool(np.all(right[inner] < ends[own[inner]]))
        and bool(np.all((left[~inner] >= 0) & (left[~inner] < len(values))))
    )
    if not sound:
        raise InputError("the model's trees are damaged")
    if int(feature.max()) >= 1 << 12 or int(np.diff(ends, prepend=0).max()) > _PLACE:
        raise InputError("the model's trees are too large: 4,096 features and a million nodes a tree at most")
    place = np.where(inner, left - roots[own], at - roots[own]).astype(np.uint32)
    packed = np.zeros(nodes, NODE)
    packed["threshold"] = np.where(inner, threshold, np.inf)
    packed["next"] = np.where(inner, feature, 0).astype(np.uint32) << _BITS | place
    starts = roots.astype(np.int64)
    depths = _depths(feature, left, starts)
    return Trees(packed, np.where(inner, 0, left), starts, depths, np.ascontiguousarray(values[:, 0]), values)


def width(trees: Trees) -> int:
    """How many columns a matrix must have."""
    return int((trees.nodes["next"] >> _BITS).max()) + 1


def _depths(feature: npt.NDArray[np.int16], left: Rows, roots: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    depth = np.zeros(len(feature), np.int64)
    level, steps = roots, 0
    while len(level := level[feature[level] >= 0]):
        steps += 1
        if steps > _DEEPEST:
            raise InputError(f"the model's trees are too large: more than {_DEEPEST} steps deep")
        level = np.unique(np.concatenate((left[level], left[level] + 1)).astype(np.int64))
        depth[level] = steps
    return np.maximum.reduceat(depth, roots)


def means(trees: Trees, matrix: Matrix, least: float) -> Matrix:
    """The mean over the trees of what each row of ``(n, F)`` is given: ``(n, C)``.

    A row in which class 0 leaves less than ``least`` for all others gets its mean of class 0, and 0 for the others.
    """
    out = np.empty((len(matrix), trees.values.shape[1]), np.float32)
    leaves = np.empty((BLOCK, len(trees.roots)), np.int32)
    _means(trees, matrix, np.float32(least), np.zeros(BLOCK, np.uint32), leaves, np.zeros(out.shape[1]), out)
    return out


@lean_kernel
def _means(
    trees: Trees,
    matrix: Matrix,
    least: np.float32,
    at: npt.NDArray[np.uint32],
    leaves: Rows,
    sums: npt.NDArray[np.float64],
    out: Matrix,
) -> None:
    # Unsigned numbers index an array without a look at whether they count from its end.
    count, block = uint64(len(matrix)), uint64(len(at))
    start = uint64(0)
    while start < count:
        rows = min(block, count - start)
        _walk(trees, matrix[start : start + rows], at, leaves)
        for row in range(rows):
            _add(trees, leaves[row], least, sums, out[start + row])
        start += block


@lean_kernel
def _walk(trees: Trees, tile: Matrix, at: npt.NDArray[np.uint32], leaves: Rows) -> None:
    """Where each row of a block ends in each tree."""
    rows = uint64(len(tile))
    for tree in range(uint64(len(trees.roots))):
        root = trees.roots[tree]
        nodes, leaf = trees.nodes[root:], trees.leaf[root:]
        at[:] = 0
        for _ in range(trees.depths[tree]):
            for row in range(rows):
                node = nodes[uint64(at[row])]
                step = node["next"]
                above = tile[row, uint64(step >> _BITS)] > node["threshold"]
                at[row] = (step & _PLACE) + np.uint32(above)
        for row in range(rows):
            leaves[row, tree] = leaf[uint64(at[row])]


@lean_kernel
def _add(trees: Trees, leaves: Rows, least: np.float32, sums: npt.NDArray[np.float64], out: Matrix) -> None:
    """The means of one row."""
    total = 0.0
    for leaf in leaves:
        total += trees.first[uint64(leaf)]
    first = np.float32(total / len(leaves))
    if np.float32(1.0) - first < least:
        out[:] = 0.0
        out[0] = first
        return
    sums[:] = 0.0
    for leaf in leaves:
        value = trees.values[uint64(leaf)]
        for c in range(len(sums)):
            sums[c] += value[c]
    for c in range(len(sums)):
        out[c] = sums[c] / len(leaves)
