"""What the runner refuses before anything starts; whole runs are in tests/system/test_run.py."""

from __future__ import annotations

import json
import socket

import pytest

from campaign import runfolder
from campaign.runner import Campaign, Options, run
from campaign.scenario import Overrides, load
from contract.errors import InputError


def test_a_port_in_use_is_refused_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} cannot be used: Address already in use"):
            run(load("smoke"), Options(runs=tmp_path / "runs", serve=True, port=port))
    assert not (tmp_path / "runs").exists()


def test_a_senseless_override_leaves_no_folder(tmp_path):
    with pytest.raises(InputError, match="a multiplier of -1"):
        run(load("smoke"), Options(runs=tmp_path / "runs"), Overrides(multiplier=-1))
    assert not (tmp_path / "runs").exists()


def test_a_model_that_is_none_is_refused_before_anything_starts(tmp_path):
    model = tmp_path / "text.skops"
    model.write_text("no model")
    with pytest.raises(InputError, match="not a skops file"):
        run(load("smoke"), Options(runs=tmp_path / "runs", model=model))
    with pytest.raises(InputError, match="no such model"):
        run(load("smoke"), Options(runs=tmp_path / "runs", model=tmp_path / "absent.skops"))
    assert not (tmp_path / "runs").exists()


def test_whoever_finds_the_folder_can_read_its_state(tmp_path, monkeypatch):
    """A folder with a scenario and no ``run.json`` yet was told as "unknown" to those who had just started it."""
    folder = runfolder.create(tmp_path, "smoke")
    written = []
    write_text = type(folder.scenario).write_text

    def watched(path, *arguments, **options):
        written.append(path.name.removesuffix(".part"))
        return write_text(path, *arguments, **options)

    monkeypatch.setattr(type(folder.scenario), "write_text", watched)
    Campaign(load("smoke"), Overrides(), Options(runs=tmp_path), folder, lambda _: None).ending.saver.release()
    assert written[0].startswith("run.json")
    assert "scenario.toml" in written
    assert json.loads(folder.state.read_text())["state"] == "starting"
