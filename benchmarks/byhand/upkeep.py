"""Ordinary traffic of those who run networks: monitors, resolvers, clocks, logs, routers."""

from __future__ import annotations

import struct
from typing import Final

from benchmarks.byhand.kinds import ordinary
from benchmarks.byhand.messages import http, request, told_by
from benchmarks.byhand.packets import ACK, BROADCAST, CLIENT, RST, SERVER, Header, Reply, Segment, Step, Traffic

MONITOR: Final = "198.18.39.9"
COLLECTOR: Final = "198.18.49.9"
BALANCER: Final = "198.18.70.2"
WORDS: Final = ("acme", "globex", "shop", "news", "cdn", "api")
ENDINGS: Final = ("com", "net", "org", "io", "fr", "de")


def _ping(net: Traffic, at: float, host: str, number: int, size: int, delay: float | None) -> None:
    """The monitor pings a host; it answers after ``delay`` seconds, or not."""
    rest = b"\1\2" + struct.pack("!H", number) + b"a" * size
    net.icmp(at, MONITOR, host, (8, 0), rest)
    if delay is not None:
        net.icmp(at + delay, host, MONITOR, (0, 0), rest)


@ordinary
def nagios(net: Traffic) -> None:
    """A monitor pings fifty hosts each minute and asks one service of each."""
    banner: list[Step] = [(SERVER, b"SSH-2.0-OpenSSH_9.6\r\n", 0.003)]
    health: list[Step] = [
        (CLIENT, b"GET /health HTTP/1.0\r\n\r\n", 0.001),
        (SERVER, b"HTTP/1.0 200 OK\r\n\r\nok", 0.002),
    ]
    for number in range(50):
        host = f"198.18.30.{10 + number}"
        for turn in range(4):
            at = turn * 60 + number * 1.1 + net.random.uniform(0, 0.5)
            for ping in range(3):
                _ping(net, at + ping * 0.2, host, ping, 56, 0.0006)
            port = net.random.choice([22, 80, 5666, 443, 3306])
            net.connection(at + 1, MONITOR, (host, port), health if number % 3 else banner, rtt=0.0006)


@ordinary
def ping_monitor(net: Traffic) -> None:
    """A monitor pings sixty hosts every five seconds; five are down."""
    for number in range(60):
        for turn in range(20):
            at = turn * 5 + number * 0.02
            _ping(net, at, f"198.18.31.{10 + number}", turn, 32, 0.001 if number % 12 else None)


@ordinary
def snmp_poll_many(net: Traffic) -> None:
    """A monitor reads eighty devices each minute over SNMP; nine do not answer."""
    for turn in range(4):
        for number in range(80):
            at, source = turn * 60 + number * 0.03, (MONITOR, net.random.randrange(32768, 61000))
            device = (f"198.18.31.{10 + number}", 161)
            for part in range(4):
                asked = b"\x30\x2b\2\1\1\4\6public\xa0\x1e" + net.noise(28)
                net.udp(at + part * 0.01, source, device, asked)
                if number % 9:
                    told = b"\x30\x40\2\1\1\4\6public\xa2\x33" + net.noise(48)
                    net.udp(at + part * 0.01 + 0.003, device, source, told)


@ordinary
def resolver(net: Traffic) -> None:
    """A resolver asks random name servers."""
    for at in net.arrivals(60, 25):
        name = f"www.{net.random.choice(WORDS)}{net.random.randrange(9000)}.{net.random.choice(ENDINGS)}"
        reply = Reply(net.random.choice([0] * 9 + [3]), delay=net.random.uniform(0.01, 0.2))
        net.dns(at, "198.18.10.10", net.stranger(), name, reply=reply if net.random.random() < 0.96 else None)


