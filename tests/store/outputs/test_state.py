from __future__ import annotations

import json

import pytest

from contract.errors import InputError
from store.outputs.state import Cursor, State
from tests.store.outputs.helpers import batch


def test_a_state_comes_back_as_it_was_left(tmp_path):
    state = State.load(tmp_path, "soc", 1)
    assert state.cursor == Cursor()
    state.cursor = Cursor(7, (3, 2), 10, 20, (4, 5))
    state.note_delivered(12)
    state.counts.in_hand = 0  # the whole batch is settled, and the cursor behind it
    state.save()
    again = State.load(tmp_path, "soc", 1)
    assert (again.cursor, again.counts) == (state.cursor, state.counts)
    assert [path.name for path in tmp_path.iterdir()] == ["soc.json"]


def test_what_a_kill_makes_to_be_told_again_is_counted_as_repeated(tmp_path):
    state = State.load(tmp_path, "soc", 1)
    state.counts.held = state.counts.waiting = 20
    state.note_delivered(8)  # of a batch of 20, the rest of which is still tried
    assert state.counts.stage().unexplained == 0
    state.save()
    again = State.load(tmp_path, "soc", 1).counts
    assert (again.repeated, again.in_hand) == (8, 0)
    again.delivered, again.waiting = again.delivered + 20, 0  # told from its beginning
    assert again.stage().unexplained == 0


def test_dead_letters_keep_the_record_and_the_reason_as_far_as_there_is_room(tmp_path):
    state = State(tmp_path, "soc", 250)
    state.bury(batch(2), "HTTP 400")
    letters = [json.loads(line) for line in state.dead_path.read_text().splitlines()]
    assert letters[0]["record"] == {"event_type": "alert", "n": 0}
    assert letters[0]["reason"] == "HTTP 400"
    state.bury(batch(3), "HTTP 400")
    assert (state.counts.dead, state.counts.dead_lost) == (5, 5 - len(state.dead_path.read_text().splitlines()))
    assert state.counts.dead_lost > 0
    assert state.dead_path.stat().st_size <= 250


def test_a_damaged_state_is_one_clear_line(tmp_path):
    (tmp_path / "soc.json").write_text('{"cursor": 3}')
    with pytest.raises(InputError, match="not the state of an output"):
        State.load(tmp_path, "soc", 1)
