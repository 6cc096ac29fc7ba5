from __future__ import annotations

import pytest

from api import sessions
from api.sessions import Sessions


def test_a_session_stands_for_its_key_until_it_is_ended():
    book = Sessions(8150)
    token, other = book.begin("abcdefgh"), book.begin("other")
    assert token != other
    assert book.key_of(token) == "abcdefgh"
    book.end(token)
    assert book.key_of(token) == ""
    assert book.key_of(other) == "other"
    assert book.key_of("") == book.key_of("\udcff") == ""


def test_the_number_is_bounded_and_the_unused_go_first():
    book = Sessions(1)
    first, second = book.begin("a"), book.begin("b")
    for _ in range(sessions.MOST - 2):
        book.begin("c")
    assert book.key_of(first) == "a"
    book.begin("d")
    assert len(book) == sessions.MOST
    assert book.key_of(second) == ""
    assert book.key_of(first) == "a"


@pytest.mark.parametrize("limit", ["IDLE_S", "LASTS_S"])
def test_it_ends_by_itself(monkeypatch, limit):
    book = Sessions(1)
    token = book.begin("a")
    monkeypatch.setattr(sessions, limit, -1.0)
    assert book.key_of(token) == ""
    assert len(book) == 0


def test_the_cookie_is_for_this_service_alone():
    book = Sessions(8150)
    token = book.begin("a")
    assert book.set_cookie(token, secure=True) == f"tenfold_8150={token}; Path=/; HttpOnly; SameSite=Strict; Secure"
    assert book.set_cookie("", secure=False).endswith("; Max-Age=0")
    assert book.token_in(f"a=b; tenfold_8150={token}; c=d") == token
    for header in (
        "",
        "a=b",
        f"tenfold_8151={token}",
        "tenfold_8150",
        "tenfold_8150=" + "x" * 5000,
        "\x00;=;tenfold_8150",
    ):
        assert book.token_in(header) == ""
