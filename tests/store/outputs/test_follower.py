from __future__ import annotations

import json
import threading

import pytest

from store.feed import Feed
from store.formats.base import Origin
from store.outputs.base import UnavailableError
from store.outputs.follower import Follower
from store.outputs.state import State
from store.writer import StoreWriter
from tests.store.helpers import alert
from tests.store.outputs.helpers import Noted, settings, unavailable


@pytest.fixture
def store(tmp_path):
    with StoreWriter(tmp_path / "store") as writer:
        writer.commit(alerts=[alert(n) for n in range(1, 8)])
        yield writer


def followed(store, target, drain_s=20.0, **values):
    """Follow what is there now; the state afterwards."""
    stop = threading.Event()
    stop.set()
    chosen = settings(format="ndjson", **values)
    with Feed(store.path) as feed:
        state = State.load(store.path / "outputs", "out", chosen["dead_mb"])
        Follower(feed, chosen, Origin("r"), target, state, stop, drain_s).run()
    return State.load(store.path / "outputs", "out", 1)


def ids(lines):
    return [json.loads(line)["alert_id"] for line in lines]


def test_everything_is_told_once_and_a_second_follower_goes_on_behind_it(store):
    target = Noted()
    state = followed(store, target, batch=3)
    assert ids(target.lines) == list(range(1, 8))
    assert (state.counts.delivered, state.counts.batches, state.counts.waiting) == (7, 3, 0)
    store.commit(alerts=[alert(8)])
    again = Noted()
    followed(store, again)
    assert ids(again.lines) == [8]


def test_a_target_that_was_away_gets_everything_in_order(store):
    target = Noted(unavailable(4))
    state = followed(store, target, batch=5)
    assert ids(target.lines) == list(range(1, 8))
    assert (state.counts.retried, state.counts.delivered, state.counts.dead) == (4, 7, 0)


def test_a_record_that_is_refused_is_buried_alone(store):
    target = Noted(poison=b'"alert_id":4')
    state = followed(store, target)
    assert ids(target.lines) == [1, 2, 3, 5, 6, 7]
    assert (state.counts.dead, state.counts.delivered) == (1, 6)
    [letter] = [json.loads(line) for line in state.dead_path.read_text().splitlines()]
    assert (letter["record"]["alert_id"], letter["reason"]) == (4, "poison")


def test_after_long_enough_a_batch_is_given_up(store):
    target = Noted(unavailable(1))
    state = followed(store, target, batch=5, give_up_s=0)
    assert (ids(target.lines), state.counts.dead) == ([6, 7], 5)


def test_what_cannot_be_delivered_before_the_end_waits(store):
    target = Noted([UnavailableError("busy", 60.0)])
    state = followed(store, target, drain_s=1.0, retry_most_s=60.0)
    assert (target.lines, state.counts.waiting) == ([], 7)
    assert json.loads(state.path.read_text())["error"] == "busy"
    followed(store, target)
    assert ids(target.lines) == list(range(1, 8))


def test_the_oldest_are_left_out_where_too_many_wait(store):
    target = Noted()
    state = followed(store, target, most_waiting=3)
    assert (ids(target.lines), state.counts.left_out) == ([5, 6, 7], 4)


def test_it_follows_a_store_that_grows(store):
    target, stop = Noted(), threading.Event()
    with Feed(store.path) as feed:
        state = State(store.path / "outputs", "out")
        follower = Follower(feed, settings(format="ndjson"), Origin("r"), target, state, stop, 10.0)
        thread = threading.Thread(target=follower.run)
        thread.start()
        for number in range(8, 12):
            store.commit(alerts=[alert(number)])
        stop.set()
        thread.join()
    assert ids(target.lines) == list(range(1, 12))
