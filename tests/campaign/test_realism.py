from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.realism import MEASURES, capture_samples, distance, nearest, outside, quantiles, world_sample
from contract.truth import read_truth
from tests.campaign.captures import write_capture

MEASURE = "bytes out"
LISTS = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6), min_size=1, max_size=3)


def sample(values):
    return {name: np.array(values if name == MEASURE else [], float) for name in MEASURES}


def share_up_to(samples, value):
    return sum(sum(v <= value for v in values) / len(values) for values in samples) / len(samples)


@given(LISTS, LISTS)
def test_the_distance_is_the_largest_gap_between_both_shares(first, second):
    gaps = [abs(share_up_to(first, value) - share_up_to(second, value)) for value in range(10)]
    found = distance([sample(v) for v in first], [sample(v) for v in second], MEASURE)
    assert found == pytest.approx(max(gaps))


@given(LISTS)
def test_quantiles_are_the_first_value_that_enough_lie_below(samples):
    found = quantiles([sample(v) for v in samples], MEASURE)
    for share, value in zip((0.1, 0.5, 0.9), found, strict=True):
        assert value == next(v for v in range(10) if share_up_to(samples, v) >= share - 1e-9)


def test_what_was_not_measured_has_no_figures():
    assert np.isnan(quantiles([sample([])], MEASURE)).all()
    assert np.isnan(distance([sample([1])], [sample([])], MEASURE))
    assert outside(sample([]), [sample([1])], MEASURE) is None


def test_a_capture_is_outside_where_no_world_goes():
    worlds = [sample([1, 2, 3]), sample([10, 20])]
    assert outside(sample([15]), worlds, MEASURE) is False
    assert outside(sample([99]), worlds, MEASURE) is True
    assert outside(sample([99]), [sample([])], MEASURE) is True


def test_the_nearest_world_counts():
    assert nearest(sample([1, 2]), [sample([7]), sample([1, 2])]) == 0
    assert nearest(sample([1, 2]), [sample([7])]) == 1


def test_the_facts_of_a_capture(tmp_path: Path):
    path = write_capture(tmp_path)
    found = capture_samples(str(path), read_truth(path.with_name("scan.truth.json")))["port_scan"]
    assert set(found) == set(MEASURES)
    assert found["packets out"].tolist() == [1] * 400
    assert found["unanswered"].all()
    assert found["SYN"].all()
    assert found["ports"].tolist() == [400]
    assert found["victims"].tolist() == [1]
    assert found["tries"].tolist() == [1]
    assert found["sources"].tolist() == [1]
    assert found["flows/s"] == pytest.approx([250])


def test_the_facts_of_a_world():
    found = world_sample("host_sweep", 1)
    assert set(found) == set(MEASURES)
    assert len(found["packets out"]) > 10
    assert found["victims"].max() > 1
