"""What an alert is about beyond its own flow: what its source, target or pair did before it, of its group, in time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from campaign.alert_matching import match
from campaign.alert_record import NOBODY, NONE, AlertRow, Kind, address
from campaign.alert_scopes import Cover, cover
from campaign.alert_table import Gathering
from campaign.family_map import Meaning
from campaign.true_flows import TrueFlows
from tests.campaign import judged
from tests.campaign.tables import SECOND, truth_table

GUESS = AlertRow(judged.START + 5 * SECOND, Kind("g"), address(judged.GUESSER), address(judged.SITE), 1005, 22, 6)
FLOOD = AlertRow(judged.START + 20_400_000_000, Kind("f"), address("198.18.77.4"), address(judged.SITE), 5004, 80, 6)


def covered(*rows: tuple[AlertRow, Meaning], truth: TrueFlows | None = None) -> Cover:
    found = Gathering()
    for row, _ in rows:
        found.add(row)
    truth = judged.truth() if truth is None else truth
    alerts = found.alerts()
    meanings = {row.kind: meaning for row, meaning in rows}
    matches = match(alerts, truth, SECOND // 10)
    return cover(alerts, truth, matches, tuple(meanings[kind] for kind in alerts.kinds), SECOND // 10)


def test_a_pair_within_its_window() -> None:
    found = covered((GUESS, Meaning("ssh_bruteforce", "pair", 3.2)))
    assert sorted(found.row.tolist()) == [2, 3, 4, 5]  # the third second's attempt had not ended 3.2 s before
    assert found.named.tolist() == [True]


def test_a_target_whoever_sent() -> None:
    found = covered((FLOOD, Meaning("syn_flood", "target", 60)))
    assert sorted(found.row.tolist()) == [10, 11, 12, 13, 14]


def test_only_attempts_of_its_group() -> None:
    assert not len(covered((FLOOD, Meaning("port_scan", "target", 60))).row)
    assert sorted(covered((FLOOD, Meaning("other_dos", "target", 60))).row.tolist()) == [10, 11, 12, 13, 14]
    assert not len(covered((FLOOD, Meaning("", "flow", 60))).row)


def test_an_alert_on_an_answer_is_turned_round() -> None:
    answer = GUESS._replace(src=GUESS.dst, dst=GUESS.src, src_port=22, dst_port=1005)
    found = covered((answer, Meaning("ssh_bruteforce", "source", 60)))
    assert sorted(found.row.tolist()) == [0, 1, 2, 3, 4, 5]


def test_a_pair_of_which_one_side_is_missing_counts_by_the_other() -> None:
    for side in ({"dst": NOBODY}, {"src": NOBODY}):
        bare = GUESS._replace(src_port=NONE, dst_port=NONE, protocol=NONE, **side)
        assert sorted(covered((bare, Meaning("ssh_bruteforce", "pair", 60))).row.tolist()) == [0, 1, 2, 3, 4, 5]
    nobody = GUESS._replace(src=NOBODY, dst=NOBODY)
    assert not len(covered((nobody, Meaning("ssh_bruteforce", "pair", 60))).row)


def test_what_comes_after_the_last_alert_is_not_covered() -> None:
    later = GUESS._replace(time=judged.START + 8 * SECOND, src_port=1008)
    found = covered((GUESS, Meaning("ssh_bruteforce", "pair", 60)), (later, Meaning("ssh_bruteforce", "pair", 60)))
    assert sorted(found.row.tolist()) == list(range(9))
    assert [int(found.alert[list(found.row).index(row)]) for row in (5, 6)] == [0, 1]  # the next one counts


@pytest.mark.parametrize("scope", ["pair", "source", "target"])
def test_an_alert_of_another_time_or_host_is_about_nothing(scope: str) -> None:
    meaning = Meaning("ssh_bruteforce", scope, 60)
    other = address("198.18.200.200")
    for row in (GUESS._replace(time=judged.START - 10 * SECOND), GUESS._replace(src=other, dst=other)):
        found = covered((row, meaning))
        assert not len(found.row)
        assert not found.named.any()


def test_without_attacks_nothing_is_covered() -> None:
    truth = replace(judged.truth(), table=truth_table({}))
    assert not len(covered((GUESS, Meaning("ssh_bruteforce", "pair", 60)), truth=truth).row)
