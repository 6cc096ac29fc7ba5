from __future__ import annotations

import pytest

from campaign import runfolder
from contract.errors import InputError


def test_each_run_gets_a_folder_of_its_own(tmp_path):
    first = runfolder.create(tmp_path / "runs", "smoke")
    second = runfolder.create(tmp_path / "runs", "smoke")
    assert first.id != second.id
    assert "-smoke-" in first.id
    assert runfolder.create(tmp_path, "smoke", "mine").path == tmp_path / "mine"


@pytest.mark.parametrize("name", ["../up", "", ".hidden", "a/b", "x" * 121])
def test_a_name_that_is_no_name_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="is no name for a run"):
        runfolder.create(tmp_path, "smoke", name)


def test_a_taken_name_and_an_unwritable_place_are_one_clear_line(tmp_path):
    runfolder.create(tmp_path, "smoke", "mine")
    with pytest.raises(InputError, match="is there already"):
        runfolder.create(tmp_path, "smoke", "mine")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write runs here: Not a directory"):
        runfolder.create(tmp_path / "file" / "runs", "smoke")


def test_a_file_where_runs_should_go_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write runs here: it is no folder"):
        runfolder.create(tmp_path / "file", "smoke")


def test_what_is_no_run_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such run folder"):
        runfolder.existing(tmp_path / "none")
    with pytest.raises(InputError, match="not a run folder"):
        runfolder.existing(tmp_path)


def test_json_is_replaced_whole(tmp_path):
    path = tmp_path / "deep" / "x.json"
    assert runfolder.read_json(path) == {}
    runfolder.write_json(path, {"a": 1})
    assert runfolder.read_json(path) == {"a": 1}
    assert list(path.parent.iterdir()) == [path]
    for text in ("{", "[]"):
        path.write_text(text)
        with pytest.raises(InputError, match="JSON"):
            runfolder.read_json(path)
        assert runfolder.read_status(path) == {}
