import numpy as np
import pytest

from contract.errors import InputError
from detector.classifiers import forest


def ensemble(kind):
    """Scikit-learn's. Imported when it is asked for: every worker of a test run reads this file."""
    from sklearn import ensemble as kinds

    return getattr(kinds, kind)


def data(rows=400, columns=12, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, columns)).astype(np.float32)
    codes = (matrix[:, 0] > 0).astype(np.int64) + 2 * (matrix[:, 1] * matrix[:, 2] > 0) % classes
    return matrix, codes


@pytest.mark.parametrize("kind", ["ExtraTreesClassifier", "RandomForestClassifier"])
@pytest.mark.parametrize("leaves", [None, 20])
def test_the_walker_gives_scikit_learns_probabilities(kind, leaves):
    matrix, codes = data()
    model = ensemble(kind)(n_estimators=15, max_leaf_nodes=leaves, random_state=1).fit(matrix, codes)
    ours = forest.Forest(forest.pack(model, 4)).probabilities(data(seed=9)[0])
    np.testing.assert_allclose(ours, model.predict_proba(data(seed=9)[0]), atol=1e-6)


def test_values_on_a_threshold_go_the_same_way():
    matrix, codes = data(columns=3)
    model = ensemble("RandomForestClassifier")(n_estimators=10, random_state=1).fit(matrix, codes)
    cuts = np.concatenate([tree.tree_.threshold for tree in model.estimators_]).astype(np.float32)
    edge = np.stack([cuts, cuts, cuts], axis=1)
    for shifted in (edge, np.nextafter(edge, np.float32(9)), np.nextafter(edge, np.float32(-9))):
        ours = forest.Forest(forest.pack(model, 4)).probabilities(shifted)
        np.testing.assert_allclose(ours, model.predict_proba(shifted), atol=1e-6)


def test_a_class_without_rows_gets_nothing():
    matrix, codes = data()
    fitted = forest.fit(matrix, np.where(codes == 1, 5, codes), np.ones(len(codes)), 7, seed=3)
    probabilities = fitted.probabilities(matrix)
    assert probabilities.shape == (len(matrix), 7)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert probabilities[:, 6].max() == 0


def test_same_seed_same_forest():
    matrix, codes = data()
    one, other = (forest.fit(matrix, codes, np.ones(len(codes)), 4, seed=3).arrays() for _ in range(2))
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_arrays_make_the_same_forest_again():
    matrix, codes = data()
    fitted = forest.fit(matrix, codes, np.ones(len(codes)), 4, seed=3)
    again = forest.from_arrays(fitted.arrays())
    np.testing.assert_array_equal(fitted.probabilities(matrix), again.probabilities(matrix))
    assert fitted.importances(12).sum() == pytest.approx(1)
    assert (fitted.importances(12) >= 0).all()


@pytest.mark.parametrize(
    ("name", "at", "value"),
    [("left", 0, 0), ("left", 0, 10**6), ("right", 0, -1), ("roots", 0, -1), ("roots", 0, 10**6), ("left", -1, 10**6)],
)
def test_damaged_trees_are_refused(name, at, value):
    matrix, codes = data()
    arrays = forest.fit(matrix, codes, np.ones(len(codes)), 4, seed=3).arrays()
    arrays[name] = arrays[name].copy()
    arrays[name][at] = value
    with pytest.raises(InputError):
        forest.from_arrays(arrays)


def test_missing_and_mistyped_arrays_are_refused():
    matrix, codes = data()
    arrays = forest.fit(matrix, codes, np.ones(len(codes)), 4, seed=3).arrays()
    with pytest.raises(InputError, match="lacks"):
        forest.from_arrays({k: v for k, v in arrays.items() if k != "roots"})
    with pytest.raises(InputError, match="types"):
        forest.from_arrays(arrays | {"leaves": arrays["leaves"].astype(np.float64)})


def test_a_matrix_that_is_too_narrow_is_refused():
    matrix, codes = data()
    fitted = forest.fit(matrix, codes, np.ones(len(codes)), 4, seed=3)
    with pytest.raises(InputError, match="features"):
        fitted.probabilities(matrix[:, :2])


def test_the_gate_leaves_scikit_learns_word_where_it_matters():
    matrix, codes = data(rows=2000)
    model = ensemble("ExtraTreesClassifier")(n_estimators=15, max_leaf_nodes=30, random_state=1).fit(matrix, codes)
    theirs = model.predict_proba(matrix)
    ours = forest.Forest(forest.pack(model, 4)).probabilities(matrix, 0.8)
    np.testing.assert_allclose(ours[:, 0], theirs[:, 0], atol=1e-6)
    told = ours[:, 1:].any(axis=1)
    assert 0 < told.sum() < len(told)
    np.testing.assert_allclose(ours[told], theirs[told], atol=1e-6)
    assert (theirs[~told, 0] > 0.2 - 1e-6).all()
