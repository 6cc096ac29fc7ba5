from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator

import pytest

from cli import lab
from generator.lab import namespaces
from tests.generator.lab.helpers import own_lab


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> Iterator[namespaces.Lab]:
    """The command, with names of our own in place of the lab's."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("a lab needs root and iproute2")
    names = own_lab("cli")
    for name in ("up", "down", "status"):
        function = getattr(namespaces, name)
        monkeypatch.setattr(namespaces, name, lambda *lab, to=function, **more: to(*(lab or (names,)), **more))
    yield names
    namespaces.down()


def test_up_status_down(mine: namespaces.Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.command(lab.Action.UP, json_=True)
    made = json.loads(capsys.readouterr().out)
    assert made["up"]
    assert made["send"]["namespace"] == mine.send_namespace
    lab.command(lab.Action.STATUS)
    shown = capsys.readouterr()
    assert mine.listen_namespace in shown.out
    assert "the lab is up" in shown.err
    lab.command(lab.Action.DOWN)
    assert "the lab is down" in capsys.readouterr().err
