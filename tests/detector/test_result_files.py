"""The files of a result are there together or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from contract.errors import InputError
from contract.schemas import FLOWS, VERDICTS
from detector.result_files import Files


def test_they_appear_when_all_is_written(tmp_path: Path) -> None:
    files = Files(tmp_path / "out")
    files.write(FLOWS.empty_table(), None)
    files.write(None, VERDICTS.empty_table())
    assert not [path for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")]
    named = files.finish([{"alert_id": 1}])
    files.abandon()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(named)
    assert pq.read_table(named["flows.parquet"]).num_rows == 0
    assert json.loads(Path(named["alerts.json"]).read_text()) == [{"alert_id": 1}]


def test_what_is_abandoned_leaves_nothing(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write(FLOWS.empty_table(), VERDICTS.empty_table())
    files.abandon()
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="out: cannot write"):
        Files(tmp_path / "out")
