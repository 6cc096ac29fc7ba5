from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract.errors import InputError
from generator import arrivals
from generator.curves import line
from generator.workload import Workload
from tests.generator.helpers import WORKLOAD

SPECS = ["constant", "poisson", "mmpp", "pareto_on_off", {"model": "trace", "seconds": [0, 1, 1.5]}]


def test_every_file_is_a_model_that_states_itself_and_its_theory() -> None:
    assert set(arrivals.names()) == {"constant", "mmpp", "pareto_on_off", "poisson", "trace"}
    for spec in SPECS:
        model, values = arrivals.read(spec)
        assert model.SUMMARY
        assert all(param.what for param in model.PARAMS.values())
        assert 0 <= model.hurst(values) < 1


@pytest.mark.parametrize("spec", SPECS)
def test_points_do_not_depend_on_what_was_drawn_of_other_stretches(spec) -> None:
    """A campaign planned in stretches has arrivals in each and none outside."""
    rate = line(((0.0, 30.0), (10.0, 90.0)), 10.0)
    for low, high in ((0.0, 3.0), (3.0, 7.5), (7.5, 10.0)):
        seconds = arrivals.points(rate, spec, low, high, np.random.default_rng(1))
        assert len(seconds) == pytest.approx(rate.integral(high) - rate.integral(low), rel=0.3)
        assert low - 1e-9 <= seconds.min() <= seconds.max() <= high + 1e-9


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("bursty", "arrivals 'bursty' is none of constant, mmpp, pareto_on_off, poisson, trace"),
        ({"model": "../x"}, "is none of"),
        ({}, "must name a model"),
        ({"model": 3}, "must name a model"),
        ({"model": "mmpp", "speed": 3}, "mmpp does not know 'speed'; it takes levels, seconds"),
        ({"model": "poisson", "x": 1}, "poisson does not know 'x'; it takes no parameter"),
        (7, "must name a model"),
    ],
)
def test_what_is_no_model_is_refused_in_one_line(spec, words: str) -> None:
    with pytest.raises(InputError, match=words):
        arrivals.read(spec)
    with pytest.raises(InputError, match=words):
        Workload(arrivals=spec)
    with pytest.raises(InputError, match=words):
        Workload(benign_arrivals=spec)


def test_a_workload_carries_its_models_as_json() -> None:
    workload = replace(
        WORKLOAD, arrivals={"model": "mmpp", "seconds": [1, 2]}, benign_arrivals="constant", match="shape"
    )
    assert Workload.from_json(workload.to_json()) == workload
    with pytest.raises(InputError, match="match 'all' is neither shape nor frames"):
        Workload(match="all")
