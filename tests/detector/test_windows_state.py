import numpy as np
import pytest

from detector.windows import update
from detector.windows_state import EVICTED, KINDS, REGISTERS, SRC, distinct, find, keys_of, mix, new_windows
from tests.detector.flows_by_hand import SECOND, START, empty, put, slots_of


def key(windows, table, slot, kind):
    keys = np.zeros(KINDS, np.uint64)
    keys_of(table.flows[slot], windows.seed[0], keys)
    return keys[kind]


def test_one_packet_sources_push_each_other_out_and_the_busy_one_stays():
    table, windows = empty(), new_windows(places=(8, 8, 8, 8, 8, 8))
    for number in range(20):
        put(table, 0, 1, number)
        update(windows, table, slots_of(1), START + number)
    busy = key(windows, table, 0, SRC)
    for number in range(50):
        put(table, 0, 100 + number, 2)
        update(windows, table, slots_of(1), START + 30 * SECOND + number)
    assert find(windows, SRC, busy) >= 0
    assert windows.counters[EVICTED] > 0


def test_what_is_not_kept_is_not_found():
    assert find(new_windows(), SRC, np.uint64(12345)) == -1
    assert find(new_windows(), SRC, np.uint64(0)) == -1


def test_another_seed_gives_other_keys():
    table = empty()
    put(table, 0, 1, 2)
    assert key(new_windows(1), table, 0, SRC) != key(new_windows(2), table, 0, SRC)


def test_mix_is_splitmix64():
    """First output of the reference generator (Steele et al., 2014) seeded with 0."""
    assert int(mix(np.uint64(0))) == 0xE220A8397B1DCDAF


@pytest.mark.parametrize("count", [0, 1, 10, 60, 150])
def test_linear_counting_is_close(count):
    rng = np.random.default_rng(count)
    registers = np.zeros(REGISTERS, np.uint32)
    registers[rng.integers(0, REGISTERS, count)] = 100
    assert distinct(registers, np.uint32(100), 10.0) == pytest.approx(count, rel=0.35, abs=0.6)
