from __future__ import annotations

from store.lake.base import Chunk, Holding, Lake, Position, Tended
from store.lake.files import FilesLake
from store.lake.iceberg import IcebergLake


def test_both_forms_of_an_archive_can_do_what_one_must():
    wanted = {name for name in vars(Lake) if not name.startswith("_")}
    assert wanted == {"position", "put", "tend", "holds"}
    for form in (FilesLake, IcebergLake):
        assert wanted <= set(dir(form))


def test_a_position_has_no_try_unless_one_was_begun():
    assert Position(3).begun is None
    assert Tended().notes is not Tended().notes
    assert Holding().runs is not Holding().runs
    assert Chunk("flows", "r", 0, 1, ()).parts == ()
