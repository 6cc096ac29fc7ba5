from __future__ import annotations

import pytest

from campaign import journal
from campaign.journal import Journal
from contract.errors import LackingError


def test_names_outlast_the_process(tmp_path):
    first = Journal(tmp_path)
    first.add("a", 3, 100)
    first.sync()
    with (tmp_path / "batches.log").open("a") as file:
        file.write("half 3 1")
    again = Journal(tmp_path)
    assert "a" in again
    assert again.count_of("a") == 3
    assert "half" not in again
    again.know("b", 7)
    assert "b" in again
    assert again.count_of("b") == 0
    assert "b" in Journal(tmp_path)


def test_it_stays_bounded_and_forgets_the_oldest(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "KEPT", 3)
    found = Journal(tmp_path)
    for number in range(7):
        found.add(str(number), number, 1)
    known = [number for number in range(7) if str(number) in found]
    assert known == [3, 4, 5, 6]
    assert [number for number in range(7) if str(number) in Journal(tmp_path)] == known


def test_a_folder_that_cannot_be_read_is_said(tmp_path):
    (tmp_path / "batches.log").mkdir()
    with pytest.raises(LackingError, match="cannot keep batches"):
        Journal(tmp_path)
