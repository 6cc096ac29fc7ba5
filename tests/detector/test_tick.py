"""The end of a tick remembers every counter that ``FlowTable.before`` keeps."""

from __future__ import annotations

from detector.flowtable import BEFORE
from tests.detector.captured import ACK, PSH, A, B, arp, batch_of, eth, ip4, meter_of, tcp, udp
from tests.detector.test_dns_facts import ask, to_client, to_server


def test_every_twin_is_remembered():
    tcp_frames = [eth(ip4(A, B, 6, tcp(4000, 443, PSH | ACK, b"abc", seq=s))) for s in (1, 1, 4)]
    tcp_frames.append(eth(ip4(B, A, 6, tcp(443, 4000, PSH | ACK, b"530 no\r\n"))))
    names = [to_server(ask("a1.b.example.com")), to_server(ask("a2.b.example.com")), to_client(ask("x.y"))]
    arps = [eth(arp(1, A, B), 0x0806), eth(arp(2, A, B, b"\x04" * 6), 0x0806)]
    pages = [
        eth(ip4(A, B, 6, tcp(4001, 80, PSH | ACK, b"GET / HTTP/1.1\r\n\r\n"))),
        eth(ip4(B, A, 6, tcp(80, 4001, PSH | ACK, b"HTTP/1.1 404 Not Found\r\n\r\n"))),
    ]
    meter = meter_of([*tcp_frames, *names, *arps, *pages, eth(ip4(B, A, 17, udp(443, 4000)))])
    count = meter.counts()["live"]
    assert count == 5
    meter.clear_dirty()
    flows, before = meter.table.flows[:count], meter.table.before[:count]
    assert len(BEFORE.names or ()) == 16
    for name in BEFORE.names or ():
        assert before[name].tolist() == flows[name].tolist(), name
        assert before[name].any() or name in {"dns_nxdomain", "tcp_state", "unreachable"}, name
    assert not flows["fresh"].any()
    assert not flows["dirty"].any()
    meter.update(batch_of(tcp_frames[:1]))
    assert meter.dirty().tolist() == [0]
