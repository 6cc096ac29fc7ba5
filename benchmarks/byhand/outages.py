"""Ordinary traffic beside something that is broken: a cut line, a dead server, a resolver that is gone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from benchmarks.byhand.kinds import ordinary
from benchmarks.byhand.messages import tls
from benchmarks.byhand.packets import ACK, BROADCAST, RST, SYN_OPTIONS, Port, Segment, Traffic

DESK: Final = "198.18.1.33"
RESOLVER: Final = "198.18.0.53"
RETRIES: Final = (0.0, 1.0, 3.0, 7.0, 15.0)  # a SYN and its repetitions, in seconds


def _unanswered(net: Traffic, at: float, client: str, server: Port, tries: int = 4) -> None:
    """A connection that nobody accepts: one sequence number, asked again and again."""
    here, number = (client, net.random.randrange(32768, 61000)), net.random.randrange(1 << 32)
    for pause in RETRIES[:tries]:
        net.segment(at + pause, here, server, Segment(number, 0, 2, b"", 64240, SYN_OPTIONS))


def _refused(net: Traffic, at: float, client: str, server: Port) -> None:
    """A connection that is reset at once."""
    here, number = (client, net.random.randrange(32768, 61000)), net.random.randrange(1 << 32)
    net.segment(at, here, server, Segment(number, 0, 2, b"", 64240, SYN_OPTIONS))
    net.segment(at + 0.0003, server, here, Segment(0, number + 1, RST | ACK, b"", 0))


def _retried(seconds: float, longest: float = 30.0) -> Iterator[float]:
    """When an application tries again: at once, then with pauses that double."""
    at, pause = 0.0, 0.5
    while at < seconds:
        yield at
        at, pause = at + pause, min(2 * pause, longest)


@ordinary
def line_cut(net: Traffic) -> None:
    """A laptop whose way out is cut after a minute: its programs go on calling the far servers that they use."""
    for _ in range(30):
        far, begin = (net.stranger(), 443), net.random.uniform(0, 50)
        net.connection(begin, DESK, far, tls(net, 600, 3000), rtt=0.03)
        for at in _retried(60):
            _unanswered(net, 60 + begin / 10 + at, DESK, far)


@ordinary
def line_cut_office(net: Traffic) -> None:
    """An office of twenty-five whose provider fails for two minutes; each calls a dozen servers now and then."""
    everywhere = net.strangers(60)
    for number in range(25):
        host, favourites = f"198.18.1.{20 + number}", net.random.sample(everywhere, 12)
        for at in net.arrivals(120, 0.4):
            net.connection(at, host, (net.random.choice(favourites), 443), tls(net, 600, 2000), rtt=0.02)
        for at in net.arrivals(120, 0.6):
            _unanswered(net, 120 + at, host, (net.random.choice(favourites), 443), 3)


@ordinary
def resolver_gone(net: Traffic) -> None:
    """A name server answers nobody: each name is asked three times, then of the other one."""
    names = [f"{word}.example-{net.random.randrange(30)}.net" for word in ("www", "api", "cdn", "mail", "static")]
    for number in range(8):
        host = f"198.18.1.{40 + number}"
        for at in net.arrivals(60, 0.7):
            name = net.random.choice(names)
            for turn in range(3):
                net.dns(at + 2 * turn, host, RESOLVER, name, reply=None)
            net.dns(at + 5, host, "198.18.0.54", name)


@ordinary
def database_down(net: Traffic) -> None:
    """Six application servers whose database was stopped try again, each with a pool of ten."""
    for number in range(6):
        host = f"198.18.2.{10 + number}"
        for _ in range(10):
            begin = net.random.uniform(0, 2)
            for at in _retried(90, 5.0):
                _refused(net, begin + at, host, ("198.18.2.50", 5432))


@ordinary
def cluster_restarts(net: Traffic) -> None:
    """A balancer asks for the health of forty back ends, twenty of which are being started anew."""
    for turn in range(12):
        for number in range(40):
            at, back_end = turn * 5 + number * 0.01, (f"198.18.3.{10 + number}", 8080)
            if number % 2 and turn < 9:
                _refused(net, at, "198.18.3.2", back_end)
            else:
                asked = b"GET /healthz HTTP/1.1\r\nHost: backend\r\nUser-Agent: balancer/2\r\n\r\n"
                told = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                net.connection(at, "198.18.3.2", back_end, [(0, asked, 0.0), (1, told, 0.003)])


@ordinary
def switch_fails(net: Traffic) -> None:
    """A monitor pings sixty machines every ten seconds; after a minute a switch takes thirty of them away."""
    for turn in range(18):
        for number in range(60):
            at, host, rest = turn * 10 + number * 0.05, f"198.18.4.{10 + number}", net.noise(60)
            net.icmp(at, "198.18.0.9", host, (8, 0), rest)
            if number % 2 or turn < 6:
                net.icmp(at + 0.0007, host, "198.18.0.9", (0, 0), rest)


@ordinary
def waking_up(net: Traffic) -> None:
    """Twelve laptops wake up: each renews its lease, asks for its neighbours, and calls home."""
    for number in range(12):
        host, begin = f"198.18.1.{60 + number}", net.random.uniform(0, 60)
        mac = net.mac(host)
        for turn, other in enumerate((1, 53, 2, 9, 20, 21, 22)):
            target = f"198.18.1.{other}"
            net.arp(begin + turn * 0.02, 1, (mac, host), (bytes(6), target), BROADCAST)
            if other in {1, 53}:
                net.arp(begin + turn * 0.02 + 0.001, 2, (net.mac(target), target), (mac, host), mac)
        for _ in range(10):
            at = begin + 1 + net.random.expovariate(1.0)
            net.dns(at, host, RESOLVER, f"{net.random.choice('abcdefgh')}.example.net")
            net.connection(at + 0.05, host, (net.stranger(), 443), tls(net, 600, 3000), rtt=0.03)


@ordinary
def share_away(net: Traffic) -> None:
    """A file server is switched off: clients look for it by several protocols."""
    for number in range(10):
        host = f"198.18.1.{80 + number}"
        for at in _retried(120, 40.0):
            begin = at + net.random.uniform(0, 3)
            for port in (445, 139, 2049, 111, 5357):
                _unanswered(net, begin, host, ("198.18.1.5", port), 3)


@ordinary
def stack_starting(net: Traffic) -> None:
    """A developer's script waits for the five services of a machine to come up, one after the other."""
    for turn in range(60):
        for order, port in enumerate((5432, 6379, 9092, 9200, 8080)):
            at, place = turn + order * 0.01, ("198.18.1.90", port)
            if turn < 10 * order + 5:
                _refused(net, at, DESK, place)
            elif turn % 10 == 0:
                net.connection(at, DESK, place, [(0, b"PING\r\n", 0.0), (1, b"+PONG\r\n", 0.001)])


