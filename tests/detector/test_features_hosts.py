import numpy as np
import pytest

from detector.features_hosts import NAMES, host_features
from detector.windows import update
from detector.windows_state import KINDS, find, keys_of, new_windows, sketch_time
from tests.detector.flows_by_hand import SECOND, START, close_tick, empty, put, slots_of


def row_of(table, windows, slot, now):
    keys, places = np.zeros(KINDS, np.uint64), np.zeros(KINDS, np.int64)
    keys_of(table.flows[slot], windows.seed[0], keys)
    for kind in range(KINDS):
        places[kind] = find(windows, kind, keys[kind])
    out = np.full(len(NAMES), np.nan, np.float32)
    assert host_features(windows, places, now, sketch_time(windows, now), out, 0) == len(NAMES)
    return dict(zip(NAMES, out.tolist(), strict=True))


def test_unknown_hosts_have_neutral_rows():
    table = empty()
    put(table, 0, 1, 2)
    row = row_of(table, new_windows(), 0, START)
    assert row["src_starts_60s"] == 0
    assert row["src_unanswered_60s"] == -1
    assert np.isfinite(list(row.values())).all()


def test_counts_fade_with_time():
    table, windows = empty(), new_windows()
    put(table, 0, 1, 2)
    update(windows, table, slots_of(1), START)
    now, later = row_of(table, windows, 0, START), row_of(table, windows, 0, START + 10 * SECOND)
    assert now["src_starts_10s"] == pytest.approx(np.log1p(1), rel=1e-3)
    assert later["src_starts_10s"] == pytest.approx(np.log1p(np.exp(-1)), rel=1e-3)


def test_refused_and_half_open_shares():
    table, windows = empty(), new_windows()
    for slot in range(10):
        put(table, slot, 1, 2, port=slot + 1, tcp_state=65, flags=(2, 20), packets=(1, 1))
    update(windows, table, slots_of(10), START)
    row = row_of(table, windows, 0, START)
    assert row["pair_refused_10s"] == pytest.approx(1)
    assert row["pair_unanswered_10s"] == pytest.approx(0)
    assert row["dst_half_open_10s"] == pytest.approx(1)


def test_a_burst_is_faster_than_the_minute_before():
    table, windows = empty(), new_windows()
    for second in range(60):
        put(table, 0, 1, 2)
        update(windows, table, slots_of(1), START + second * SECOND)
    for slot in range(50):
        put(table, slot, 1, 2)
    steady = row_of(table, windows, 0, START + 60 * SECOND)["src_rate_change"]
    update(windows, table, slots_of(50), START + 60 * SECOND)
    assert steady < 1
    assert row_of(table, windows, 0, START + 60 * SECOND)["src_rate_change"] > 2


def test_missing_names_and_their_length():
    table, windows = empty(), new_windows()
    for number in range(5):
        put(table, 0, 1, 2, port=53, protocol=17, dns_queries=number + 1, dns_nxdomain=number + 1)
        table.flows["dns_name_bytes"][0] = 50 * (number + 1)
        table.before["dns_queries"][0] = number
        table.before["dns_nxdomain"][0] = number
        table.before["dns_name_bytes"][0] = 50 * number
        update(windows, table, slots_of(1), START + number)
        close_tick(table, [0])
    row = row_of(table, windows, 0, START + 5)
    assert row["src_dns_missing_600s"] == pytest.approx(1, rel=1e-3)
    assert row["src_dns_name_600s"] == pytest.approx(0.5, rel=1e-3)
