import math
from collections import defaultdict

import numpy as np
import pytest

from detector.windows import update
from detector.windows_events import ANSWERED, COUNTS, MAC_CONFLICTS, STARTS
from detector.windows_state import (
    CONVERSATION,
    GAP_MEAN,
    GAP_VAR,
    KINDS,
    LAST,
    MAC,
    ONSETS,
    PAIR,
    SENT_MEAN,
    SRC,
    TAUS,
    distinct,
    find,
    keys_of,
    new_windows,
    sketch_time,
)
from tests.detector.flows_by_hand import SECOND, START, close_tick, empty, put, slots_of

SMALL = (64, 64, 64, 64, 64, 64)


def place_of(windows, table, slot, kind):
    keys = np.zeros(KINDS, np.uint64)
    keys_of(table.flows[slot], windows.seed[0], keys)
    return find(windows, kind, keys[kind])


def test_counts_fade_like_a_plain_sum_of_exponentials():
    """Oracle: every start adds exp(-age / tau) to its source."""
    rng = np.random.default_rng(3)
    table, windows = empty(), new_windows(places=SMALL)
    started = defaultdict(list)
    now = START
    for _ in range(30):
        now += int(rng.integers(1, 40)) * SECOND // 20
        count = int(rng.integers(1, 6))
        for slot in range(count):
            source = int(rng.integers(1, 5))
            put(table, slot, source, int(rng.integers(10, 90)), first=now, last=now)
            started[source].append(now)
        update(windows, table, slots_of(count), now)
        close_tick(table, list(range(count)))
    for source, times in started.items():
        put(table, 0, source, 1)
        place = place_of(windows, table, 0, SRC)
        at = windows.times[place, LAST]
        for w, tau in enumerate(TAUS):
            expected = sum(math.exp(-(at - t) / SECOND / tau) for t in times)
            assert windows.counts[place, w, STARTS] == pytest.approx(expected, rel=1e-3)


def test_a_reply_counts_once_and_later_than_its_start():
    table, windows = empty(), new_windows(places=SMALL)
    put(table, 0, 1, 2)
    update(windows, table, slots_of(1), START)
    close_tick(table, [0])
    table.flows["packets"][0] = (1, 1)
    update(windows, table, slots_of(1), START + 1)
    close_tick(table, [0])
    table.flows["packets"][0] = (2, 2)
    update(windows, table, slots_of(1), START + 2)
    counts = windows.counts[place_of(windows, table, 0, PAIR)]
    assert counts[3, STARTS] == pytest.approx(1, rel=1e-3)
    assert counts[3, ANSWERED] == pytest.approx(1, rel=1e-3)


def test_sketches_tell_how_many_ports_were_tried():
    table, windows = empty(), new_windows(places=SMALL)
    for slot in range(40):
        put(table, slot, 1, 2, port=1000 + slot)
    update(windows, table, slots_of(40), START)
    place = place_of(windows, table, 0, PAIR)
    assert distinct(windows.ports[place], sketch_time(windows, START), 10.0) == pytest.approx(40, rel=0.25)
    assert distinct(windows.ports[place], sketch_time(windows, START + 11 * SECOND), 10.0) == 0


@pytest.mark.parametrize("jitter", [0.0, 0.2])
def test_the_rhythm_of_a_beacon_is_its_period(jitter):
    """Oracle: mean and deviation of the gaps between the beats."""
    rng = np.random.default_rng(7)
    table, windows = empty(), new_windows(places=SMALL)
    beats = START + np.cumsum(5 * SECOND * (1 + jitter * rng.uniform(-1, 1, 40))).astype(np.int64)
    for beat in beats.tolist():
        put(table, 0, 1, 2, first=beat, last=beat)
        update(windows, table, slots_of(1), beat)
    rhythm = windows.rhythm[place_of(windows, table, 0, CONVERSATION)]
    gaps = np.diff(beats) / SECOND
    assert rhythm[ONSETS] == len(beats)
    assert rhythm[GAP_MEAN] == pytest.approx(gaps[-16:].mean(), rel=0.08)
    assert math.sqrt(rhythm[GAP_VAR]) == pytest.approx(gaps.std(), abs=0.25)


def test_finished_flows_teach_what_is_usual():
    table, windows = empty(), new_windows(places=SMALL)
    for number in range(6):
        put(table, 0, 1, 2, payload=(100, 900), tcp_state=1 | 2 | 4 | 8, last=START + number)
        update(windows, table, slots_of(1), START + number)
    assert windows.rhythm[place_of(windows, table, 0, CONVERSATION), SENT_MEAN] == pytest.approx(
        math.log(101), rel=1e-5
    )


def test_two_macs_that_claim_one_address_conflict():
    table, windows = empty(), new_windows(places=SMALL)
    for number, mac in enumerate((0x020000000001, 0x020000000002, 0x020000000001)):
        put(table, 0, 9, 8, protocol=0x0806, port=(0, 0), arp_mac=(mac, 0))
        update(windows, table, slots_of(1), START + number)
    assert windows.counts[place_of(windows, table, 0, SRC), 3, MAC_CONFLICTS] == pytest.approx(2, rel=1e-3)
    assert windows.counts[place_of(windows, table, 0, MAC), 3, MAC_CONFLICTS] == pytest.approx(1, rel=1e-3)


def test_the_same_changes_give_the_same_state():
    states = []
    for _ in range(2):
        table, windows = empty(), new_windows(places=SMALL)
        for slot in range(20):
            put(table, slot, slot % 3, slot % 5)
        update(windows, table, slots_of(20), START)
        states.append(windows)
    for one, other in zip(*states, strict=True):
        np.testing.assert_array_equal(one, other)
    assert states[0].counts.shape[2] == COUNTS
