"""``tenfold sensor`` as people run it: two of them, a real centre, one capture between them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from detector.config import Config
from detector.model import load_default
from detector.offline import detect
from generator.sinks import open_sink
from tests.api.helpers import serving, until
from tests.cli.helpers import ROOT, tenfold
from tests.conformance.test_many_sensors import split
from tests.conformance.test_same_answer import traffic
from tests.detector.streams import Frame, batch


def written(path: Path, frames: list[Frame]) -> Path:
    sink = open_sink(path)
    sink.write(batch(frames))
    sink.close()
    return path


def gist(alerts: list[dict]) -> set[tuple]:
    return {
        (alert["family"], tuple(sorted(alert["attackers"])), tuple(sorted(alert["victims"])), alert["flows"])
        for alert in alerts
    }


def test_two_sensors_and_a_centre_see_what_one_detector_sees(tmp_path: Path) -> None:
    frames = sorted(traffic(2.0), key=lambda frame: frame[0])
    whole = detect(written(tmp_path / "whole.pcap", frames), load_default(), Config())
    assert whole.alerts
    parts = [written(tmp_path / f"{n}.pcap", part) for n, part in enumerate(split(frames, 2))]
    config = tmp_path / "tenfold.toml"
    config.write_text(f'[[outputs]]\nkind = "eve_file"\nname = "file"\npath = "{tmp_path}/eve.json"\n')
    with serving(tmp_path / "runs", config=config) as client:
        url = str(client.base_url)
        sensors = []
        for number, part in enumerate(parts):
            flags = ["--name", f"s{number}", "--peers", "2", "--spool", tmp_path / f"spool{number}", "--json"]
            command = [sys.executable, "-m", "cli.main", "sensor", part, "--to", url, *flags]
            sensors.append(subprocess.Popen([str(word) for word in command], cwd=ROOT, stdout=subprocess.PIPE))
        told = [json.loads(sensor.communicate(timeout=200)[0]) for sensor in sensors]
        assert [sensor.returncode for sensor in sensors] == [0, 0]
        assert sum(document["frames"] for document in told) == len(frames)
        assert all(document["sent"]["waiting"] == document["dropped"] == 0 for document in told)
        until(lambda: not list((tmp_path / "runs" / "sensors" / "spool").iterdir()), 200)
        until(lambda: _state(tmp_path) == "done", 60)
        alerts = client.get("/v1/alerts", params={"run": "sensors", "limit": 1000}).json()["items"]
        until(lambda: 'tenfold_output_waiting{output="file",run="sensors"} 0.0' in client.get("/metrics").text, 60)
    assert gist(alerts) == gist([alert.as_dict() for alert in whole.alerts])
    events = [json.loads(line) for line in (tmp_path / "eve.json").read_text().splitlines()]
    contexts = [event["alert"]["context"]["tenfold"] for event in events]
    found = {(context["run"], context["alert_id"]) for context in contexts}
    assert found == {("sensors", int(alert["alert_id"])) for alert in alerts}


def _state(folder: Path) -> str:
    return str(json.loads((folder / "runs" / "sensors" / "detector.status.json").read_text())["state"])


def test_where_the_centre_is_away_batches_wait_on_disk(tmp_path: Path) -> None:
    with serving(tmp_path / "away") as client:
        away = str(client.base_url)
    frames = sorted(traffic(0.3), key=lambda frame: frame[0])
    part = written(tmp_path / "a.pcap", frames)
    flags = ["--name", "s", "--spool", tmp_path / "spool", "--json"]
    command = [sys.executable, "-m", "cli.main", "sensor", part, "--to", away, "--wait", "0", *flags]
    words = [str(word) for word in command]
    first = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert first.returncode == 3, first.stderr
    assert "batches wait" in first.stderr
    waiting = json.loads(first.stdout)["sent"]["waiting"]
    assert len(list((tmp_path / "spool").iterdir())) == waiting > 0


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ([], "capture or an interface"),
        (["a.pcap", "--interface", "lo"], "capture or an interface"),
        (["a.pcap", "--name", "../x"], "--name"),
        (["a.pcap", "--peers", "0"], "--peers"),
        (["a.pcap", "--spool-mib", "0"], "--spool-mib"),
        (["a.pcap", "--for", "-1"], "--for"),
        (["a.pcap", "--to", "nowhere"], "no address"),
    ],
)
def test_wrong_flags_are_said_in_one_line(flags: list[str], word: str) -> None:
    found = tenfold("sensor", "--to", "http://127.0.0.1:1", *flags)
    assert found.returncode == 2
    assert word in found.stderr
    assert found.stderr.count("\n") == 1
