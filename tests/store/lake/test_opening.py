from __future__ import annotations

import pytest

from contract.errors import InputError
from store.lake.files import FilesLake
from store.lake.opening import check_names, keep_before, open_lake


def test_without_a_catalog_it_is_plain_files(tmp_path):
    lake = open_lake(str(tmp_path / "lake"))
    assert isinstance(lake, FilesLake)
    assert lake.place.url == (tmp_path / "lake").as_uri()


@pytest.mark.parametrize(
    ("to", "catalog", "namespace", "words"),
    [
        ("s3://key:secret@bucket/x", None, "n", "names and passwords do not belong into a URL"),
        ("s3://bucket/x?access_key=1", None, "n", "takes no options"),
        ("", None, "n", "name a folder, or a URL"),
        ("s3://", None, "n", "name a folder, or a URL"),
        ("x", "postgresql://me:secret@host/db", "n", "catalog: names and passwords"),
        ("x", None, "a/b", "namespace: 'a/b'"),
    ],
)
def test_what_does_not_belong_there_is_refused_and_not_repeated(to, catalog, namespace, words):
    with pytest.raises(InputError) as told:
        check_names(to, catalog, namespace)
    assert words in str(told.value)
    assert "secret" not in str(told.value)


def test_an_age_is_an_hour():
    assert keep_before(0) is None
    assert keep_before(2, now_ns=50 * 86_400 * 1_000_000_000) == 48 * 24
