"""Floods and other attacks on a service's capacity."""

from __future__ import annotations

from typing import Final

from benchmarks.byhand.kinds import attack
from benchmarks.byhand.messages import SIP_VIA, dhcp_ask, http, request, sip
from benchmarks.byhand.packets import CLIENT, MORE_FRAGMENTS, RST, SERVER, SYN, Header, Reply, Segment, Step, Traffic

VICTIM: Final = "198.18.113.80"
ATTACKER: Final = "198.18.113.9"
WEB: Final = ("198.18.100.80", 80)
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


@attack("udp_flood")
def udplag(net: Traffic) -> None:
    """One host sends datagrams from high ports to any port."""
    for at in net.arrivals(4, 800):
        source = ("198.18.172.9", net.port(30000))
        net.udp(at, source, (VICTIM, net.random.randrange(1, 65535)), b"y" * net.random.choice([330, 401, 374]))


@attack("udp_flood")
def loic_udp(net: Traffic) -> None:
    """A flooding tool of four threads, twelve bytes a datagram."""
    for at in net.arrivals(5, 2500):
        net.udp(at, (ATTACKER, net.random.choice([50111, 50112, 50113, 50114])), WEB, b"U dun goofed")


@attack("other_dos", "udp_flood")
def dns_water_torture(net: Traffic) -> None:
    """Two hundred clients ask a name server for random names of one zone."""
    clients = net.strangers(200)
    for at in net.arrivals(8, 600):
        name = "".join(net.random.choices(LETTERS, k=12)) + ".shop-example.com"
        reply = Reply(net.random.choice([3, 2, 3])) if net.random.random() < 0.6 else None
        net.dns(at, net.random.choice(clients), "198.18.100.53", name, reply=reply)


@attack("other_dos", "udp_flood")
def sip_invite_flood(net: Traffic) -> None:
    """Calls to random numbers at an exchange."""
    exchange = ("198.18.100.60", 5060)
    for at in net.arrivals(5, 1500):
        caller = ("198.18.113.7", net.port())
        net.udp(at, caller, exchange, sip(net.random, "INVITE", net.random.randrange(1000, 9999)))
        if net.random.random() < 0.3:
            net.udp(at + 0.001, exchange, caller, b"SIP/2.0 100 Trying\r\n" + SIP_VIA * 20)


@attack("other_dos")
def teardrop(net: Traffic) -> None:
    """Fragments that overlap."""
    for at in net.arrivals(5, 150):
        number = net.random.randrange(65536)
        first = b"\x13\x88\x00\x50\x00\x2c\0\0" + b"x" * 28
        net.ip(at, "198.18.9.9", VICTIM, 17, first, Header(MORE_FRAGMENTS, identification=number))
        net.ip(at + 1e-5, "198.18.9.9", VICTIM, 17, b"x" * 4, Header(3, identification=number))


@attack("other_dos", "icmp_flood")
def ping_of_death(net: Traffic) -> None:
    """Pings whose fragments end beyond the longest packet."""
    for ping in range(60):
        number = net.random.randrange(65536)
        for offset in range(0, 65528, 1480):
            more = MORE_FRAGMENTS if offset + 1480 < 65528 else 0
            head = b"" if offset else b"\x08\0\0\0\1\2\0\1"
            fragment = Header(more | offset // 8, identification=number)
            net.ip(ping * 0.1 + offset * 1e-8, "198.18.9.9", VICTIM, 1, head + b"x" * 1480, fragment)


@attack("syn_flood", "other_dos")
def land(net: Traffic) -> None:
    """SYNs that claim to come from the victim itself."""
    for at in net.arrivals(5, 300):
        net.segment(at, (VICTIM, 80), (VICTIM, 80), Segment(1, 0, SYN))


@attack("ack_flood", "other_dos")
def rst_flood(net: Traffic) -> None:
    """Resets of connections that never were, from random hosts."""
    for at in net.arrivals(5, 900):
        reset = Segment(net.random.randrange(1 << 32), 0, RST)
        net.segment(at, (net.stranger(), net.port()), (VICTIM, 443), reset)


@attack("other_dos", "arp_spoofing", "syn_flood")
def macof(net: Traffic) -> None:
    """Frames from random Ethernet addresses, to fill a switch's table."""
    for at in net.arrivals(4, 1500):
        link = Header(source_mac=net.noise(6), destination_mac=net.noise(6))
        opening = Segment(net.random.randrange(1 << 32), 0, SYN, window=512)
        net.segment(at, (net.stranger(), net.port()), (net.stranger(), net.port()), opening, link)


@attack("other_dos")
def dhcp_starvation(net: Traffic) -> None:
    """Requests for addresses, each from another Ethernet address."""
    for at in net.arrivals(10, 60):
        dhcp_ask(net, at, net.noise(6), 1)


@attack("slowloris")
def rudy_post(net: Traffic) -> None:
    """A hundred and twenty forms that are sent one byte every ten seconds."""
    form = b"POST /form HTTP/1.1\r\nHost: x.example.com\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    for number in range(120):
        talk: list[Step] = [(CLIENT, form + b"Content-Length: 10000\r\n\r\n", 0.001)]
        talk += [(CLIENT, b"a", net.random.uniform(9, 11)) for _ in range(6)]
        net.connection(number * 0.05, ATTACKER, WEB, talk, end="none")


@attack("other_dos")
def thc_ssl_dos(net: Traffic) -> None:
    """Forty TLS connections that renegotiate again and again."""
    finished = b"\x14\3\3\0\1\1\x16\3\3\0\x28"
    for number in range(40):
        talk: list[Step] = [
            (CLIENT, b"\x16\3\1\0\x64\1\0\0\x60\3\3" + net.noise(93), 0.001),
            (SERVER, b"\x16\3\3\x0b\0" + net.noise(2800), 0.004),
            (CLIENT, b"\x16\3\3\1\6" + net.noise(262) + finished + net.noise(40), 0.002),
            (SERVER, finished + net.noise(40), 0.004),
        ]
        for _ in range(25):
            talk += [
                (CLIENT, b"\x16\3\3\0\x84" + net.noise(132), 0.01),
                (SERVER, b"\x16\3\3\x0b\0" + net.noise(2800), 0.01),
                (CLIENT, b"\x16\3\3\1\6" + net.noise(300), 0.01),
                (SERVER, b"\x16\3\3\0\x28" + net.noise(50), 0.01),
            ]
        net.connection(number * 0.1, ATTACKER, ("198.18.100.44", 443), talk, end="none")


@attack("http_flood")
def loic_http(net: Traffic) -> None:
    """One host fetches a page a hundred and twenty times a second."""
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n" + b"a" * 3000
    talk = [(CLIENT, b"GET / HTTP/1.0\r\n\r\n\r\n", 0.0002), (SERVER, page, 0.004)]
    for at in net.arrivals(8, 120):
        net.connection(at, ATTACKER, WEB, talk, rtt=0.002, closer=SERVER)


@attack("http_flood")
def botnet_http(net: Traffic) -> None:
    """A hundred and fifty hosts ask a site's search for random numbers."""
    hosts = net.strangers(150)
    for at in net.arrivals(12, 70):
        asked = request(b"/search?q=%d" % net.random.randrange(10**6))
        http(net, at, net.random.choice(hosts), WEB, asked, 6000)
