from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api import key_file
from api.keys import KeyBook
from contract.errors import InputError
from tests.api.helpers import until


@pytest.fixture
def made(tmp_path):
    path = tmp_path / "keys.json"
    key, text = key_file.new_key("x", ["read"])
    key_file.change(path, lambda known: [*known, key])
    return path, key, text


def test_only_the_very_key_is_one(made):
    path, key, text = made
    book = KeyBook(path)
    assert book.key_of(text) == key
    for wrong in ("", "x", text[:-1], text + "x", text.upper(), f"tfk_{key.id}_", f"tfk_{key.id}_{'a' * 43}", "ü" * 99,
                  text.replace(key.id, "abcdefgh"), "\udcff", "tfk_" + "\0" * 20, " " + text):  # fmt: skip
        assert book.key_of(wrong) is None


def test_a_change_is_taken_up(made):
    path, key, text = made
    changed: list[list[str]] = []
    book = KeyBook(path, changed.append)
    other, other_text = key_file.new_key("y", ["read"])
    key_file.change(path, lambda known: [*known, other])
    until(lambda: book.key_of(other_text), 10)
    assert changed == [[other.id]]
    key_file.change(path, lambda known: [replace(row, revoked=row.created) for row in known])
    until(lambda: book.key_of(text) is None, 10)
    assert book.still(key.id) is None
    assert book.good == 0
    assert changed[1] == sorted([key.id, other.id])


def test_an_expired_key_is_none(tmp_path):
    path = tmp_path / "keys.json"
    past = datetime.now(UTC) - timedelta(days=2)
    key, text = key_file.new_key("x", ["read"], past + timedelta(days=1), now=past)
    key_file.change(path, lambda known: [*known, key])
    book = KeyBook(path)
    assert book.key_of(text) is None
    assert book.still(key.id) is None


@pytest.mark.parametrize("how", ["gone", "damaged", "open to others"])
def test_a_file_that_became_unreadable_lets_nobody_in(made, how):
    path, _, text = made
    book = KeyBook(path)
    sound = path.read_bytes()
    assert book.key_of(text)
    if how == "gone":
        path.unlink()
    elif how == "damaged":
        path.write_text("{")
    else:
        path.chmod(0o666)
    until(lambda: book.key_of(text) is None, 10)
    assert str(path) in book.fault
    path.write_bytes(sound)
    path.chmod(0o600)
    until(lambda: book.key_of(text), 10)
    assert book.fault == ""


def test_the_file_is_not_looked_at_for_each_request(made):
    path, _, text = made
    book = KeyBook(path)
    path.unlink()
    begun = time.monotonic()
    assert book.key_of(text) or time.monotonic() - begun > 0.2
    with pytest.raises(InputError):
        KeyBook(path)
