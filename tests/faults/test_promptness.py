"""How soon: a service that was killed is ready again in 2 s, a campaign ends within 5 s of Ctrl-C or SIGTERM.

In full only, since both hang on the machine; the figures are printed (``-s``).
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

from tests.api.helpers import frames_stream, serving
from tests.faults.length import FULL
from tests.system.test_run import PATIENCE_S, few, left_behind, sending, start, state, until

pytestmark = pytest.mark.skipif(not FULL, reason="optional: in full only (make faults)")
READY_S, END_S = 2.0, 5.0
HEADERS = {"Content-Type": "application/vnd.apache.arrow.stream"}


def test_a_killed_service_is_ready_again_in_two_seconds(tmp_path: Path) -> None:
    """Ready: it answers, and takes a batch for good."""
    taken = []
    for number in range(4):
        began = time.monotonic()
        with serving(tmp_path) as client:
            answer = client.post(
                "/v1/ingest/frames", content=frames_stream(3), headers=HEADERS | {"Batch-Id": f"b{number}"}
            )
            assert answer.status_code == 202
            taken.append(time.monotonic() - began)
            assert client.get("/v1/campaigns").status_code == 200
            client.process.kill()
            client.process.wait(60)
    sys.stdout.write(f"ready again after {', '.join(f'{seconds:.2f}' for seconds in taken[1:])} s\n")
    assert min(taken[1:]) <= READY_S


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_campaign_ends_in_order_within_five_seconds(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "cut"
    arguments = [few(tmp_path), "--runs", str(tmp_path), "--id", "cut", "--no-serve", "--json"]
    with start(*arguments, temporary=tmp_path / "temporary") as run:
        until("frames", lambda: sending(folder) or run.poll() is not None)
        began = time.monotonic()
        run.send_signal(number)
        _, err = run.communicate(timeout=PATIENCE_S)
        taken = time.monotonic() - began
    sys.stdout.write(f"{number.name}: ended after {taken:.2f} s\n")
    assert run.returncode in (128 + signal.SIGINT, 128 + number), err
    assert state(folder)["state"] == "interrupted"
    assert left_behind(folder, tmp_path / "temporary", ".tmp") == []
    assert taken <= END_S
