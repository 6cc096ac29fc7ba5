from __future__ import annotations

import json

import pytest

from campaign.gate import existing, targets
from campaign.gate.findings import State
from campaign.runfolder import read_json, write_json
from contract.errors import InputError
from tests.campaign.runs import ended, finished


@pytest.fixture
def folder(tmp_path):
    found = finished(tmp_path / "runs")
    state = read_json(found.state) | {"multiplier": [[0, 2], [10, 5]]}
    write_json(found.state, state)
    card = read_json(found.scorecard)
    for part in (card, card["on_sight"]):
        part["latency_ms"] |= {"p50": 50.0, "p99": 90.0}  # its rows were written years after their frames
    write_json(found.scorecard, card)
    return found


def lax(tmp_path):
    path = tmp_path / "t.toml"
    path.write_text(
        "[slo]\nrecall = 0.5\nfalse_alarms_per_hour = 1e9\n[slo.recall_by_family]\n[slo.p99_ms]\n1x = 1\n10x = 100\n"
    )
    return targets.read(path)


def test_a_run_is_judged_by_the_level_that_it_reached(folder, tmp_path):
    found = existing.judge_existing(folder.path, lax(tmp_path), tmp_path / "out", None, update=False)
    assert found.code == 0
    row = next(row for row in found.findings if row.name.endswith("p99 detection latency"))
    assert row.limit == 100  # 5x lies between 1x and 10x
    assert row.name.startswith("smoke 5x")
    assert read_json(tmp_path / "out" / "check.json")["exit_code"] == 0
    assert (tmp_path / "out" / "junit.xml").is_file()


def test_a_baseline_is_written_when_asked_and_compared_with(folder, tmp_path):
    path, out = tmp_path / "b.json", tmp_path / "out"
    existing.judge_existing(folder.path, lax(tmp_path), out, path, update=True)
    content = read_json(path)
    assert content["blocks"]["latency_p50_ms_by_second"] == [50.0] * 10
    again = existing.judge_existing(folder.path, lax(tmp_path), out, path, update=False)
    assert again.code == 0
    assert read_json(path) == content
    for figures in content["slo"].values():
        figures["attempts_by_family"] = dict.fromkeys(figures["attempts_by_family"], 1000)
    write_json(path, content)
    card = read_json(folder.scorecard)
    for row in card["families"].values():
        row["attempts_detected"] //= 2
    write_json(folder.scorecard, card)
    worse = existing.judge_existing(folder.path, lax(tmp_path), out, path, update=False)
    assert worse.code == 99
    assert {row.gate for row in worse.findings if row.state is State.REGRESSED} == {"baseline"}


def test_a_scorecard_in_a_file_is_judged_without_latency(folder, tmp_path):
    path = tmp_path / "card.json"
    card = read_json(folder.scorecard)
    del card["run"]
    path.write_text(json.dumps(card))
    found = existing.judge_existing(path, lax(tmp_path), tmp_path / "out", None, update=False)
    assert found.code == 0
    latency = [row for row in found.findings if row.name.endswith("p99 detection latency")]
    assert [row.state for row in latency] == [State.TOLD]


def test_what_cannot_be_judged_is_said_in_a_line(tmp_path):
    wanted = targets.read()

    def judge(path, compare=None, *, update=False):
        existing.judge_existing(path, wanted, tmp_path / "out", compare, update=update)

    with pytest.raises(InputError, match="never judged"):
        judge(ended(tmp_path / "runs").path)
    with pytest.raises(InputError, match="no such scorecard"):
        judge(tmp_path / "none.json")
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(InputError, match="not a scorecard"):
        judge(tmp_path / "x.json")
    with pytest.raises(InputError, match="needs a file"):
        judge(tmp_path / "x.json", update=True)
