from __future__ import annotations

import itertools

import pytest

from loadtests.shapes import SHAPES, Step, at, plan_of, steps


def test_steps_follow_one_another_without_gap():
    plan = steps((1, 8, 10), 5.0)
    assert plan == [Step(1, 0.0, 5.0), Step(8, 5.0, 10.0), Step(10, 10.0, 15.0)]
    assert [at(plan, second) for second in (0.0, 4.9, 5.0, 14.9)] == [plan[0], plan[0], plan[1], plan[2]]
    assert at(plan, 15.0) is None is at(plan, -0.1)


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_is_a_plan_without_gaps(name):
    plan = plan_of(name, 10.0)
    assert plan[0].begin_s == 0
    assert all(one.end_s == after.begin_s for one, after in itertools.pairwise(plan))
    assert all(step.end_s > step.begin_s for step in plan)


def test_the_shapes_are_what_their_names_say():
    assert [step.multiplier for step in plan_of("tokyo", 1.0)] == [1]
    assert [step.multiplier for step in plan_of("paris", 1.0)] == [8, 10]
    ceremony = [step.multiplier for step in plan_of("ceremony", 1.0)]
    assert max(ceremony) == 10 > ceremony[0] == ceremony[-1]
    assert plan_of("soak", 15.0)[-1].end_s == 1800
    climb = [step.multiplier for step in plan_of("breakpoint", 1.0)]
    assert climb == sorted(set(climb))
