"""Scans, sweeps and worms, and ARP poisoning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from benchmarks.byhand.kinds import attack
from benchmarks.byhand.messages import http, request
from benchmarks.byhand.packets import ACK, CLIENT, FIN, RST, SERVER, SYN_OPTIONS, Segment, Step, Traffic

SCANNER: Final = "198.18.5.9"
SCANNED: Final = "198.18.5.40"
INFECTED: Final = "198.18.24.77"
OPEN: Final = (22, 80)
TELNET: Final[tuple[Step, ...]] = (
    (SERVER, b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23", 0.1),
    (CLIENT, b"\xff\xfc\x18\xff\xfc\x20\xff\xfc\x23", 0.01),
    (SERVER, b"login: ", 0.1),
    (CLIENT, b"root\r\n", 0.05),
    (SERVER, b"Password: ", 0.05),
    (CLIENT, b"xc3511\r\n", 0.05),
    (SERVER, b"Login incorrect\r\nlogin: ", 1.0),
)


def _scan(net: Traffic, flags: int, refused: Callable[[int], bool], ports: int = 1000, rate: float = 800) -> None:
    """One probe of each port in random order; those that are ``refused`` are answered with a reset."""
    order = list(range(1, ports + 1))
    net.random.shuffle(order)
    scanner = (SCANNER, net.port(35000))
    for port, at in zip(order, net.visits(ports, rate), strict=True):
        net.segment(at, scanner, (SCANNED, port), Segment(net.random.randrange(1 << 32), 0, flags, window=1024))
        if refused(port):
            reset = Segment(0, net.random.randrange(1 << 32), RST | ACK, window=0)
            net.segment(at + 0.0003, (SCANNED, port), scanner, reset)


@attack("port_scan")
def nmap_null(net: Traffic) -> None:
    """A thousand ports probed without flags; closed ones answer."""
    _scan(net, 0, lambda port: port not in OPEN)


@attack("port_scan")
def nmap_fin(net: Traffic) -> None:
    """A thousand ports probed with FIN; closed ones answer."""
    _scan(net, FIN, lambda port: port not in OPEN)


@attack("port_scan")
def nmap_maimon(net: Traffic) -> None:
    """A thousand ports probed with FIN and ACK; all answer."""
    _scan(net, FIN | ACK, lambda _port: True)


@attack("port_scan")
def nmap_null_silent(net: Traffic) -> None:
    """Three hundred ports probed without flags; a filter drops all."""
    _scan(net, 0, lambda _port: False, 300, 100)


@attack("port_scan")
def nmap_ip_proto(net: Traffic) -> None:
    """Every IP protocol probed; the host says which it lacks."""
    for turn, protocol in enumerate(net.random.sample(range(256), 256)):
        at = turn * 0.05
        net.ip(at, SCANNER, SCANNED, protocol, b"\0" * 8 if protocol in {1, 6, 17} else b"")
        if protocol not in {1, 2, 6, 17}:
            net.icmp(at + 0.001, SCANNED, SCANNER, (3, 2), b"\0" * 4 + b"E" + b"\0" * 27)


@attack("host_sweep", "iot_botnet", "other_exploit")
def slammer(net: Traffic) -> None:
    """A worm of one datagram, sent to random hosts at SQL Server's browser."""
    for at in net.arrivals(5, 300):
        net.udp(at, (INFECTED, 1113), (net.stranger(), 1434), b"\x04" + b"\x01" * 96 + net.noise(279))


@attack("host_sweep", "iot_botnet", "other_exploit")
def wannacry_scan(net: Traffic) -> None:
    """A worm tries SMB at random hosts, and at each neighbour in turn."""
    for turn, at in enumerate(net.arrivals(40, 14), 1):
        source = (INFECTED, net.random.randrange(49152, 65535))
        net.syn(at, source, (net.stranger(), 445), options=SYN_OPTIONS)
        if turn % 3 == 0:
            source = (INFECTED, net.random.randrange(49152, 65535))
            net.syn(at + 0.001, source, (f"198.18.24.{turn // 3 % 254 + 1}", 445), options=SYN_OPTIONS)


@attack("telnet_bruteforce", "iot_botnet")
def mirai_scan_login(net: Traffic) -> None:
    """A bot looks for telnet at random hosts and tries a password where it is answered."""
    bot = "198.18.98.7"
    for at in net.arrivals(30, 60):
        host = net.stranger()
        if net.random.random() < 0.04:
            net.connection(at, bot, (host, 23), TELNET, rtt=0.1)
        else:
            source = (bot, net.port())
            net.syn(at, source, (host, net.random.choice([23] * 9 + [2323])), net.random.randrange(65535))


@attack("arp_spoofing")
def arp_two_way(net: Traffic) -> None:
    """A host tells a browsing neighbour that it is the gateway, and the gateway that it is the neighbour."""
    gateway, victim, attacker = "198.18.1.1", "198.18.1.50", "198.18.1.66"
    of_gateway, of_victim = (net.mac(gateway), gateway), (net.mac(victim), victim)
    for turn in range(4):
        net.arp(turn * 0.3, 1, of_victim, (b"\0" * 6, gateway), b"\xff" * 6)
        net.arp(turn * 0.3 + 0.001, 2, of_gateway, of_victim, net.mac(victim))
    for turn in range(40):
        net.arp(3 + turn * 2.0, 2, (net.mac(attacker), gateway), of_victim, net.mac(victim))
        net.arp(3 + turn * 2.0 + 0.01, 2, (net.mac(attacker), victim), of_gateway, net.mac(gateway))
    for turn in range(30):
        http(net, 4 + turn * 2.3, victim, "198.19.216.34", request(b"/p%d" % turn))
