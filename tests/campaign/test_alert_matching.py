"""Which flows an alert names: by tuple in either direction, Community ID, pair of addresses, one address; and when."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.alert_matching import FLOW, HOST, PAIR, Matches, match
from campaign.alert_record import NOBODY, NONE, AlertRow, Kind, address
from campaign.alert_table import Gathering
from campaign.true_flows import TrueFlows
from contract.community_id import community_id
from tests.campaign import judged
from tests.campaign.tables import SECOND, truth_table

BASE = AlertRow(judged.START, Kind("x"), address(judged.GUESSER), address(judged.SITE), 1000, 22, 6)
HALF = SECOND // 2


def rows_of(*rows: AlertRow, truth: TrueFlows | None = None, tolerance: int = HALF, seed: int = 0) -> Matches:
    found = Gathering()
    for row in rows:
        found.add(row)
    return match(found.alerts(), judged.truth() if truth is None else truth, tolerance, seed)


def test_a_tuple_in_either_direction() -> None:
    answer = BASE._replace(src=BASE.dst, dst=BASE.src, src_port=22, dst_port=1000)
    for row in (BASE, answer):
        found = rows_of(row)
        assert found.row.tolist() == [0]
        assert found.level.tolist() == [FLOW]


@pytest.mark.parametrize(
    "change", [{"src_port": 1}, {"protocol": 17}, {"src": address("198.18.0.8")}, {"dst_port": 23}]
)
def test_another_tuple_is_another_flow(change: dict[str, object]) -> None:
    assert not len(rows_of(BASE._replace(**change)).row)


@given(st.integers(-3 * SECOND, 3 * SECOND), st.integers(0, SECOND))
def test_time_within_the_tolerance(shift: int, tolerance: int) -> None:
    found = rows_of(BASE._replace(time=judged.START + shift), tolerance=tolerance)
    assert (found.row.tolist() == [0]) == (-tolerance <= shift <= HALF + tolerance)


def test_a_port_that_is_used_again_is_told_apart_by_time() -> None:
    rows = [judged.row(second, family="web_attack", src_port=9) for second in (0, 10, 20)]
    truth = TrueFlows("again", truth_table(*rows))
    row = AlertRow(judged.START + 10 * SECOND, Kind("x"), address("198.18.1.1"), address("198.18.0.1"), 80, 9, 6)
    assert rows_of(row, truth=truth).row.tolist() == [1]


def test_a_community_id_alone_and_its_seed() -> None:
    for seed in (0, 7):
        name = community_id(BASE.src, BASE.dst, 1003, 22, 6, seed)
        row = AlertRow(judged.START + 3 * SECOND, Kind("x"), community_id=name)
        assert rows_of(row, seed=seed).row.tolist() == [3]
        assert not len(rows_of(row, seed=seed + 1).row)
        rewritten = BASE._replace(time=row.time, src=address("10.0.0.1"), community_id=name)
        assert rows_of(rewritten, seed=seed).row.tolist() == [3]


def test_a_pair_of_addresses_and_a_port() -> None:
    pair = BASE._replace(src_port=NONE, dst_port=NONE, protocol=NONE)
    found = rows_of(pair, tolerance=2 * SECOND)
    assert found.level.tolist() == [PAIR]
    assert sorted(found.row.tolist()) == [0, 1, 2]
    assert not len(rows_of(pair._replace(dst_port=80), tolerance=2 * SECOND).row)
    assert len(rows_of(pair._replace(dst_port=22, protocol=6), tolerance=2 * SECOND).row) == 3
    assert not len(rows_of(pair._replace(protocol=17), tolerance=2 * SECOND).row)


def test_one_address_on_either_side() -> None:
    for row in (BASE._replace(dst=NOBODY, protocol=NONE), BASE._replace(src=NOBODY, dst=address(judged.GUESSER))):
        found = rows_of(row._replace(src_port=NONE, dst_port=NONE))
        assert found.level.tolist() == [HOST]
        assert found.row.tolist() == [0]
    assert not len(rows_of(AlertRow(judged.START, Kind("x"))).row)


def test_icmp_by_the_type_of_question_or_answer() -> None:
    truth = TrueFlows("icmp", truth_table(judged.row(0, protocol=1, src_port=8, dst_port=0, family="icmp_flood")))
    row = AlertRow(judged.START, Kind("x"), address("198.18.1.1"), address("198.18.0.1"), 0, 0, 1)
    assert rows_of(row, truth=truth).row.tolist() == [0]
    assert not len(rows_of(row._replace(src_port=3), truth=truth).row)


def test_many_alerts_match_as_each_would_alone() -> None:
    """Against a plain reading, row by row."""
    truth = judged.truth()
    generator = np.random.default_rng(1)
    rows = []
    for _ in range(300):
        at = int(generator.integers(len(truth)))
        flow = judged.flows()[at]
        turned = generator.random() < 0.5
        ends = (flow.src, flow.dst, flow.src_port, flow.dst_port)
        src, dst, sp, dp = (ends[1], ends[0], ends[3], ends[2]) if turned else ends
        when = flow.first + int(generator.integers(-SECOND, 2 * SECOND))
        rows.append(AlertRow(when, Kind("x"), address(src), address(dst), sp, dp, 6))
    gathered = Gathering()
    for row in rows:
        gathered.add(row)
    alerts = gathered.alerts()
    found = match(alerts, truth, HALF)
    pairs = set(zip(found.alert.tolist(), found.row.tolist(), strict=True))
    expected = set()
    for number in range(len(alerts)):
        for at, flow in enumerate(judged.flows()):
            one = {(flow.src, flow.src_port), (flow.dst, flow.dst_port)}
            two = {
                (address(flow.src), flow.src_port): (flow.src, flow.src_port),
                (address(flow.dst), flow.dst_port): (flow.dst, flow.dst_port),
            }
            ends_ = [
                (alerts.src[number].tobytes(), int(alerts.src_port[number])),
                (alerts.dst[number].tobytes(), int(alerts.dst_port[number])),
            ]
            same = {two.get(end) for end in ends_} == one
            when = int(alerts.time[number])
            if same and flow.first - HALF <= when <= flow.last + HALF:
                expected.add((number, at))
    assert pairs == expected
    assert len(pairs) > 100


def test_no_alerts_match_nothing() -> None:
    assert not len(rows_of().row)
    assert not len(rows_of(BASE, truth=TrueFlows("empty", truth_table())).row)
