from __future__ import annotations

import sqlite3

import pytest

from contract.errors import InputError
from store import layout
from store.layout import DATABASE, connect_reader, connect_writer, database_errors, segment_name


def test_names_sort_like_their_numbers():
    assert sorted(map(segment_name, (10, 9, 100))) == [segment_name(n) for n in (9, 10, 100)]


def test_another_database_and_another_format_are_refused(tmp_path):
    database = sqlite3.connect(tmp_path / DATABASE)
    database.execute("CREATE TABLE other(x)")
    database.commit()
    for connect in (connect_reader, connect_writer):
        with pytest.raises(InputError, match=r"store.sqlite is not a store of ours"):
            connect(tmp_path)
    database.execute("CREATE TABLE meta(key, value)")
    database.execute("INSERT INTO meta VALUES('format', 'tenfold-store/99')")
    database.commit()
    database.close()
    with pytest.raises(InputError, match="has format tenfold-store/99, this version reads tenfold-store/1"):
        connect_reader(tmp_path)


def test_a_store_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    """A service looks at a run's folder while its detector starts."""
    seen = []
    prepare = layout._prepare

    def look(database, root, *, check):
        seen.append((root / DATABASE).exists())
        prepare(database, root, check=check)
        if (root / DATABASE).exists():
            connect_reader(root).close()

    (tmp_path / f"{DATABASE}.new").write_bytes(b"left by a writer that was killed")
    monkeypatch.setattr(layout, "_prepare", look)
    connect_writer(tmp_path).close()
    assert seen == [False, True]
    assert [entry.name for entry in tmp_path.iterdir()] == [DATABASE]


def test_a_reader_changes_nothing(tmp_path):
    connect_writer(tmp_path).close()
    database = connect_reader(tmp_path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.execute("DELETE FROM meta")
    database.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (sqlite3.OperationalError("database is locked"), "the store is busy"),
        (sqlite3.DatabaseError("database disk image is malformed"), "damaged store"),
        (sqlite3.OperationalError("unable to open database file"), "cannot use the store"),
    ],
)
def test_what_the_database_says_becomes_one_line(tmp_path, error, words):
    with pytest.raises(InputError, match=words), database_errors(tmp_path):
        raise error
