"""Behaviour cases: each folder's ``case.toml`` says which traffic is made and which alerts must come of it.

``[attacks]`` and ``[benign]`` give conversations a second by family; ``[expect]`` has ``alerts`` (families that must be
raised, each naming a true attacker or victim), ``also`` (families that may be raised beside them, true ones only),
``within_s`` (by when the expected ones must be there, after the first attempt) and ``most`` (alerts in all); ``ipv6``
is the share of conversations over IPv6. A
``tenfold.toml`` beside it is the detector's configuration; ``allowed`` and ``muted`` then give the families that are
kept, and of which nobody is told.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from campaign.alert_truth import against_attempts
from campaign.labels import is_attack, times, words
from contract.alert import Alert
from contract.schemas import TRUTH
from detector.config import Config
from detector.config_file import read
from detector.model import DEFAULT, load_default
from detector.pipeline import Detector
from generator.traffic import chunks
from generator.workload import Share, Workload

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/case.toml"))
KEYS = {"what", "seed", "duration", "sites", "clients", "attacks", "benign", "expect", "params", "ipv6"}

pytestmark = pytest.mark.skipif(not DEFAULT.is_file(), reason="no trained model in this tree")


def workload(case: dict[str, Any]) -> Workload:
    shares = {
        kind: tuple(
            Share(name, rate, case.get("params", {}).get(name, {})) for name, rate in case.get(kind, {}).items()
        )
        for kind in ("attacks", "benign")
    }
    rates = {kind: sum(case.get(kind, {}).values()) for kind in shares}
    return Workload(
        seed=case["seed"],
        duration_s=case["duration"],
        curve=((0.0, rates["attacks"]),),
        benign_curve=((0.0, rates["benign"]),),
        sites=case.get("sites", 20),
        clients=case.get("clients", 200),
        ipv6_share=case.get("ipv6", 0.1),
        **shares,
    )


def play(case: dict[str, Any], config: Config) -> tuple[list[Alert], pa.Table]:
    detector = Detector(config, load_default())
    truth, alerts = [], {}
    for chunk in chunks(workload(case)):
        detector.feed(chunk.frames)
        truth.append(chunk.truth)
        alerts.update({alert.alert_id: alert for alert in detector.outputs().alerts})
    detector.finish()
    alerts.update({alert.alert_id: alert for alert in detector.outputs().alerts})
    assert detector.settle().balanced, detector.settle().faults()
    return list(alerts.values()), pa.Table.from_batches(truth, TRUTH)


def test_there_are_cases_of_both_kinds() -> None:
    expected = [tomllib.loads((HERE / name / "case.toml").read_text())["expect"]["alerts"] for name in CASES]
    assert any(expected)
    assert not all(expected)


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    case = tomllib.loads((HERE / name / "case.toml").read_text(encoding="utf-8"))
    assert set(case) <= KEYS
    own = HERE / name / "tenfold.toml"
    found, truth = play(case, replace(read(own) if own.exists() else Config(), capacity=1 << 16))
    expect = case["expect"]
    alerts = [alert for alert in found if not alert.silenced]
    for kind in ("allowed", "muted"):
        assert {alert.family for alert in found if getattr(alert, kind)} == set(expect.get(kind, [])), kind
    told = [(a.family, a.attackers[:2], a.victims[:2], a.flows, a.evidence) for a in alerts]
    named = against_attempts(alerts, truth)
    assert all(named.named), f"false alerts: {[t for t, n in zip(told, named.named, strict=True) if not n]}"
    families = {alert.family for alert in alerts}
    assert set(expect["alerts"]) <= families, told
    assert families <= {*expect["alerts"], *expect.get("also", [])}, told
    assert len(alerts) <= expect.get("most", len(alerts)), told
    if "within_s" in expect:
        attack = is_attack(words(truth, "family"))
        begin = int(times(truth, "first")[attack].min())
        for family in expect["alerts"]:
            decided = min(a.decided for a in alerts if a.family == family)
            assert (decided - begin) / 1e9 <= expect["within_s"], family
