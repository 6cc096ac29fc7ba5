"""Alerts: one incident is one alert, raised when enough speaks for it, updated while it lasts, then closed."""

from __future__ import annotations

import numpy as np
import pytest

from contract.alert import Alert
from detector.config import Config
from detector.flowtable import NEVER
from detector.pipeline import Detector, Judge
from detector.policy import Policy
from tests.detector.streams import SECOND, START, Frame, Scripted, always, arp, batch, tcp, udp

SMALL = Config(capacity=4096)


def alerts_of(model: Judge, frames: list[Frame], config: Config = SMALL) -> list[Alert]:
    detector = Detector(config, model)
    found = []
    for one in frames:
        detector.feed(batch([one]))
        found += detector.outputs().alerts
    detector.finish()
    return found + detector.outputs().alerts


def scan(ports: int, step_ns: int = 2_000_000) -> list[Frame]:
    return [(n * step_ns, tcp("198.18.0.9", "198.18.1.1", 40000, 1 + n)) for n in range(ports)]


def test_a_scan_is_one_alert_with_figures() -> None:
    alerts = alerts_of(always("port_scan"), scan(400))
    assert {a.alert_id for a in alerts} == {1}
    assert [a.revision for a in alerts] == list(range(1, len(alerts) + 1))
    first, last = alerts[0], alerts[-1]
    assert first.open
    assert not last.open
    assert last.family == "port_scan"
    assert (last.attackers, last.victims) == (["198.18.0.9"], ["198.18.1.1"])
    assert last.flows == 400
    assert len(last.ports) == 50
    assert abs(last.ports_total - 400) <= 40
    assert (last.first_seen, last.last_seen) == (START, START + 399 * 2_000_000)
    assert "ports of one host in 0.8 s, 100 % unanswered" in last.evidence[0]
    assert first.decided == START + 50_000_000
    assert len(last.sample_flows) == 5
    assert last.sample_flows[0]["community_id"].startswith("1:")
    assert last.severity in ("low", "medium")
    assert 0 < first.confidence < last.confidence <= 1


def test_single_oddities_raise_nothing() -> None:
    assert alerts_of(always("port_scan"), scan(3)) == []
    assert alerts_of(always("syn_flood"), scan(8)) == []


def test_a_sweep_that_asks_by_arp_and_then_knocks_is_one_alert() -> None:
    asked = [(n * 2_000_000, arp(9, "198.18.0.9", f"198.18.1.{n + 1}", 1)) for n in range(20)]
    knocked = [((20 + n) * 2_000_000, tcp("198.18.0.9", f"198.18.1.{n + 1}", 40000, 22)) for n in range(20)]
    alerts = alerts_of(always("host_sweep"), asked + knocked)
    assert {a.alert_id for a in alerts} == {1}
    assert alerts[-1].flows == 40
    assert alerts[-1].attackers == ["198.18.0.9"]


def test_little_certainty_needs_more_flows() -> None:
    sure = alerts_of(always("port_scan", 0.99), scan(60, 60_000_000))
    unsure = alerts_of(always("port_scan", 0.65), scan(60, 60_000_000))
    assert sure[0].decided < unsure[0].decided


def test_slow_evidence_fades() -> None:
    slow = [(n * 200 * SECOND, tcp("198.18.0.9", "198.18.1.1", 40000, 1 + n)) for n in range(30)]
    assert alerts_of(always("port_scan", 0.9), slow) == []


def test_a_flood_is_one_alert_of_its_victim_with_all_its_sources() -> None:
    frames = [(n * 500_000, tcp(f"198.19.{n // 250}.{n % 250 + 1}", "198.18.1.1", 1024 + n, 80)) for n in range(1500)]
    last = alerts_of(always("syn_flood"), frames)[-1]
    assert last.alert_id == 1
    assert last.victims == ["198.18.1.1"]
    assert last.ports == [80]
    assert abs(last.attackers_total - 1500) < 150
    assert len(last.attackers) == 50
    assert last.severity in ("high", "critical")
    assert "flows at 198.18.1.1" in last.evidence[0]


def test_two_causes_are_two_alerts() -> None:
    frames = [(n * 1_000_000, tcp(f"198.18.0.{1 + n % 2}", "198.18.1.1", 4000, 1 + n)) for n in range(200)]
    alerts = alerts_of(always("port_scan"), frames)
    assert {tuple(a.attackers) for a in alerts} == {("198.18.0.1",), ("198.18.0.2",)}
    assert {a.alert_id for a in alerts} == {1, 2}


