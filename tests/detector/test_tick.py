"""The end of a tick remembers every counter that has an ``at_tick_`` twin."""

from __future__ import annotations

from detector.flowtable import FLOW
from tests.detector.captured import ACK, PSH, A, B, arp, batch_of, eth, ip4, meter_of, tcp, udp
from tests.detector.test_dns_facts import ask, to_client, to_server


def test_every_twin_is_remembered():
    tcp_frames = [eth(ip4(A, B, 6, tcp(4000, 443, PSH | ACK, b"abc", seq=s))) for s in (1, 1, 4)]
    names = [to_server(ask("a1.b.example.com")), to_server(ask("a2.b.example.com")), to_client(ask("x.y"))]
    arps = [eth(arp(1, A, B), 0x0806), eth(arp(2, A, B, b"\x04" * 6), 0x0806)]
    meter = meter_of([*tcp_frames, *names, *arps, eth(ip4(B, A, 17, udp(443, 4000)))])
    count = meter.counts()["live"]
    assert count == 4
    meter.clear_dirty()
    flows = meter.table.flows[:count]
    twins = [name for name in FLOW.names or () if name.startswith("at_tick_")]
    assert len(twins) == 19
    for twin in twins:
        assert flows[twin].tolist() == flows[twin.removeprefix("at_tick_")].tolist(), twin
        if twin not in ("at_tick_dns_nxdomain", "at_tick_tcp_state", "at_tick_unreachable", "at_tick_turns"):
            assert flows[twin].any() or twin == "at_tick_dns_replies", twin
    assert not flows["fresh"].any()
    assert not flows["dirty"].any()
    meter.update(batch_of(tcp_frames[:1]))
    assert meter.dirty().tolist() == [0]
