"""A lab does not outlive the run that made it: real namespaces, a real kill."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from campaign.lab_keeper import keeper, main
from contract.lab import exists
from generator.lab import namespaces
from generator.lab.namespaces import Lab
from tests.detector.wires import needs_wire

OWN = Lab(f"tfx-keep-{os.getpid()}-a", f"tfx-keep-{os.getpid()}-b")
ROOT = Path(__file__).parents[2]
RUN = """
import sys, time
from pathlib import Path
from campaign import wire_run
from generator.lab.namespaces import Lab
wire_run._LOCKS = Path(sys.argv[1])
with wire_run.lab(Lab(*sys.argv[2:4])):
    print("up", flush=True)
    time.sleep(600)
"""


def until(what: str, holds) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, f"{what}: never came"
        time.sleep(0.02)


@needs_wire
def test_a_run_that_is_killed_leaves_no_lab(tmp_path):
    command = [sys.executable, "-c", RUN, str(tmp_path), OWN.send_namespace, OWN.listen_namespace]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        assert run.stdout.readline() == "up\n"
        assert namespaces.status(OWN)["up"]
        run.kill()
    until("the end of the lab", lambda: not (exists(OWN.send_namespace) or exists(OWN.listen_namespace)))
    until("the end of the lock", lambda: not list(tmp_path.iterdir()))


@needs_wire
def test_a_run_that_ends_in_order_sees_to_its_lab_itself(tmp_path):
    namespaces.up(OWN)
    try:
        with keeper(OWN, tmp_path / "lock"):
            pass
        assert namespaces.status(OWN)["up"]
    finally:
        namespaces.down(OWN)


def test_what_cannot_be_removed_is_one_line(tmp_path, monkeypatch, capsys):
    def refuse(lab: Lab) -> None:
        raise namespaces.InputError(f"{lab.send_namespace} is not ours")

    monkeypatch.setattr(namespaces, "down", refuse)
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        assert main([str(tmp_path / "lock"), *OWN]) == 2
    assert capsys.readouterr().err == f"tenfold: {OWN.send_namespace} is not ours\n"
    assert not list(tmp_path.iterdir())


def test_it_goes_when_it_is_told(tmp_path):
    command = [sys.executable, "-m", "campaign.lab_keeper", str(tmp_path / "lock"), *OWN]
    done = subprocess.run(command, cwd=ROOT, input=b"done", capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
    assert not list(tmp_path.iterdir())