def test_one_flow_may_be_a_flood() -> None:
    frames = [(n * 100_000, udp("198.18.0.9", "198.18.1.1", 4000, 9)) for n in range(9000)]
    last = alerts_of(always("udp_flood"), frames)[-1]
    assert last.family == "udp_flood"
    assert last.flows == 1
    assert last.packets == 9000


def test_an_alert_is_written_at_most_once_a_second() -> None:
    alerts = alerts_of(always("port_scan"), scan(1000, 10_000_000))  # ten seconds
    assert len(alerts) <= 12


def test_a_quiet_incident_closes_and_the_next_is_another() -> None:
    later = [(when + 400 * SECOND, frame) for when, frame in scan(100)]
    alerts = alerts_of(always("port_scan"), scan(100) + later)
    assert {a.alert_id for a in alerts} == {1, 2}
    assert sum(not a.open for a in alerts) == 2
    closed = next(a for a in alerts if not a.open)
    assert closed.flows == 100


def test_the_family_is_that_of_most_evidence() -> None:
    # Scans and guessing share no incident, but the first few flows of the scan are taken for something else.
    model = Scripted(lambda column: np.where(column("src_ports_10s") > 1.8, 2, 7))
    alerts = alerts_of(model, scan(200))
    assert {a.alert_id for a in alerts} == {1}
    assert alerts[-1].family == "port_scan"
    assert alerts[-1].flows == 200


def test_arp_spoofing_is_told_by_mac() -> None:
    frames = [(n * SECOND, arp(0x0200000000AB, "198.18.0.1", f"198.18.0.{2 + n % 3}")) for n in range(12)]
    last = alerts_of(always("arp_spoofing"), frames)[-1]
    assert last.attackers[0] == "02:00:00:00:00:ab"
    assert "198.18.0.1" in last.attackers
    assert last.evidence[0].startswith("02:00:00:00:00:ab claims 1 address towards 3 hosts")


def test_guessing_names_both_sides_and_the_service() -> None:
    frames = [(n * SECOND, tcp("198.18.0.9", "198.18.1.1", 4000 + n, 22)) for n in range(9)]
    last = alerts_of(always("ssh_bruteforce"), frames)[-1]
    assert (last.attackers, last.victims, last.ports) == (["198.18.0.9"], ["198.18.1.1"], [22])
    assert "9 login sessions at 198.18.1.1 port 22" in last.evidence[0]
    assert "one session every 1.0 s, deviation 0 %" in last.evidence[2]


def test_a_full_table_lets_the_quietest_candidates_go() -> None:
    config = Config(capacity=4096, policy=Policy(capacity=64))
    detector = Detector(config, always("port_scan"))
    frames = [(n * 60_000_000, tcp(f"198.18.{n // 200}.{n % 200 + 1}", "198.18.1.1", 4000, 80)) for n in range(300)]
    detector.feed(batch(frames))
    detector.feed(batch([(20 * SECOND + when, frame) for when, frame in scan(100)]))
    assert detector.status()["candidates_evicted"] > 0
    assert detector.status()["verdicts_without_incident"] == 0
    assert detector.status()["open_alerts"] == 1
    detector.finish()
    assert detector.settle().balanced


def test_verdict_rows_carry_the_alert() -> None:
    detector = Detector(SMALL, always("port_scan"))
    detector.feed(batch(scan(100)))
    detector.finish()
    verdicts = detector.outputs().verdicts
    assert verdicts is not None
    final = [row for row in verdicts.to_pylist() if row["final"]]
    assert {row["alert_id"] for row in final} == {1}
    assert len(final) == 100


@pytest.mark.parametrize("first", [1, 700])
def test_numbers_go_on_where_told(first: int) -> None:
    assert alerts_of(always("port_scan"), scan(60), Config(capacity=4096, first_alert_id=first))[0].alert_id == first


def test_it_is_known_when_an_alert_is_next_written_and_closed() -> None:
    detector = Detector(SMALL, always("port_scan"))
    assert (detector.alerts.next_revision(), detector.alerts.next_close()) == (NEVER, NEVER)
    detector.feed(batch(scan(400)))
    detector.tick(START + SECOND)
    first = detector.outputs().alerts[0]
    due = detector.alerts.next_revision()
    assert due == first.decided + SECOND
    detector.tick(due - 1)
    assert detector.outputs().alerts == []
    detector.tick(due + 50_000_000)
    assert [alert.revision for alert in detector.outputs().alerts] == [2]
    detector.tick(START + 100 * SECOND)  # second looks, and the last looks at flows that idled out, have added to it
    closing = detector.alerts.next_close()
    detector.tick(closing - SECOND)
    assert all(alert.open for alert in detector.outputs().alerts)
    detector.tick(closing + 2 * SECOND)
    assert [alert.open for alert in detector.outputs().alerts] == [False]
