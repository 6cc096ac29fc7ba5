import numpy as np
import pytest

from detector.features import MODEL_WIDTH
from detector.features import NAMES as ALL
from detector.features_composite import NAMES, composite

BASE = MODEL_WIDTH - len(NAMES)


def combined(**columns):
    row = np.zeros(MODEL_WIDTH, np.float32)
    for name, value in columns.items():
        row[ALL.index(name)] = value
    row[BASE:] = np.nan
    assert composite(row, BASE) == MODEL_WIDTH
    return dict(zip(NAMES, row[BASE:].tolist(), strict=True))


def test_they_stand_behind_the_columns_that_they_are_made_of():
    assert ALL[BASE:MODEL_WIDTH] == NAMES
    assert np.isfinite(list(combined().values())).all()


def test_many_ports_count_only_where_nobody_answers():
    assert combined(pair_ports_60s=5, pair_unanswered_60s=1)["pair_failed_ports_60s"] == 5
    assert combined(pair_ports_60s=5, pair_refused_60s=1)["pair_failed_ports_60s"] == 5
    assert combined(pair_ports_60s=5, pair_unanswered_60s=0)["pair_failed_ports_60s"] == 0
    assert combined(pair_ports_60s=5, pair_unanswered_60s=-1)["pair_failed_ports_60s"] == 0


def test_a_beat_is_regular_where_gaps_and_sizes_are():
    even = {"conversation_bursts": 3, "conversation_burst_gap": 8}
    assert combined(**even)["conversation_regularity"] == 3
    assert combined(**even, conversation_burst_gap_spread=2)["conversation_regularity"] == 0
    assert combined(**even, conversation_burst_fwd_spread=2)["conversation_regularity"] == 0
    assert combined(conversation_bursts=1, conversation_burst_gap=-1)["conversation_regularity"] == 0


def test_sameness_of_finished_flows():
    assert combined(service_closed=4)["service_sameness"] == 4
    assert combined(service_closed=4, service_got_spread=0.5)["service_sameness"] == 2
    assert combined(service_closed=4, service_sent_spread=-1)["service_sameness"] == 0


def test_logins_need_a_service_with_logins():
    assert combined(conversation_closed=3)["conversation_logins"] == 0
    assert combined(conversation_closed=3, app_ssh=1)["conversation_logins"] == 3


def test_a_scan_has_ports_and_a_sweep_has_peers():
    assert combined(src_ports_60s=5, src_peers_60s=1)["src_ports_to_peers"] == pytest.approx(4)
    assert combined(src_ports_60s=1, src_peers_60s=5)["src_ports_to_peers"] == pytest.approx(-4)
