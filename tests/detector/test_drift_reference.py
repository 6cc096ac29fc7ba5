"""The reference: cumulative shares as counted by hand, distances as defined, a threshold that keeps its promise."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contract.errors import InputError
from detector.drift_reference import BINS, LEAST_ROWS, Reference, build, cumulative, ordinary, pooled
from detector.features import WIDTH
from tests.detector.drifting import IMPORTANCES, network, networks


@pytest.fixture(scope="module")
def reference() -> Reference:
    found = build(networks(), IMPORTANCES)
    assert found is not None
    return found


VALUES = st.floats(-3, 3, width=32)


@given(arrays(np.float32, (7, 2), elements=VALUES), arrays(np.float32, (2, BINS - 1), elements=VALUES))
def test_cumulative_shares_against_counting(rows, edges):  # type: ignore[no-untyped-def] - drawn arrays
    edges = np.sort(edges.astype(np.float64), axis=1)
    found = cumulative(rows, edges)
    for feature in range(2):
        for step in range(BINS - 1):
            assert found[feature, step] == pytest.approx(np.mean(rows[:, feature] <= edges[feature, step]))
        assert found[feature, -1] == 1


def test_a_network_of_training_is_near_itself_and_a_foreign_one_far(reference: Reference) -> None:
    known = network("n3", 3 / 11).matrix[:, reference.columns]
    far = network("far", 6.0).matrix[:, reference.columns]
    assert reference.distances(known).mean(axis=1).min() < 0.01
    assert reference.distances(far).mean(axis=1).min() > 0.7
    assert 0 < reference.threshold < 0.3


def test_the_threshold_lets_as_many_pass_as_it_says(reference: Reference) -> None:
    assert reference.expected <= 1 / 12 + 1e-9


def test_the_features_that_decide_most_are_held(reference: Reference) -> None:
    assert reference.columns.tolist() == list(range(48))


def test_it_goes_through_a_card(reference: Reference) -> None:
    again = Reference.from_card(json.loads(json.dumps({"drift": reference.as_dict()})))
    assert again is not None
    assert (again.features, again.sources) == (reference.features, reference.sources)
    np.testing.assert_allclose(again.shares, reference.shares, atol=0.002)
    np.testing.assert_allclose(again.means, reference.means, atol=0.002)
    assert again.threshold == pytest.approx(reference.threshold, abs=1e-4)
    assert len(json.dumps(reference.as_dict())) < 60_000
    assert Reference.from_card({}) is None
    assert Reference.from_card({"drift": None}) is None


@pytest.mark.parametrize("change", [{"features": ["nothing"]}, {"edges": []}, {"shares": "x"}, {"threshold": None}])
def test_a_damaged_card_is_told(reference: Reference, change: dict[str, object]) -> None:
    with pytest.raises(InputError, match="damaged drift reference"):
        Reference.from_card({"drift": reference.as_dict() | change})
    with pytest.raises(InputError, match="damaged drift reference"):
        Reference.from_card({"drift": 3})


def test_few_networks_give_no_reference() -> None:
    assert build([network("a", 0.0)], IMPORTANCES) is None
    assert build([network("a", 0.0), network("b", 0.0, LEAST_ROWS - 1)], IMPORTANCES) is None
    assert build([network("a", 0.0, group="g"), network("b", 0.0, group="g")], IMPORTANCES) is None


def test_those_of_one_origin_are_not_held_against_each_other() -> None:
    twins = [replace(one, name=f"{one.name}-twin") for one in networks()]
    spread = [network(f"n{at}", at, group=f"n{at}") for at in range(12)]
    close = build([*networks(), *twins], IMPORTANCES)
    apart = build([*spread, *[replace(one, name=f"{one.name}-twin") for one in spread]], IMPORTANCES)
    assert close is not None
    assert apart is not None
    assert apart.threshold > 3 * close.threshold


def test_captures_are_kept_and_worlds_are_spread() -> None:
    worlds = [network(f"w{at}", at / 40, 200, "world") for at in range(80)]
    found = build([*networks(), *worlds], IMPORTANCES)
    assert found is not None
    assert len(found.sources) == 64
    assert set(found.sources) >= {f"n{at}" for at in range(12)}


def test_only_ordinary_looks_count_and_each_world_is_of_its_own_origin() -> None:
    families = np.array(["benign", "syn_flood", "unknown", "benign"])
    matrix = np.arange(4 * WIDTH, dtype=np.float32).reshape(4, WIDTH)
    found = ordinary("w", "worlds", "world", matrix, families)
    assert found.group == "w"
    np.testing.assert_array_equal(found.matrix, matrix[[0, 3]])
    assert ordinary("c", "origin", "capture", matrix, families).group == "origin"


def test_generated_worlds_are_one_network() -> None:
    worlds = [network(f"w{at}", 0.5, 30, "world") for at in range(3)]
    found = pooled([*networks(), *worlds])
    assert len(found) == 13
    assert (found[-1].name, len(found[-1].matrix)) == ("generated worlds", 90)
    assert len(pooled(networks())) == 12
