from __future__ import annotations

import itertools

import pytest

from contract.errors import InputError
from store.lake.files import FilesLake, holding
from store.lake.place import open_place
from store.lake.rows import Name
from tests.store.helpers import START
from tests.store.lake.helpers import HOUR, ROWS, Killed, archive, make_store, mortal, numbers

KINDS = ("flows", "alerts")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store"))


def test_every_row_is_there_once_whenever_the_process_dies(store, tmp_path):
    """Before each change that an archiver makes to the place: its journal, its files."""
    deaths = 0
    for steps in itertools.count():
        folder = tmp_path / str(steps)
        try:
            archive(store, FilesLake(mortal(folder, steps)), whats=KINDS)
        except Killed:
            deaths += 1
            seen = numbers(folder, "flows")
            assert len(seen) == len(set(seen)), "doubled before anybody went on"
            # whoever goes on takes other chunks: what was begun is ended as it was begun
            archive(store, FilesLake(open_place(str(folder))), most_rows=70, whats=KINDS)
        assert numbers(folder, "flows") == list(range(ROWS))
        assert numbers(folder, "alerts") == list(range(1, 5))
        if deaths <= steps:
            break
    assert deaths > 9


def test_hours_that_are_too_old_go_and_the_others_stay(store, tmp_path):
    lake = FilesLake(open_place(str(tmp_path)))
    archive(store, lake)
    hour = START // HOUR
    held = lake.holds(("flows",))["flows"]
    assert (held.first_hour, held.last_hour, held.runs) == (hour, hour + 1, {"r1"})
    tended = lake.tend(("flows", "detections"), hour + 1, 0)
    assert tended.files_removed > 0
    assert lake.holds(("flows",))["flows"].first_hour == hour + 1
    assert numbers(tmp_path, "flows") == list(range(1, ROWS, 2))
    assert lake.holds(("alerts",))["alerts"].first_hour == hour


def test_a_run_of_the_same_name_is_not_mixed_with_another(store, tmp_path):
    lake = FilesLake(open_place(str(tmp_path / "lake")))
    archive(store, lake)
    other = make_store(tmp_path / "other", 2)
    with pytest.raises(InputError, match="another run that is called r1"):
        archive(other, FilesLake(open_place(str(tmp_path / "lake"))))
    archive(other, FilesLake(open_place(str(tmp_path / "lake"))), run="r2")
    assert len(numbers(tmp_path / "lake", "flows")) == ROWS + 100


def test_a_damaged_journal_is_said(store, tmp_path):
    (tmp_path / "_tenfold").mkdir()
    (tmp_path / "_tenfold" / "r1.json").write_text('{"format": "tenfold-archive/9"}')
    with pytest.raises(InputError, match=r"_tenfold/r1\.json: not the journal of an archive"):
        archive(store, FilesLake(open_place(str(tmp_path))))


def test_files_that_share_rows_are_found():
    names = [Name("flows", 1, "r", 0, 10), Name("flows", 2, "r", 0, 10), Name("flows", 1, "r", 10, 20)]
    assert not holding([(name, 1) for name in names]).doubled
    twice = Name("flows", 1, "r", 5, 15)
    assert holding([(name, 1) for name in (*names, twice)]).doubled == [str(twice), str(names[2])]
