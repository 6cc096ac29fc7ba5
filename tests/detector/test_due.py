import numpy as np

from detector.due import SKIPPED, new_due, select
from detector.flowtable import NEVER
from detector.windows import update
from detector.windows_state import new_windows
from tests.detector.flows_by_hand import SECOND, START, empty, put, slots_of

QUIET = new_windows()  # knows nobody
NOTHING = np.zeros(0, np.int32)


def look(due, table, slots, now):
    return select(due, table, QUIET, slots, now, now).tolist()


def test_a_new_flow_is_looked_at_now_and_a_second_later():
    table = empty()
    due = new_due(table)
    put(table, 0, 1, 2)
    assert look(due, table, slots_of(1), START) == [0]
    assert look(due, table, NOTHING, START + SECOND // 2) == []
    assert look(due, table, NOTHING, START + SECOND) == [0]
    assert look(due, table, NOTHING, START + 9 * SECOND) == []


def test_a_flow_that_grows_is_looked_at_again_and_one_that_trickles_once_a_second():
    table = empty()
    due = new_due(table)
    put(table, 0, 1, 2)
    look(due, table, slots_of(1), START)
    table.flows["packets"][0] = (2, 1)
    assert look(due, table, slots_of(1), START + SECOND // 10) == []  # too soon
    assert look(due, table, slots_of(1), START + SECOND // 4) == [0]
    table.flows["packets"][0] = (2, 2)
    assert look(due, table, slots_of(1), START + SECOND // 2) == []
    assert look(due, table, slots_of(1), START + 2 * SECOND) == [0]


def test_a_flow_that_closes_is_looked_at_at_once():
    table = empty()
    due = new_due(table)
    put(table, 0, 1, 2)
    look(due, table, slots_of(1), START)
    table.flows["tcp_state"][0] |= 64
    assert look(due, table, slots_of(1), START + 1) == [0]


def test_at_the_end_every_second_look_is_due():
    table = empty()
    due = new_due(table)
    for slot in range(3):
        put(table, slot, 1, slot)
    look(due, table, slots_of(3), START)
    assert select(due, table, QUIET, NOTHING, START + 1, NEVER).tolist() == [0, 1, 2]


def test_a_slot_that_was_given_to_another_flow_gets_no_second_look():
    table = empty()
    due = new_due(table)
    put(table, 0, 1, 2)
    look(due, table, slots_of(1), START)
    put(table, 0, 3, 4, flow_id=77)
    assert look(due, table, NOTHING, START + SECOND) == []


def test_a_full_queue_is_counted():
    table = empty()
    due = new_due(table, queue=2)
    for slot in range(5):
        put(table, slot, 1, slot)
    assert look(due, table, slots_of(5), START) == [0, 1, 2, 3, 4]
    assert due.counters[SKIPPED] == 3
    assert look(due, table, NOTHING, START + SECOND) == [0, 1]


def test_where_the_surroundings_are_known_one_look_is_enough():
    table, windows = empty(), new_windows()
    due = new_due(table)
    for slot in range(150):
        put(table, slot, 1000 + slot, 7)
    update(windows, table, slots_of(150), START)
    assert len(select(due, table, windows, slots_of(150), START, START)) == 150
    assert len(select(due, table, windows, NOTHING, START + SECOND, START + SECOND)) == 0
