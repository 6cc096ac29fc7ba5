from __future__ import annotations

import importlib.util

import pytest

from contract.errors import InputError, LackingError
from store.lake.catalog import check_catalog, open_catalog
from store.lake.place import open_place


def test_a_catalog_is_a_file_or_one_that_the_environment_describes(tmp_path, monkeypatch):
    place = open_place(str(tmp_path / "lake"))
    made = open_catalog(f"sqlite:///{tmp_path}/one.db", place)
    made.create_namespace("n")
    monkeypatch.setenv("PYICEBERG_CATALOG__TENFOLD__TYPE", "sql")
    monkeypatch.setenv("PYICEBERG_CATALOG__TENFOLD__URI", f"sqlite:///{tmp_path}/one.db")
    from pyiceberg import catalog
    from pyiceberg.utils.config import Config

    monkeypatch.setattr(catalog, "_ENV_CONFIG", Config())  # read once, when the library is loaded
    assert ("n",) in open_catalog("tenfold", place).list_namespaces()


def test_a_password_in_it_is_refused_and_not_repeated():
    for text in ("postgresql+psycopg2://me:hush@db/x", "https://me:hush@catalog/"):
        with pytest.raises(InputError, match="do not belong into it") as told:
            check_catalog(text)
        assert "hush" not in str(told.value)


def test_one_that_cannot_be_opened_is_one_clear_line(tmp_path):
    place = open_place(str(tmp_path))
    with pytest.raises(LackingError, match="unable to open database file"):
        open_catalog(f"sqlite:///{tmp_path}/none/one.db", place)
    with pytest.raises(InputError, match="catalog nobody-set-it-up"):
        open_catalog("nobody-set-it-up", place)


def test_without_the_extra_it_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(LackingError, match=r"pip install 'tenfold\[lake\]'"):
        open_catalog("mine", open_place(str(tmp_path)))