@ordinary
def mail_blocklists(net: Traffic) -> None:
    """A mail server asks three blocklists for each of its callers; one in four is listed."""
    for at in net.arrivals(300, 0.8):
        caller = ".".join(reversed(net.stranger().split(".")))
        for turn, zone in enumerate(("zen.spamlist.org", "bl.listed.net", "dnsbl.mailcheck.example.com")):
            listed = net.random.random() < 0.25
            reply = Reply(data=b"\x7f\0\0\x0b") if listed else Reply(3)
            net.dns(at + turn * 0.05, "198.18.10.25", "198.18.10.10", f"{caller}.{zone}", reply=reply)


@ordinary
def names_of_addresses(net: Traffic) -> None:
    """A host that reads logs asks for the names of the addresses in them, half of which have none."""
    for at in net.arrivals(200, 2):
        name = ".".join(reversed(net.stranger().split("."))) + ".in-addr.arpa"
        reply = Reply(data=b"\4host\7example\3com\0") if net.random.random() < 0.5 else Reply(3)
        net.dns(at, "198.18.10.77", "198.18.10.10", name, 12, reply)


@ordinary
def syslog_netflow(net: Traffic) -> None:
    """Sixty devices log to a collector, and eight export their flows to it."""
    for at in net.arrivals(30, 250):
        device = (f"198.18.40.{net.random.randrange(2, 60)}", net.random.choice([514, 50514]))
        line = b"<134>Oct 11 22:14:15 fw01 filterlog: " + net.noise(10).hex().encode() * net.random.randrange(3, 12)
        net.udp(at, device, (COLLECTOR, 514), line)
    for at in net.arrivals(30, 40):
        device = (f"198.18.40.{net.random.randrange(2, 10)}", net.random.randrange(50000, 50004))
        net.udp(at, device, (COLLECTOR, 2055), b"\0\x09\0\x1e" + net.noise(1400))


@ordinary
def netflow_one(net: Traffic) -> None:
    """One router exports its flows, four hundred datagrams a second."""
    for at in net.arrivals(20, 400):
        net.udp(at, ("198.18.40.1", 52011), (COLLECTOR, 2055), b"\0\x09\0\x1e" + net.noise(1400))


@ordinary
def ntp_server(net: Traffic) -> None:
    """A public clock, asked sixty times a second."""
    clock = ("198.18.100.123", 123)
    for at in net.arrivals(30, 60):
        client = (net.stranger(), net.random.choice([123, net.port()]))
        net.udp(at, client, clock, b"\x23" + net.noise(47))
        net.udp(at + 0.0002, clock, client, b"\x24" + net.noise(47))


@ordinary
def lb_checks(net: Traffic) -> None:
    """A load balancer asks ten servers for their health every two seconds."""
    talk = [
        (CLIENT, b"GET /healthz HTTP/1.1\r\nHost: x\r\nUser-Agent: HAProxy\r\n\r\n", 0.0001),
        (SERVER, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0.001),
    ]
    for number in range(10):
        for turn in range(60):
            at = turn * 2 + number * 0.05 + net.random.uniform(0, 0.004)
            net.connection(at, BALANCER, (f"198.18.71.{10 + number}", 8080), talk, rtt=0.0004)


@ordinary
def lb_tcp_checks(net: Traffic) -> None:
    """A load balancer connects to ten databases every two seconds and resets."""
    for number in range(10):
        for turn in range(60):
            talk = [(SERVER, b"\x4a\0\0\0\x0a8.0.36\0" + net.noise(60), 0.0005)]
            at = turn * 2 + number * 0.05
            net.connection(at, BALANCER, (f"198.18.71.{10 + number}", 3306), talk, rtt=0.0004, end="rst")


