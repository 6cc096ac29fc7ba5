import numpy as np

from detector.features import WIDTH
from detector.flowtable import NEVER
from detector.hands import Hands
from detector.observer import Observer, places_of
from detector.windows_state import PLACES
from tests.detector.flows_by_hand import SECOND, START, close_tick, empty, put, slots_of


def test_a_look_folds_the_tick_in_before_it_reads_features():
    table = empty()
    observer = Observer(table)
    for slot in range(5):
        put(table, slot, 1, 2, port=slot + 1)
    slots, matrix = observer.look(slots_of(5), START)
    assert slots.tolist() == [0, 1, 2, 3, 4]
    assert matrix.shape == (5, WIDTH)
    close_tick(table, [0, 1, 2, 3, 4])
    slots, again = observer.look(slots_of(0), START + SECOND)
    assert slots.tolist() == [0, 1, 2, 3, 4]  # the second look
    assert again.shape == (5, WIDTH)
    assert observer.look(slots_of(0), START + 2 * SECOND)[0].tolist() == []
    assert observer.evicted == 0


def test_the_last_look_waits_for_nobody():
    table = empty()
    observer = Observer(table)
    put(table, 0, 1, 2)
    observer.look(slots_of(1), START)
    assert observer.look(slots_of(0), START + 1, last=True)[0].tolist() == [0]


def test_it_says_when_the_next_second_look_is_due():
    table = empty()
    observer = Observer(table)
    assert observer.next_look() == NEVER
    put(table, 0, 1, 2)
    observer.look(slots_of(1), START)
    assert observer.next_look() == START + SECOND
    observer.look(slots_of(0), START + SECOND)
    assert observer.next_look() == NEVER


def test_hands_share_the_rows_and_change_nothing():
    table = empty(1024)
    for slot in range(900):
        put(table, slot, slot % 7, slot % 5, port=slot % 90)
    hands = Hands(3)
    one, many = Observer(table), Observer(table, hands=hands)
    for observer in (one, many):
        observer.found = observer.look(slots_of(900), START)
    hands.close()
    assert np.array_equal(one.found[1], many.found[1])


def test_room_follows_the_number_of_hosts():
    assert places_of(PLACES[0]) == PLACES
    assert places_of(PLACES[0] + 1) == tuple(2 * places for places in PLACES)
    assert places_of(1000) == tuple(places // 16 for places in PLACES)
    assert min(places_of(1)) == 8


def test_few_places_push_out_and_count():
    table = empty()
    few, many = Observer(table, hosts=8), Observer(table)
    for slot in range(200):
        put(table, slot, slot + 1, 1000 + slot)
    few.look(slots_of(200), START)
    many.look(slots_of(200), START)
    assert few.evicted > many.evicted == 0
