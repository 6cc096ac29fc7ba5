from __future__ import annotations

import pytest

from campaign.status_word import StatusWord, whole_number


def test_only_the_present_child_is_believed(tmp_path):
    word = StatusWord(tmp_path / "status.json")
    assert word.last() == word.own() == {}
    (tmp_path / "status.json").write_text('{"pid": 7, "frames": 3}')
    word.pid = 8
    assert word.own() == {}
    word.pid = 7
    assert word.own() == word.last() == {"pid": 7, "frames": 3}


@pytest.mark.parametrize("text", ["", "[]", '{"pid"'])
def test_a_status_that_is_none_says_nothing(tmp_path, text):
    (tmp_path / "status.json").write_text(text)
    assert StatusWord(tmp_path / "status.json").last() == {}


def test_a_count_that_is_none_counts_nothing():
    assert [whole_number(value) for value in (3, "3", None, {})] == [3, 0, 0, 0]
