"""The status file is whole at every moment, or one line says why it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contract.errors import InputError
from detector.status import write_status


def test_it_is_replaced_in_one_step(tmp_path: Path) -> None:
    for number in range(3):
        write_status(tmp_path / "status.json", {"state": number})
        assert json.loads((tmp_path / "status.json").read_text()) == {"state": number}
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write: No such file"):
        write_status(tmp_path / "none" / "status.json", {})
