from __future__ import annotations

import hashlib

import pyarrow as pa
import pytest

from campaign.gate.frames import make
from contract.errors import InputError
from tests.campaign.gate.scenes import tiny


def test_frames_are_made_once_and_the_same_again(tmp_path):
    one = make(tmp_path / "a", tiny(tmp_path), 1.0, 0.5, 3)
    assert (one.seconds, one.capture.parent) == (1.0, tmp_path / "a")
    assert one.flows >= one.attempts > 0
    with pa.memory_map(str(one.capture)) as file:
        assert sum(batch.num_rows for batch in pa.ipc.open_stream(file)) == one.frames
    written = one.capture.stat().st_mtime_ns
    assert make(tmp_path / "a", tiny(tmp_path), 1.0, 0.5, 3) == one
    assert one.capture.stat().st_mtime_ns == written
    elsewhere = make(tmp_path / "b", tiny(tmp_path), 1.0, 0.5, 3)
    assert elsewhere.sha256 == one.sha256
    assert _digest(elsewhere.capture) == _digest(one.capture)
    assert make(tmp_path / "a", tiny(tmp_path), 1.0, 0.5, 4).sha256 != one.sha256


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_scenario_that_is_none_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        make(tmp_path, "nowhere", 1.0, 1.0, 1)