@ordinary
def old_records(net: Traffic) -> None:
    """A proxy's upstreams have moved: a third of what it calls is not there any more."""
    upstreams = [(net.stranger(), 443) for _ in range(60)]
    for at in net.arrivals(90, 12):
        number = net.random.randrange(60)
        if number % 3:
            net.connection(at, "198.18.0.80", upstreams[number], tls(net, 600, 1500), rtt=0.03)
        else:
            _unanswered(net, at, "198.18.0.80", upstreams[number], 2)


@ordinary
def portal(net: Traffic) -> None:
    """Telephones in a hotel's network before they have signed in: all but the portal is reset."""
    for number in range(12):
        host, begin = f"198.18.1.{100 + number}", net.random.uniform(0, 40)
        for _ in range(9):
            far = (net.stranger(), net.random.choice((443, 443, 443, 5223, 993)))
            for at in itertools.islice(_retried(30), 4):
                _refused(net, begin + at + net.random.uniform(0, 5), host, far)


@ordinary
def one_way(net: Traffic) -> None:
    """The monitor sees what clients send and never what they are told: the way back is another."""
    favourites = net.strangers(40)
    for number in range(8):
        for at in net.arrivals(60, 1):
            host = f"198.18.1.{120 + number}"
            net.connection(at, host, (net.random.choice(favourites), 443), tls(net, 600, 3000), rtt=0.02)
    net.frames = [(at, frame) for at, frame in net.frames if frame[26:29] == bytes((198, 18, 1))]
