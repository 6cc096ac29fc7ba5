"""Which flows lie inside which alert."""

from __future__ import annotations

import numpy as np
import pytest

from campaign.alert_truth import AlertTruth, Cause
from campaign.coverage import claimed, cover, covered
from campaign.flow_words import fold
from tests.campaign.tables import SECOND, alert, flows_table, verdicts_table


@pytest.mark.parametrize(
    ("given", "inside"),
    [
        ({}, [True, True]),  # either side may be the attacker
        ({"protocol": 17}, [False, False]),
        ({"ports": [443], "ports_total": 1}, [False, False]),
        ({"ports": [443], "ports_total": 51}, [True, True]),  # a cut list excludes nobody
        ({"last_seen": 1, "first_seen": 0}, [True, False]),
        ({"attackers": ["198.18.9.9"]}, [False, False]),
        ({"attackers": ["198.18.9.9"], "attackers_total": 900}, [True, True]),
        ({"attackers": ["02:00:00:00:00:01"], "victims": []}, [False, False]),
    ],
)
def test_addresses_port_and_time(given: dict[str, object], inside: list[bool]) -> None:
    flows = flows_table({}, {"src": "198.18.1.1", "dst": "198.18.0.1", "first": SECOND, "last": 2 * SECOND})
    assert covered(flows, alert(**given)).tolist() == inside


def test_claims_of_verdict_rows_and_cover_of_the_rest() -> None:
    flows = flows_table({}, {}, {"dst": "198.18.8.8"})
    said = fold(flows, verdicts_table({"flow_id": 1, "family": "syn_flood", "alert_id": 1}))
    by_alert = claimed(said, [alert()])
    assert by_alert.tolist() == ["syn_flood", "benign", "benign"]
    true = np.array(["syn_flood", "udp_flood", "syn_flood"], object)
    truth = AlertTruth([Cause("syn_flood", 0, 9)], [[0]])
    cover(by_alert, flows, [alert()], truth, true, said)
    assert by_alert.tolist() == ["syn_flood", "syn_flood", "benign"]


def test_a_false_alert_covers_nothing_and_the_right_family_is_kept() -> None:
    flows = flows_table({})
    said = fold(flows, verdicts_table())
    true = np.array(["udp_flood"], object)
    by_alert = claimed(said, [])
    cover(by_alert, flows, [alert()], AlertTruth([], [[]]), true, said)
    assert by_alert.tolist() == ["benign"]
    alerts = [alert(family="udp_flood"), alert()]
    cover(by_alert, flows, alerts, AlertTruth([Cause("udp_flood", 0, 9)], [[0], [0]]), true, said)
    assert by_alert.tolist() == ["udp_flood"]
