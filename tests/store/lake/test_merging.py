from __future__ import annotations

import itertools

import orjson
import pytest

from contract.errors import LackingError
from store.lake.files import FilesLake
from store.lake.merging import NOTE, Tending, batches
from store.lake.place import open_place
from store.lake.rows import Name
from tests.store.lake.helpers import ROWS, Killed, archive, make_store, mortal, numbers

WHATS = ("flows", "detections", "alerts")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store"))


def test_small_files_become_one_and_no_row_is_lost_or_doubled_whenever_the_process_dies(store, tmp_path):
    deaths = 0
    for steps in itertools.count():
        folder = tmp_path / str(steps)
        archive(store, FilesLake(open_place(str(folder))), whats=("flows",), most_rows=70)
        before = len(list(folder.glob("flows/*/*/*.parquet")))
        try:
            FilesLake(mortal(folder, steps)).tend(("flows",), None, 1 << 27)
        except Killed:
            deaths += 1
            seen = numbers(folder, "flows")
            assert len(seen) == len(set(seen)), "doubled"
            note = folder / NOTE
            if note.exists():  # the one that died is given up after a while
                note.write_bytes(orjson.dumps(orjson.loads(note.read_bytes()) | {"until_ns": 1}))
            FilesLake(open_place(str(folder))).tend(("flows",), None, 1 << 27)
        assert numbers(folder, "flows") == list(range(ROWS))
        after = list(folder.glob("flows/*/*/*"))
        assert (before, len(after)) == (6, 2)
        if deaths <= steps:
            break
    assert deaths > 8


def test_an_archive_goes_on_behind_a_merge(store, tmp_path):
    lake = FilesLake(open_place(str(tmp_path)))
    archive(store, lake, most_rows=80)
    lake.tend(WHATS, None, 1 << 27)
    archive(store, FilesLake(open_place(str(tmp_path))))
    assert numbers(tmp_path, "detections") == list(range(ROWS))
    assert not any(one.doubled for one in lake.holds(WHATS).values())


def test_what_a_try_left_that_did_not_end_is_not_merged(store, tmp_path):
    with pytest.raises(Killed):
        archive(store, FilesLake(mortal(tmp_path, 3)), whats=("flows",))  # both files are there, the journal not
    assert len(list(tmp_path.glob("flows/*/*/*.parquet"))) == 2
    tended = FilesLake(open_place(str(tmp_path))).tend(("flows",), None, 1 << 27)
    assert tended.files_merged == 0


def test_one_process_tends_at_a_time(tmp_path):
    place = open_place(str(tmp_path))
    with (
        Tending(place).held(),
        pytest.raises(LackingError, match="another process tends this archive"),
        Tending(place).held(),
    ):
        pass
    with Tending(place).held():
        pass


def test_only_small_files_that_follow_each_other_are_joined():
    def name(first: int) -> Name:
        return Name("flows", 1, "r", first, first + 10)

    sizes = [1, 1, 60, 1, 1, 45, 45, 45, 1]
    files = [(name(10 * at), size) for at, size in enumerate(sizes)]
    found = [[one.first // 10 for one in batch] for batch in batches(files, 100)]
    assert found == [[0, 1], [3, 4, 5, 6], [7, 8]]
