from __future__ import annotations

import json
import os

import pytest

from api.facts import read_facts
from api.progress import Progress, by_second, read_lines, read_progress
from tests.api.conftest import finish
from tests.api.helpers import make_run


def test_the_plan_by_second_ends_with_the_plan():
    progress = Progress(curve=((0.0, 1.0), (10.0, 1.0), (10.0, 8.0), (20.0, 8.0)))
    assert progress.planned([0, 9, 10, 19, 20], 20.0) == [815.0, 815.0, 6520.0, 6520.0, None]
    assert Progress().planned([0, 1], 5.0) == [None, None]


def test_the_plan_ahead_ends_with_the_plan():
    progress = Progress(curve=((0.0, 1.0), (3.0, 1.0)))
    assert progress.ahead(1, 3.0) == {"t": [1, 2], "planned": [815.0, 815.0]}
    nothing = {"t": [], "planned": []}
    assert progress.ahead(3, 3.0) == progress.ahead(0, None) == progress.ahead(0, 1e6) == nothing
    assert Progress().ahead(0, 3.0) == nothing


def test_a_change_of_the_rate_holds_from_its_second_on(tmp_path):
    folder = make_run(tmp_path / "one", alerts=1, seconds=1, per_second=1)
    finish(folder, multiplier=[[0, 1], [9, 1]])
    changes = [{"from_second": 2.0, "multiplier": 4}, {"from_second": None, "multiplier": 9}, "odd"]
    (folder / "sender.status.json").write_text(json.dumps({"changes": changes, "planned_attempts": 77}))
    progress = read_progress(read_facts(folder))
    assert progress.planned([1, 2, 3], 9.0) == [815.0, 3260.0, 3260.0]
    assert progress.planned_total == 77


def test_lines_are_read_up_to_one_that_is_half_written(tmp_path):
    folder = make_run(tmp_path / "one", alerts=1, seconds=1, per_second=1)
    finish(folder)
    lines = read_lines(read_facts(folder))
    assert [line["t"] for line in lines] == [1.0, 2.0, 3.0]
    found = by_second(lines, [0, 1, 2, 3])
    assert found["sent_per_s"] == [200.0, 200.0, 200.0, None]


@pytest.mark.parametrize("strange", ["x", [1], [["a", 2]], [[1, 2], 3], None])
def test_a_strange_curve_is_none(tmp_path, strange):
    folder = make_run(tmp_path / "one", alerts=1, seconds=1, per_second=1)
    finish(folder, multiplier=[[0, 1]], figures=strange, pid=os.getpid())
    assert read_progress(read_facts(folder)).curve == ((0.0, 1.0),)
    if strange != [["a", 2]]:
        finish(folder, multiplier=strange)
        assert read_progress(read_facts(folder)).curve == ()
