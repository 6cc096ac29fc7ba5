from __future__ import annotations

import pytest

from campaign.gate import history
from campaign.gate.findings import State
from contract.errors import InputError


def row(p99: float, machine: str = "m", config: str = "c", state: str = "passed"):
    tries = {"1x": [{"state": state, "p99_ms": p99, "p999_ms": 2 * p99}]}
    return history.line(machine, config, "abc", "2026-11-22T00:00:00Z", tries)


def test_only_lines_of_the_same_machine_and_targets_are_compared(tmp_path):
    path = tmp_path / "deep" / "history.jsonl"
    for one in (row(100.0), row(900.0, machine="other"), row(900.0, config="other"), row(110.0), row(120.0)):
        history.append(path, one, 100)
    before = history.read(path, "m", "c")
    assert [one["levels"]["1x"]["p99_ms"] for one in before] == [100.0, 110.0, 120.0]
    found = history.findings(row(220.0), before, 20)
    assert [one.name for one in found] == ["1x: p99", "1x: p99.9"]
    assert "2.00x the median of 3 before (110.0 ms)" in found[0].got
    assert found[0].detail == "last, in ms: 100, 110, 120, 220"


def test_the_trend_never_judges(tmp_path):
    found = history.findings(row(1e6), [row(1.0)], 20)
    assert {one.state for one in found} == {State.TOLD}


def test_the_first_line_says_so_and_an_invalid_level_is_left_out():
    assert "the first of this machine" in history.findings(row(5.0), [], 20)[0].got
    assert row(5.0, state="invalid")["levels"] == {}


def test_of_each_machine_the_newest_stay(tmp_path):
    path = tmp_path / "history.jsonl"
    history.append(path, row(1.0, machine="other"), 3)
    for number in range(5):
        history.append(path, row(float(number)), 3)
    assert [one["levels"]["1x"]["p99_ms"] for one in history.read(path, "m", "c")] == [2.0, 3.0, 4.0]
    assert len(history.read(path, "other", "c")) == 1


@pytest.mark.parametrize("text", ["{\n", "[]\n"])
def test_a_damaged_file_is_named_with_its_line(tmp_path, text):
    path = tmp_path / "history.jsonl"
    path.write_text('{"machine": "m"}\n' + text)
    with pytest.raises(InputError, match=r"history\.jsonl:2"):
        history.read(path, "m", "c")
