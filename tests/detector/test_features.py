import numpy as np
import pytest

from detector.features import FEATURES, NAMES, WIDTH, features, fill
from detector.windows import update
from detector.windows_state import KINDS, locate, new_windows
from tests.detector.flows_by_hand import SECOND, START, close_tick, empty, put, slots_of


def row_of(matrix, name, row=0):
    return float(matrix[row, NAMES.index(name)])


def test_names_are_unique_and_every_column_is_written():
    table, windows = empty(), new_windows()
    put(table, 0, 1, 2)
    out = np.full((1, WIDTH), np.nan, np.float32)
    update(windows, table, slots_of(1), START)
    places = np.empty((1, KINDS), np.int64)
    locate(windows, table, slots_of(1), places)
    assert fill(table, windows, slots_of(1), places, START, out) == WIDTH
    assert not np.isnan(out).any()
    assert len(set(NAMES)) == WIDTH == len(FEATURES)


@pytest.mark.parametrize("seed", range(8))
def test_any_table_gives_finite_numbers(seed):
    """Records of random bits stand for whatever hostile frames may bring about."""
    rng = np.random.default_rng(seed)
    table, windows = empty(64), new_windows()
    count = 40
    raw = rng.integers(0, 256, table.flows[:count].nbytes, np.uint8)
    table.flows[:count] = raw.view(table.flows.dtype)
    for name in (
        "gap_mean",
        "gap_m2",
        "gap_max",
        "gap_min",
        "dns_entropy_sum",
        "dns_entropy_max",
    ):
        table.flows[name][:count] = rng.uniform(0, 100, table.flows[name][:count].shape)
    table.before[:count] = rng.integers(0, 256, table.before[:count].nbytes, np.uint8).view(table.before.dtype)
    table.before["dns_entropy_sum"][:count] = rng.uniform(0, 100, count)
    table.flows["payload_row"][:count] = 1 + np.arange(count)
    table.flows["payload_kept"][:count] %= 129
    table.flows["sizes_count"][:count] %= 17
    table.flows["first"][:count] = START - rng.integers(0, SECOND, count)
    table.flows["last"][:count] = START
    table.payload[1 : 1 + count] = rng.integers(0, 256, (count, 2, 128), np.uint8)
    update(windows, table, slots_of(count), START)
    matrix = features(table, windows, slots_of(count), START)
    assert matrix.shape == (count, WIDTH)
    assert np.isfinite(matrix).all()


def test_no_slots_no_rows():
    assert features(empty(), new_windows(), slots_of(0), START).shape == (0, WIDTH)


def test_addresses_time_and_ttl_do_not_matter():
    """The same behaviour between other hosts, at another time, with another TTL, gives the same row."""
    rows = []
    for shift, when, ttl in ((0, START, 64), (70_000, START + 12_345 * SECOND, 128)):
        table, windows = empty(), new_windows()
        for slot in range(12):
            put(table, slot, 1 + shift, 2 + shift + slot % 3, first=when, last=when, ttl_first=(ttl, ttl))
        update(windows, table, slots_of(12), when)
        rows.append(features(table, windows, slots_of(12), when))
    peers = [i for i, name in enumerate(NAMES) if "peers" in name or "per_start" in name or "targets" in name]
    others = np.setdiff1d(np.arange(WIDTH), peers)  # sketches may collide otherwise: approximately the same
    np.testing.assert_array_equal(rows[0][:, others], rows[1][:, others])
    np.testing.assert_allclose(rows[0][:, peers], rows[1][:, peers], atol=0.3)


def test_a_port_scan_shows_in_the_pair():
    table, windows = empty(), new_windows()
    for slot in range(60):
        put(table, slot, 1, 2, port=100 + slot)
    update(windows, table, slots_of(60), START)
    matrix = features(table, windows, slots_of(60), START)
    assert row_of(matrix, "pair_ports_10s") == pytest.approx(np.log1p(60), abs=0.3)
    assert row_of(matrix, "src_peers_10s") == pytest.approx(np.log1p(1), abs=0.05)
    assert row_of(matrix, "pair_unanswered_10s") == 1.0


def test_a_sweep_shows_in_the_source():
    table, windows = empty(), new_windows()
    for slot in range(60):
        put(table, slot, 1, 100 + slot)
    update(windows, table, slots_of(60), START)
    matrix = features(table, windows, slots_of(60), START)
    assert row_of(matrix, "src_peers_10s") == pytest.approx(np.log1p(60), abs=0.3)
    assert row_of(matrix, "src_ports_10s") == pytest.approx(np.log1p(1), abs=0.05)


def test_a_beacon_shows_in_the_conversation():
    table, windows = empty(), new_windows()
    for beat in range(12):
        when = START + 10 * SECOND * beat
        put(table, 0, 1, 2, port=443, first=when, last=when, payload=(300, 200), packets=(4, 4))
        update(windows, table, slots_of(1), when)
        close_tick(table, [0])
    matrix = features(table, windows, slots_of(1), when)
    assert row_of(matrix, "conversation_burst_gap") == pytest.approx(np.log1p(10_000), rel=1e-3)
    assert row_of(matrix, "conversation_burst_gap_spread") == pytest.approx(0, abs=1e-3)
    assert row_of(matrix, "conversation_burst_fwd_spread") == pytest.approx(0, abs=1e-3)
