"""What docs/api.md shows is run, each command as it stands there, against a real service."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.api.conftest import CARD, RUN, finish
from tests.api.helpers import make_run, serving

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
# `curl`, and a line of what was answered beside it.
CURL = """set -u
curl() { command curl "$@" -w '%{stderr}%{http_code} %{method} %{url_effective}\\n'; }
"""
# What is no success there, and why.
REFUSED = {
    "POST /v1/campaigns": 409,  # one is under way here; tests/api/routes starts some
    "GET /v1/scorecards/20990101-000000-smoke": 404,  # not judged yet, as the page says
    "GET /v1/alerts?famly=syn_flood": 400,  # the page's own example of an error
    "GET /v1/alerts?limit=100": (200, 304),
}


@pytest.mark.skipif(shutil.which("curl") is None, reason="the commands of the page need curl")
def test_every_command_of_the_page_does_what_the_page_says(tmp_path):
    runs = tmp_path / "runs"
    run = make_run(runs / RUN, alerts=3, seconds=1)
    finish(run)
    (run / "scorecard.json").write_text(json.dumps(CARD))
    under_way = make_run(runs / "20990101-000000-smoke", alerts=3, seconds=1)
    finish(under_way, "running", pid=os.getpid(), ended_ns=None)
    script = "".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL))
    # A stream is left at its first event, however long a slow machine takes to send it.
    script = re.sub(r"--max-time 3 (.*)", r"--max-time 60 \1 | sed '/^event:/q'", script)
    commands = len(re.findall(r"\bcurl ", script))
    assert commands > 15
    with serving(runs) as client:
        script = CURL + script.replace("http://127.0.0.1:8150", str(client.base_url).rstrip("/"))
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        answers = re.findall(rf"(\d+) (\w+) {client.base_url}(\S+)", done.stderr)
    assert len(answers) == commands, done.stderr
    wrong = [
        (status, name)
        for status, method, path in answers
        for name in [f"{method} /{path}"]
        if not _fits(int(status), REFUSED.get(name, 200))
    ]
    assert wrong == []
    assert "event: tick" in done.stdout
    assert "syn_flood" in done.stdout


def _fits(status: int, wanted: int | tuple[int, ...]) -> bool:
    if isinstance(wanted, tuple):
        return status in wanted
    return status == wanted or (wanted == 200 and status == 202)
