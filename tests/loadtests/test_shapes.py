from __future__ import annotations

from loadtests.shapes import Step, at, steps


def test_steps_follow_one_another_without_gap():
    plan = steps((1, 8, 10), 5.0)
    assert plan == [Step(1, 0.0, 5.0), Step(8, 5.0, 10.0), Step(10, 10.0, 15.0)]
    assert [at(plan, second) for second in (0.0, 4.9, 5.0, 14.9)] == [plan[0], plan[0], plan[1], plan[2]]
    assert at(plan, 15.0) is None is at(plan, -0.1)
