from __future__ import annotations

import json

import pytest

from campaign.gate import baseline, targets
from campaign.gate.findings import State
from contract.errors import InputError

ALLOWED = targets.read()["baseline"]
ABOUT = {"revision": "abc", "config": "c", "frames": {"quality": "f"}, "machine": {"id": "m"}}


def document(recall=0.9, seconds=1.0, rate=60.0, p50=50.0, attempts=1000, **about):
    figures = {
        "recall_by_family": {"port_scan": recall},
        "attempts_by_family": {"port_scan": attempts},
        "time_to_detect_s": {"port_scan": seconds},
        "false_alarms_per_hour": rate,
    }
    slo = {"1x": {**figures, "p50_ms": p50, "p99_ms": 2 * p50}}
    return baseline.document(ABOUT | about, slo, {"0 %": figures}, {"latency_p50_ms": [p50, p50 + 1]})


def bad(found):
    return [row.name for row in found if row.state is State.REGRESSED]


def test_what_is_written_can_be_read_in_a_diff(tmp_path):
    path = tmp_path / "deep" / "b.json"
    baseline.write(path, document())
    text = path.read_text()
    assert baseline.read(path) == json.loads(text) == document()
    assert '"latency_p50_ms": [50.0, 51.0]' in text  # the values of blocks on one line
    assert text.splitlines()[1].startswith(' "blocks"')  # sorted, one key a line
    baseline.write(path, document(recall=0.8))
    changed = set(path.read_text().splitlines()) ^ set(text.splitlines())
    assert {line.strip().rstrip(",") for line in changed} == {'"port_scan": 0.9', '"port_scan": 0.8'}


def test_the_same_again_passes():
    found = baseline.findings(document(), document(), ALLOWED)
    assert bad(found) == []
    assert any(row.state is State.PASSED for row in found)


@pytest.mark.parametrize(
    ("worse", "name"),
    [
        ({"recall": 0.87}, "quality 0 %: recall of port_scan"),
        ({"seconds": 1.6}, "quality 0 %: time to detect port_scan"),
        ({"rate": 121.0}, "quality 0 %: false alarms an hour"),
    ],
)
def test_worse_detection_is_a_regression(worse, name):
    assert bad(baseline.findings(document(**worse), document(), ALLOWED)) == [name]


def test_a_family_that_is_found_no_more_is_a_regression():
    now = document()
    now["quality"]["0 %"] = {"recall_by_family": {}, "time_to_detect_s": {}, "false_alarms_per_hour": 0.0}
    assert len(bad(baseline.findings(now, document(), ALLOWED))) == 2


def test_slower_times_are_told_and_not_judged():
    found = baseline.findings(document(p50=500.0), document(), ALLOWED)
    assert bad(found) == []
    told = [row for row in found if "median latency" in row.name]
    assert told[0].state is State.TOLD
    assert "10.00x the stored 50.00" in told[0].got


def test_other_frames_or_another_machine_are_not_compared():
    found = baseline.findings(document(recall=0.1), document(frames={"quality": "other"}), ALLOWED)
    assert bad(found) == []
    assert "judged by nobody" in found[0].detail
    found = baseline.findings(document(), document(machine={"id": "n"}), ALLOWED)
    assert found[-1].got == "not compared: the baseline is of another machine"


def test_a_real_run_is_judged_where_asked_and_only_of_families_with_many_attempts():
    assert bad(baseline.findings(document(recall=0.8), document(), ALLOWED, ("slo",))) == [
        "slo 1x: recall of port_scan"
    ]
    few = document(recall=0.8, attempts=5), document(attempts=5)
    assert bad(baseline.findings(*few, ALLOWED, ("slo",))) == []


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "3",
        '{"schema": "tenfold-check-baseline/9"}',
        "{",
        '{"schema": "tenfold-check-baseline/1", "slo": 3}',
    ],
)
def test_another_file_is_refused(tmp_path, text):
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"not a baseline|not JSON"):
        baseline.read(path)
