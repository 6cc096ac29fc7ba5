"""A detector that is started anew goes on with the alerts of the one before where their causes go on."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contract.alert import Alert
from contract.clock import Clock
from detector.config import Config
from detector.continued import Continued, left_in
from detector.flowtable import NEVER
from detector.pipeline import Detector, Outputs
from detector.policy import Policy
from store.writer import StoreWriter
from tests.detector.streams import SECOND, START, Frame, always, arp, batch, tcp, udp

SMALL = Config(capacity=4096)


def told(family: str, frames: list[Frame], config: Config = SMALL, *, killed: bool = False) -> list[Outputs]:
    """What a detector says of these frames, up to its end in order, or without one."""
    found, model = [], always("syn_flood")  # the first of its attacks
    model.families = ("benign", family)
    with closing(Detector(config, model)) as detector:
        for one in frames:
            detector.feed(batch([one]))
            found.append(detector.outputs())
        if not killed:
            detector.finish()
            found.append(detector.outputs())
    return found


def alerts_of(outputs: list[Outputs]) -> list[Alert]:
    return [alert for one in outputs for alert in one.alerts]


def told_alone(family: str, frames: list[Frame]) -> Alert:
    """The last word of a detector that knows of no other."""
    return alerts_of(told(family, frames))[-1]


def scan(n: int) -> bytes:
    return tcp("198.18.0.9", "198.18.1.1", 40000, 1 + n)


def flood(n: int) -> bytes:
    return tcp(f"198.19.0.{n % 250 + 1}", "198.18.1.1", 1024 + n, 80)


def guessing(n: int) -> bytes:
    return tcp("198.18.0.9", "198.18.1.1", 1024 + n, 22)


def spoofing(n: int) -> bytes:
    return arp(0x0200000000AB, f"198.18.0.{n % 200 + 1}", f"198.18.1.{n % 3 + 1}")


def datagrams(n: int) -> bytes:
    return udp(f"198.19.0.{n % 250 + 1}", "198.18.1.1", 1024 + n, 53)


def asking(n: int) -> bytes:
    return arp(0x0200000000AB, "198.18.0.1", f"198.18.1.{n % 250 + 1}")


def nobody(n: int) -> bytes:
    return arp(0x0200000000AB, "0.0.0.0", f"198.18.1.{n % 250 + 1}")


KINDS = [
    ("port_scan", scan),
    ("host_sweep", asking),
    ("host_sweep", nobody),
    ("syn_flood", flood),
    ("http_flood", flood),
    ("ssh_bruteforce", guessing),
    ("arp_spoofing", spoofing),
    ("exfiltration", guessing),
    ("reflection_amplification", datagrams),
]


@pytest.mark.parametrize(("family", "kind"), KINDS)
def test_an_attack_that_goes_on_keeps_its_alert(family, kind):
    frames = [(n * 20_000_000, kind(n)) for n in range(400)]
    before = alerts_of(told(family, frames[:200]))
    config = replace(SMALL, first_alert_id=1 + max(alert.alert_id for alert in before), earlier=tuple(before[-1:]))
    after = alerts_of(told(family, frames[200:], config))
    assert {alert.alert_id for alert in before + after} == {1}
    assert [alert.revision for alert in before + after] == list(range(1, len(before + after) + 1))
    last = after[-1]
    assert (last.first_seen, last.last_seen) == (START, START + 399 * 20_000_000)
    assert last.packets == 400
    assert last.flows == sum(alert.flows for alert in (before[-1], told_alone(family, frames[200:])))
    assert last.decided == before[0].decided
    assert not last.open


def test_another_attack_is_another_alert():
    before = alerts_of(told("port_scan", [(n * 20_000_000, scan(n)) for n in range(100)]))
    config = replace(SMALL, first_alert_id=2, earlier=tuple(before[-1:]))
    late = [(400 * SECOND + n * 20_000_000, scan(n)) for n in range(100)]
    other = [(n * 20_000_000, tcp("198.18.0.8", "198.18.1.1", 40000, 1 + n)) for n in range(100)]
    for frames in (late, other):
        assert {alert.alert_id for alert in alerts_of(told("port_scan", frames, config))} == {2}


def test_an_open_alert_whose_attack_is_over_is_closed():
    (left,) = alerts_of(told("port_scan", [(n * 20_000_000, scan(n)) for n in range(60)], killed=True))[-1:]
    assert left.open
    waiting = Continued([left], Policy())
    quiet = int(Policy().bar("port_scan").quiet_s * 1e9)
    assert waiting.next_close() == left.last_seen + quiet + 1
    assert waiting.sweep(left.last_seen + quiet) == []
    assert waiting.sweep(waiting.next_close()) == [replace(left, open=False, revision=left.revision + 1)]
    assert (waiting.finish(), waiting.next_close()) == ([], NEVER)
    assert Continued([left], Policy()).finish() == [replace(left, open=False, revision=left.revision + 1)]


def test_of_a_killed_detector_flows_count_that_had_ended(tmp_path: Path):
    """The others are handed to the next detector again, and count there."""
    resets = [(n * 60_000_000 + 1000, tcp("198.18.1.1", "198.18.0.9", 1 + n, 40000, 4)) for n in range(0, 200, 2)]
    frames = sorted([(n * 60_000_000, scan(n)) for n in range(200)] + resets)
    with StoreWriter(tmp_path, Clock.start()) as writer:
        assert left_in(tmp_path) == ()
        for one in told("port_scan", frames, killed=True):
            writer.commit(one.flows, one.verdicts, one.alerts)
    (left,) = left_in(tmp_path)
    assert left.open
    assert 50 < left.flows <= 100  # half of them was refused; of these the first may have ended before it was raised
    assert left.packets == 2 * left.flows