@ordinary
def prometheus(net: Traffic) -> None:
    """A monitor reads the metrics of twenty-five hosts every fifteen seconds."""
    asked = b"GET /metrics HTTP/1.1\r\nHost: x\r\nUser-Agent: Prometheus/2.51\r\nAccept-Encoding: gzip\r\n\r\n"
    for number in range(25):
        for turn in range(12):
            metrics = net.noise(net.random.randrange(9000, 9400))
            told = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + metrics
            talk = [(CLIENT, asked, 0.0001), (SERVER, told, 0.02)]
            net.connection(
                turn * 15 + number * 0.6, "198.18.70.3", (f"198.18.71.{10 + number}", 9100), talk, rtt=0.0004
            )


@ordinary
def ospf_vrrp(net: Traffic) -> None:
    """Routers greet each other every second."""
    redundancy, routing = (Header(destination_mac=b"\1\0\x5e\0\0" + bytes([last])) for last in (0x12, 5))
    for turn in range(60):
        net.ip(turn * 1.0, "198.18.0.1", "224.0.0.18", 112, net.noise(20), redundancy)
        net.ip(turn + 0.3, "198.18.0.2", "224.0.0.5", 89, net.noise(44), routing)


@ordinary
def gateways(net: Traffic) -> None:
    """Two gateways with tunnels and routing between them; one asks the other for a service that is down."""
    here, there = "198.18.0.1", "198.18.0.2"
    for at in net.arrivals(60, 30):
        ends = net.random.choice([(here, there), (there, here)])
        net.ip(at, *ends, net.random.choice([47, 50]), net.noise(net.random.randrange(60, 1400)))
    for turn in range(30):
        net.ip(turn * 2.0, here, there, 89, net.noise(44))
        asked = (here, net.port())
        net.syn(turn * 2.0 + 0.1, asked, (there, 9100))
        net.segment(turn * 2.0 + 0.1004, (there, 9100), asked, Segment(0, 1, RST | ACK, window=0))


@ordinary
def camera_in_pieces(net: Traffic) -> None:
    """A camera sends pictures in datagrams that its link takes in pieces."""
    for at in net.arrivals(10, 40):
        net.udp(at, ("198.18.20.31", 5004), ("198.18.20.9", 5004), net.noise(net.random.choice([1600, 4000, 9000])))


@ordinary
def traceroute(net: Traffic) -> None:
    """A route is traced over thirty hops, three probes each."""
    client = "198.18.1.9"
    for hop in range(1, 31):
        for probe in range(3):
            at = hop * 0.2 + probe * 0.05
            net.udp(at, (client, 40000 + hop), ("198.19.8.8", 33434 + hop * 3 + probe), b"@" * 32, Header(ttl=hop))
            told_by(net, at + 0.01 * hop**0.5, f"198.19.{hop}.1", (11, 0))


@ordinary
def router_arp(net: Traffic) -> None:
    """A gateway renews what it knows of thirty-five neighbours every half minute; some are away."""
    gateway = "198.18.1.1"
    of_gateway = (net.mac(gateway), gateway)
    for turn in range(10):
        for number in range(10, 45):
            host, at = f"198.18.1.{number}", turn * 30 + number * 0.05
            net.arp(at, 1, of_gateway, (b"\0" * 6, host), net.mac(host) if turn else BROADCAST)
            if number % 4:
                net.arp(at + 0.001, 2, (net.mac(host), host), of_gateway, net.mac(gateway))


@ordinary
def vrrp_failover(net: Traffic) -> None:
    """A standby router announces that it takes over, and a host that it moved, while another browses."""
    router, moved = "198.18.0.254", "198.18.0.253"
    for turn in range(5):
        net.arp(10 + turn * 0.2, 2, (bytes.fromhex("00005e00010a"), router), (BROADCAST, router), BROADCAST)
    for turn in range(3):
        net.arp(60 + turn * 0.2, 2, (net.mac("198.18.0.3"), moved), (BROADCAST, moved), BROADCAST)
    for turn in range(40):
        at = 1 + turn * 2.1 + net.random.uniform(0, 1)
        http(net, at, "198.18.0.9", "198.19.216.34", request(b"/p%d" % turn), net.random.randrange(900, 40000))
