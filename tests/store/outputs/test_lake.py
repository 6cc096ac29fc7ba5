"""The archive as an output: beside a writer, killed, away and back, tended."""

from __future__ import annotations

import threading

import pytest

from contract.errors import InputError
from store.feed import Feed
from store.formats.base import Origin
from store.outputs import service
from store.outputs.base import Following
from store.outputs.lake import KIND
from store.outputs.registry import complete, table_of
from store.outputs.state import State
from store.writer import StoreWriter
from tests.store.lake.helpers import ROWS, commit, make_store, numbers
from tests.store.outputs.test_service import prepared, started


def settings(**values):
    return complete({"kind": "lake", "name": "far", "every_s": 0.05, **values})


def test_a_follower_that_is_killed_leaves_every_row_once(tmp_path):
    lake = tmp_path / "lake"
    told = settings(to=str(lake), rows=30)
    with StoreWriter(tmp_path / "store") as writer:
        commit(writer, 0)
        commit(writer, 1)
        process = started(prepared(tmp_path, told))
        while not list(lake.glob("flows/*/*/*.parquet")):
            assert process.poll() is None, process.stderr.read()
            threading.Event().wait(0.02)
        process.kill()  # in the middle of whatever it does
        process.wait()
        process.stderr.close()
        commit(writer, 2)
        commit(writer, 3)
        stop = threading.Event()
        stop.set()  # what is there, and no more
        document = {"origin": {"run": "r"}, "outputs": [told]}
        service.follow(tmp_path / "store", tmp_path / "state", document, stop, [], 30.0)
    for what in ("flows", "detections"):
        assert numbers(lake, what) == list(range(ROWS))
    state = State.load(tmp_path / "state", "far", 0)
    assert (state.word, state.counts.waiting) == ("following", 0)


def test_it_follows_while_there_is_more_and_once_more_at_the_end(tmp_path):
    state, stop = State(tmp_path, "far"), threading.Event()
    follower = KIND.make(settings(to="lake", keep_days=1.0), Origin("r"), tmp_path / "store")
    assert isinstance(follower, Following)
    with StoreWriter(tmp_path / "store") as writer, Feed(tmp_path / "store") as feed:
        thread = threading.Thread(target=follower.follow, args=(feed, state, stop, 10.0))
        commit(writer, 0)
        thread.start()
        while state.counts.delivered < 101:
            threading.Event().wait(0.01)
        commit(writer, 1)
        stop.set()
        thread.join()
    assert (state.word, state.counts.delivered, state.counts.waiting) == ("ended", 202, 0)
    # the traffic is of 2023: the first pass was tended, and what came at the end stays until somebody tends again
    assert numbers(tmp_path / "store" / "lake", "flows") == list(range(50, 100))


def test_while_the_place_is_away_it_tries_again_and_then_goes_on(tmp_path):
    store = make_store(tmp_path / "store")
    (tmp_path / "place").write_text("no folder")
    state, stop = State(tmp_path, "far"), threading.Event()
    follower = KIND.make(settings(to=str(tmp_path / "place" / "lake")), Origin("r"), store)
    with Feed(store) as feed:
        thread = threading.Thread(target=follower.follow, args=(feed, state, stop, 30.0))
        thread.start()
        while not state.counts.retried:
            threading.Event().wait(0.01)
        assert (state.word, "Not a directory" in state.error) == ("retrying", True)
        (tmp_path / "place").unlink()
        stop.set()
        thread.join()
    assert (state.word, state.error, state.counts.waiting) == ("ended", "", 0)
    assert numbers(tmp_path / "place" / "lake", "flows") == list(range(ROWS))


def test_its_keys_are_those_that_mean_something_here():
    names = [key.name for key in table_of("lake").keys]
    assert names[:2] == ["kind", "name"]
    assert "what" in names
    assert not {"format", "batch", "give_up_s", "least_severity"} & set(names)
    assert settings(to="x")["what"] == ["alerts", "detections", "flows"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"to": "s3://a:b@c/d"}, "names and passwords"),
        ({"to": "x", "label": "a/b"}, "cannot name rows"),
        ({"to": "x", "catalog": "https://a:b@c/"}, "catalog: names and passwords"),
    ],
)
def test_keys_that_cannot_be_are_refused(values, words):
    with pytest.raises(InputError, match=words):
        KIND.check(settings(**values))
