"""An interface through the whole detector: alerts are told as they come, everything is counted, it ends in order."""

from __future__ import annotations

import threading

import pytest

from detector import listening
from detector.capture.live_socket import Options, Ring
from detector.listening import listen
from detector.pipeline import Outputs
from tests.detector.streams import always, tcp
from tests.detector.wires import LISTEN, inside, needs_wire, wire


@needs_wire
def test_alerts_are_told_while_it_listens_and_all_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_MOST_ALERTS", 1)
    stop, told = threading.Event(), []
    with wire() as pair, pair.sender() as sender:
        ring = inside(pair.listening, lambda: Ring(Options(LISTEN, ring_bytes=4 << 20)))

        def send() -> None:
            for number in range(1, 301):
                sender.send(tcp(f"198.18.0.{1 + number % 2}", "198.18.1.1", 40_000, number))

        def keep(outputs: Outputs) -> None:
            told.extend(outputs.alerts)
            stop.set()  # as Ctrl-C does: from the first thing that came out on

        heard = listen([ring], always("port_scan"), stop, None, keep, begun=send)
    assert (heard.frames, heard.flows, heard.families) == (300, 300, {"port_scan": 300})
    assert heard.ledger.faults() == []
    assert heard.ledger.stages["capture"].offered == 300
    assert {alert.family for alert in told} == {"port_scan"}
    assert len(heard.alerts) == 1
    assert (heard.forgotten > 0) == any("more were raised" in line for line in heard.notes)
    assert heard.counts["received"] == 300


@needs_wire
def test_it_ends_by_itself() -> None:
    with wire() as pair:
        ring = inside(pair.listening, lambda: Ring(Options(LISTEN, ring_bytes=4 << 20)))
        heard = listen([ring], always("port_scan"), threading.Event(), 0.05, lambda _: None)
    assert (heard.frames, heard.flows, heard.alerts, heard.notes) == (0, 0, {}, [])
