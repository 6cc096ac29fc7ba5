"""A clock that is off is told by how much, from the alerts alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign.clock_offset import estimate
from tests.campaign import judged, recorded
from tests.campaign.tables import SECOND


@pytest.mark.parametrize("seconds", [0.0, 0.2, -3.0, 3600.0, -7200.25, 86_000.0])
def test_the_offset_that_most_alerts_agree_on(tmp_path: Path, seconds: float) -> None:
    records = [recorded.eve_alert(flow, flow.first + round(seconds * SECOND)) for flow in judged.flows()]
    _, read = judged.eve(tmp_path, records)
    found = estimate(read.alerts, judged.truth())
    assert found.low is not None
    assert found.high is not None
    assert found.low <= seconds <= found.high
    assert found.seconds is not None
    if abs(seconds) <= 0.3:  # within the length of a flow an alert may be late instead
        assert found.seconds == 0.0
    else:
        assert abs(found.seconds - seconds) <= 0.26
    assert (found.agreeing, found.of) == (20, 20)


def test_a_few_that_lie_do_not_move_it(tmp_path: Path) -> None:
    records = [recorded.eve_alert(flow, flow.first + 100 * SECOND) for flow in judged.flows("ssh_bruteforce")]
    lying = enumerate(judged.flows("syn_flood"))
    records += [recorded.eve_alert(flow, flow.first - n * 7 * SECOND) for n, flow in lying]
    _, read = judged.eve(tmp_path, records)
    found = estimate(read.alerts, judged.truth())
    assert found.seconds is not None
    assert abs(found.seconds - 100) < 0.5
    assert found.as_dict()["agreeing"] == 10


def test_nothing_can_be_told_of_alerts_on_nothing(tmp_path: Path) -> None:
    _, read = judged.eve(tmp_path, [])
    assert estimate(read.alerts, judged.truth()).seconds is None
    stranger = judged.flows()[0].__class__(
        "web_attack", judged.START, judged.START, "10.0.0.1", "10.0.0.2", 1, 2, 6, ""
    )
    _, read = judged.eve(tmp_path, [recorded.eve_alert(stranger)])
    assert estimate(read.alerts, judged.truth()).seconds is None
