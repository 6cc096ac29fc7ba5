"""Who may use the lab, and that it is left as it was found."""

from __future__ import annotations

import os

import pytest

from campaign import wire_run
from campaign.wire_run import dropped, lab
from contract.errors import LackingError
from generator.lab import namespaces
from generator.lab.namespaces import Lab
from tests.detector.wires import needs_wire

OWN = Lab(f"tfx-run-{os.getpid()}-a", f"tfx-run-{os.getpid()}-b")


@needs_wire
def test_the_lab_is_there_meanwhile_and_for_one_run_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(wire_run, "_LOCKS", tmp_path / "locks")
    with lab(OWN):
        assert namespaces.status(OWN)["up"]
        assert dropped(OWN) == 0
        with pytest.raises(LackingError, match="another run uses the lab"), lab(OWN):
            pass
        assert namespaces.status(OWN)["up"]
    assert not namespaces.status(OWN)["send"]["exists"]
    assert list((tmp_path / "locks").iterdir()) == []


@needs_wire
def test_a_lab_that_was_up_stays_up(tmp_path, monkeypatch):
    monkeypatch.setattr(wire_run, "_LOCKS", tmp_path)
    namespaces.up(OWN)
    try:
        with lab(OWN):
            pass
        assert namespaces.status(OWN)["up"]
    finally:
        namespaces.down(OWN)


def test_without_the_right_one_line_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(wire_run, "_LOCKS", tmp_path / "file")
    with pytest.raises(LackingError, match="a run over the wire needs root"), lab(OWN):
        pass
