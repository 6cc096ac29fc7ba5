import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.errors import InputError
from detector import tree_walk
from detector.tree_walk import BLOCK, grow, means, width

COLUMNS, CLASSES = 5, 4


def a_forest(rng, trees, depth):
    """Trees of chance, level by level with siblings side by side, and their leaves' values."""
    roots, feature, threshold, left, right, values = [], [], [], [], [], []
    for _ in range(trees):
        roots.append(len(feature))
        level, steps = [None], 0
        while level:
            base = len(feature) + len(level)
            following = []
            for _ in level:
                inner = steps < depth and rng.random() < 0.7
                feature.append(int(rng.integers(COLUMNS)) if inner else -1)
                threshold.append(round(float(rng.normal()), 1) if inner else 0.0)
                left.append(base + len(following) if inner else len(values))
                right.append(base + len(following) + 1 if inner else -1)
                if inner:
                    following += [None, None]
                else:
                    values.append(rng.dirichlet(np.ones(CLASSES)))
            level, steps = following, steps + 1
    return (
        np.array(roots, np.int32),
        np.array(feature, np.int16),
        np.array(threshold, np.float32),
        np.array(left, np.int32),
        np.array(right, np.int32),
        np.array(values, np.float32),
    )


def plainly(parts, row):
    """What ``means`` gives a row, in plain Python."""
    roots, feature, threshold, left, right, values = parts
    total = np.zeros(values.shape[1])
    for root in roots:
        node = root
        while feature[node] >= 0:
            node = left[node] if row[feature[node]] <= threshold[node] else right[node]
        total += values[left[node]]
    return (total / len(roots)).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(0, 7), st.integers(0, 2 * BLOCK + 1))
def test_the_walk_is_the_plain_one_to_the_bit(seed, trees, depth, rows):
    rng = np.random.default_rng(seed)
    parts = a_forest(rng, trees, depth)
    matrix = np.round(rng.normal(size=(rows, COLUMNS)), 1).astype(np.float32)  # many values on a threshold
    found = means(grow(*parts), matrix, 0.0)
    assert found.shape == (rows, CLASSES)
    for row, own in zip(matrix, found, strict=True):
        np.testing.assert_array_equal(own, plainly(parts, row))


def test_a_row_that_passes_for_class_0_is_given_that_alone():
    rng = np.random.default_rng(3)
    trees = grow(*a_forest(rng, 6, 5))
    matrix = rng.normal(size=(200, COLUMNS)).astype(np.float32)
    whole = means(trees, matrix, 0.0)
    least = float(np.median(1 - whole[:, 0]))
    gated = means(trees, matrix, least)
    passed = np.float32(1) - whole[:, 0] < np.float32(least)
    assert 0 < passed.sum() < 200
    np.testing.assert_array_equal(gated[:, 0], whole[:, 0])
    np.testing.assert_array_equal(gated[~passed], whole[~passed])
    assert not gated[passed, 1:].any()


def test_what_is_no_number_and_what_is_infinite_stays_within_the_tree():
    parts = a_forest(np.random.default_rng(5), 5, 6)
    matrix = np.array([[np.nan] * COLUMNS, [np.inf] * COLUMNS, [-np.inf] * COLUMNS], np.float32)
    found = means(grow(*parts), matrix, 0.0)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(found[1], plainly(parts, matrix[1]))
    np.testing.assert_array_equal(found[2], plainly(parts, matrix[2]))


def test_how_many_columns_the_trees_ask_for():
    parts = a_forest(np.random.default_rng(1), 5, 6)
    assert width(grow(*parts)) == parts[1].max() + 1


def test_trees_that_are_too_large_are_refused(monkeypatch):
    roots, feature, threshold, left, right, values = a_forest(np.random.default_rng(1), 2, 3)
    wide = np.where(feature >= 0, 4096, -1).astype(np.int16)
    with pytest.raises(InputError, match="too large"):
        grow(roots, wide, threshold, left, right, values)
    monkeypatch.setattr(tree_walk, "_PLACE", np.uint32(2))
    with pytest.raises(InputError, match="too large"):
        grow(roots, feature, threshold, left, right, values)
    monkeypatch.undo()
    monkeypatch.setattr(tree_walk, "_DEEPEST", 1)
    with pytest.raises(InputError, match="deep"):
        grow(roots, feature, threshold, left, right, values)


def test_a_child_in_another_tree_or_apart_from_its_sibling_is_refused():
    roots, feature, threshold, left, right, values = a_forest(np.random.default_rng(1), 2, 3)
    inner = int(np.flatnonzero(feature[: roots[1]] >= 0)[-1])
    for place in (int(roots[1]), len(feature) - 1):
        moved = left.copy()
        moved[inner] = place
        with pytest.raises(InputError, match="damaged"):
            grow(roots, feature, threshold, moved, np.where(feature >= 0, moved + 1, -1), values)
    apart = right.copy()
    apart[inner] += 1
    with pytest.raises(InputError, match="damaged"):
        grow(roots, feature, threshold, left, apart, values)
