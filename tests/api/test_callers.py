from __future__ import annotations

import pytest

from api import key_file
from api.callers import ANYBODY, Callers
from api.keys import KeyBook
from api.problems import ProblemError
from api.sessions import Sessions
from tests.api.helpers import until


@pytest.fixture
def known(tmp_path):
    path = tmp_path / "keys.json"
    key, text = key_file.new_key("wall", ["read"])
    key_file.change(path, lambda rows: [*rows, key])
    return Callers(KeyBook(path), Sessions(1)), key, text, path


def test_without_keys_everybody_may_everything():
    callers = Callers(None, Sessions(1))
    assert callers.of({}) == ANYBODY == callers.of({"authorization": "nonsense"})
    assert ANYBODY.document() == {"id": "loopback", "scopes": ["read", "operate", "ingest", "admin"]}


def test_a_key_is_known_by_its_header(known):
    callers, key, text, _ = known
    for header in (f"Bearer {text}", f"bearer  {text}"):
        caller = callers.of({"authorization": header})
        assert (caller.id, caller.scopes) == (key.id, {"read"})
    assert callers.of({}) is None


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer tfk_abcdefgh_" + "a" * 43,
                                    "Bearer " + "a" * 100_000, "tfk_abcdefgh_x", "Bearer \xff"])  # fmt: skip
def test_a_header_that_holds_no_key_is_refused(known, header):
    with pytest.raises(ProblemError) as caught:
        known[0].of({"authorization": header})
    assert caught.value.status == 401
    assert "WWW-Authenticate" in caught.value.headers
    assert header.removeprefix("Bearer ")[:20] not in caught.value.detail or len(header) < 8


def test_a_session_ends_with_its_key(known):
    callers, key, _, path = known
    cookie = {"cookie": f"tenfold_1={callers.sessions.begin(key.id)}"}
    caller = callers.of(cookie)
    assert caller.id == key.id
    assert callers.still(caller)
    key_file.change(path, lambda _: [])
    until(lambda: callers.of(cookie) is None, 10)
    assert not callers.still(caller)
    assert len(callers.sessions) == 0
    assert callers.of({"cookie": "tenfold_1=forged"}) is None


def test_a_damaged_key_file_is_said_as_such(known):
    callers, _, text, path = known
    path.write_text("{")
    until(lambda: callers.keys.still("x") is None and callers.keys.fault, 10)
    with pytest.raises(ProblemError) as caught:
        callers.of({"authorization": f"Bearer {text}"})
    assert caught.value.status == 503
