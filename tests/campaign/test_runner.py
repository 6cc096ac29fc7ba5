"""What the runner refuses before anything starts; whole runs are in tests/system/test_run.py."""

from __future__ import annotations

import socket

import pytest

from campaign.runner import Options, run
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
