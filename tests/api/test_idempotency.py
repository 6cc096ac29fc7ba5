from __future__ import annotations

import os
import time

import pytest

from api.idempotency import FOLDER, Remembered
from api.problems import ProblemError
from contract.errors import LackingError

BODY = {"scenario": "smoke", "seed": 7}


def test_the_same_key_and_body_give_the_same_run_also_to_who_comes_later(tmp_path):
    Remembered(tmp_path).keep("amy", "k-1", BODY, "one")
    later = Remembered(tmp_path)
    assert later.run_of("amy", "k-1", {"seed": 7, "scenario": "smoke"}) == "one"
    assert later.run_of("amy", '"k-1"', BODY) == "one"
    assert later.run_of("ben", "k-1", BODY) is None
    assert later.run_of("amy", "k-2", BODY) is None
    with pytest.raises(ProblemError, match="another body") as caught:
        later.run_of("amy", "k-1", BODY | {"seed": 8})
    assert caught.value.status == 422


def test_a_key_that_came_to_nothing_is_free_again(tmp_path):
    remembered = Remembered(tmp_path)
    remembered.keep("", "k", BODY, "one")
    remembered.forget("", "k")
    assert remembered.run_of("", "k", BODY | {"seed": 8}) is None


def test_old_keys_go_and_no_more_are_kept_than_fit(tmp_path, monkeypatch):
    monkeypatch.setattr("api.idempotency._MOST", 5)
    remembered = Remembered(tmp_path)
    remembered.keep("", "old", BODY, "one")
    (old,) = (tmp_path / FOLDER).iterdir()
    os.utime(old, (time.time() - 8 * 86_400,) * 2)
    for number in range(9):
        remembered.keep("", f"k{number}", BODY, "one")
    assert remembered.run_of("", "old", BODY) is None
    assert len(list((tmp_path / FOLDER).iterdir())) == 5
    assert remembered.run_of("", "k8", BODY) == "one"


def test_where_nothing_can_be_kept_nothing_is_started(tmp_path):
    (tmp_path / FOLDER).write_text("a file")
    with pytest.raises(LackingError, match="cannot be kept"):
        Remembered(tmp_path).keep("", "k", BODY, "one")
