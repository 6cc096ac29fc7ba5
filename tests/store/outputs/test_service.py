"""The follower as the process that it is: beside a writer, killed in the middle, asked to end, started twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from store.outputs import service
from store.writer import StoreWriter
from tests.store.helpers import alert
from tests.store.outputs.helpers import Hook, settings

ROOT = Path(__file__).parents[3]


def prepared(folder, *outputs):
    """The arguments of the service for these outputs."""
    (folder / "state").mkdir(exist_ok=True)
    document = {"origin": {"run": "r"}, "outputs": list(outputs)}
    (folder / "settings.json").write_text(json.dumps(document))
    place = ["--store", str(folder / "store"), "--settings", str(folder / "settings.json")]
    return [*place, "--state", str(folder / "state"), "--drain", "20"]


def started(arguments):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "store.outputs.service", *arguments]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def test_a_follower_that_is_killed_loses_nothing_and_tells_the_last_batch_twice_at_most(tmp_path):
    kills, each = 2, 12
    with Hook() as hook, StoreWriter(tmp_path / "store") as writer:
        outputs = [settings("eve_file", name="file", batch=3), settings("webhook", name="hook", url=hook.url, batch=3)]
        arguments = prepared(tmp_path, *outputs)
        for kill in range(kills):
            process = started(arguments)
            for first in (1, 7):
                writer.commit(alerts=[alert(kill * each + first + n) for n in range(6)])
            assert hook.arrived.acquire(timeout=60)
            process.kill()  # in the middle of whatever it does
            process.wait()
            process.stderr.close()
        stop = threading.Event()
        stop.set()  # what is there, and no more
        service.follow(tmp_path / "store", tmp_path / "state", {"origin": {}, "outputs": outputs}, stop, [], 30.0)
    lines = (tmp_path / "store" / "eve.json").read_text().splitlines()
    posted = [record for _, _, body in hook.requests for record in json.loads(body)["records"]]
    for told in ([json.loads(line) for line in lines], posted):
        ids = [event["alert"]["context"]["tenfold"]["alert_id"] for event in told]
        assert set(ids) == set(range(1, kills * each + 1))
        assert len(ids) <= kills * (each + 3), "more than the last batch was told again"


def test_it_waits_for_a_store_and_ends_when_it_is_asked(tmp_path):
    process = started(prepared(tmp_path, settings()))
    process.terminate()
    assert process.wait(30) in (0, -signal.SIGTERM)  # the signal may come before there is somebody to take it
    process.stderr.close()


def test_two_followers_of_the_same_outputs_are_refused(tmp_path):
    arguments = prepared(tmp_path, settings())
    lock = service._locked(tmp_path / "state")
    try:
        assert service.main(arguments) == 2
    finally:
        os.close(lock)


@pytest.mark.parametrize("text", ["{", '{"origin": {}}'])
def test_settings_that_are_none(tmp_path, text, capsys):
    arguments = prepared(tmp_path)
    (tmp_path / "settings.json").write_text(text)
    assert service.main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
