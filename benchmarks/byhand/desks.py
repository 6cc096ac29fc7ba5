"""More ordinary traffic of people and their things: tunnels, calls, games, screens, printers, cameras, the cloud."""

from __future__ import annotations

from typing import Final

from benchmarks.byhand.kinds import ordinary
from benchmarks.byhand.messages import tls, told_by
from benchmarks.byhand.packets import BROADCAST, CLIENT, SERVER, Header, Reply, Step, Traffic

HOME: Final = "198.18.1.9"
ROUTER: Final = "198.18.1.1"
OFFICE: Final = "198.18.20."
EVERYBODY: Final = Header(destination_mac=BROADCAST)


def _record(net: Traffic, size: int) -> bytes:
    """A TLS record of data."""
    return b"\x17\3\3" + size.to_bytes(2, "big") + net.noise(size)


@ordinary
def doh_browser(net: Traffic) -> None:
    """A browser asks for names over HTTPS, in one connection, as pages are opened."""
    talk = tls(net, 240, 500)
    for _ in range(60):
        wait = net.random.expovariate(1 / 9)
        for _ in range(net.random.randrange(1, 7)):
            talk += [(CLIENT, _record(net, net.random.randrange(80, 180)), wait), (SERVER, _record(net, 480), 0.02)]
            wait = 0.004
    net.connection(0, HOME, ("198.19.8.8", 443), talk, rtt=0.015, end="none")


@ordinary
def openvpn_work(net: Traffic) -> None:
    """Somebody works through a tunnel over UDP, which is kept alive every ten seconds."""
    here, there = (HOME, 51820), ("198.19.33.3", 1194)
    for at in net.arrivals(300, 0.1):
        for part in range(net.random.randrange(2, 40)):
            net.udp(at + part * 0.01, here, there, b"\x48" + net.noise(net.random.randrange(80, 160)))
            net.udp(at + part * 0.01 + 0.02, there, here, b"\x48" + net.noise(net.random.randrange(80, 1350)))
    for at in net.paced(30, 9.99, 10.01):
        net.udp(at, here, there, b"\x48" + net.noise(40))
        net.udp(at + 0.02, there, here, b"\x48" + net.noise(40))


@ordinary
def ipsec_office(net: Traffic) -> None:
    """A branch is joined over ESP in UDP, with dead peer detection and empty datagrams to keep the NAT."""
    here, there = (ROUTER, 4500), ("198.19.33.4", 4500)
    for at in net.arrivals(120, 25):
        out, size = net.random.random() < 0.45, net.random.choice([92, 140, 600, 1380])
        net.udp(at, here if out else there, there if out else here, net.noise(size))
    for at in net.paced(7, 20, 20.1):
        net.udp(at, here, there, b"\xff")


@ordinary
def grpc_service(net: Traffic) -> None:
    """A service calls another over one long connection, with pings both ways every ten seconds."""
    talk: list[Step] = [
        (CLIENT, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + net.noise(60), 0.001),
        (SERVER, net.noise(40), 0.001),
    ]
    for turn in range(40):
        talk += [
            (CLIENT, b"\0\0\x08\6\0\0\0\0\0" + net.noise(8), 10.0),
            (SERVER, b"\0\0\x08\6\1\0\0\0\0" + net.noise(8), 0.001),
        ]
        if turn % 3 == 0:
            talk += [(CLIENT, net.noise(140), 0.8), (SERVER, net.noise(net.random.randrange(80, 900)), 0.01)]
    net.connection(0, "198.18.80.10", ("198.18.81.10", 50051), talk, rtt=0.001, end="none")


@ordinary
def plug_in_cloud(net: Traffic) -> None:
    """A plug keeps one TLS connection to its cloud: alive each minute, and now and then it is switched."""
    talk = tls(net, 310, 120)
    for _ in range(40):
        talk += [(CLIENT, _record(net, 26), 60.0), (SERVER, _record(net, 26), 0.04)]
        if net.random.random() < 0.2:
            talk += [(SERVER, _record(net, 150), net.random.uniform(1, 30)), (CLIENT, _record(net, 190), 0.05)]
    net.connection(0, "198.18.1.66", ("198.19.146.7", 8883), talk, rtt=0.03, end="none")


@ordinary
def stock_ticker(net: Traffic) -> None:
    """Prices come over a WebSocket in TLS, several a second; the page says that it is there every twenty seconds."""
    talk = tls(net, 600, 300)
    for turn in range(500):
        talk.append((SERVER, _record(net, net.random.randrange(60, 400)), net.random.expovariate(5)))
        if turn % 100 == 99:
            talk.append((CLIENT, _record(net, 30), 0.01))
    net.connection(0, HOME, ("198.19.60.6", 443), talk, rtt=0.03, end="none")


@ordinary
def server_pings(net: Traffic) -> None:
    """A page over a WebSocket in TLS whose server asks every twenty-five seconds whether it is there."""
    talk = tls(net, 600, 300)
    for _ in range(40):
        talk += [(SERVER, _record(net, 25), 25.0), (CLIENT, _record(net, 29), 0.002)]
    net.connection(0, HOME, ("198.19.60.7", 443), talk, rtt=0.03, end="none")


@ordinary
def folder_in_cloud(net: Traffic) -> None:
    """A folder is kept in step with the cloud: it asks every half minute, and files go both ways."""
    for turn, at in enumerate(net.paced(40, 29, 33)):
        net.connection(at, HOME, ("198.19.186.20", 443), tls(net, 610, net.random.randrange(300, 2400)), rtt=0.02)
        if turn % 5 == 2:
            talk = tls(net, 900, 500)
            up = net.random.random() < 0.5
            talk += [(CLIENT if up else SERVER, net.noise(1000) * net.random.randrange(100, 1500), 0.05)]
            net.connection(at + 1, HOME, ("198.19.186.21", 443), talk, rtt=0.02)


@ordinary
def live_upload(net: Traffic) -> None:
    """Somebody shows a game live: three megabits a second go out for a minute over RTMP."""
    talk: list[Step] = [(CLIENT, b"\3" + net.noise(1536), 0.001), (SERVER, b"\3" + net.noise(3072), 0.02)]
    talk += [(CLIENT, net.noise(net.random.randrange(5000, 20000)), 1 / 30) for _ in range(900)]
    net.connection(0, HOME, ("198.19.90.3", 1935), talk, rtt=0.03, end="none")


@ordinary
def meeting(net: Traffic) -> None:
    """A meeting with pictures: checks of ways at first, then sound and pictures both ways."""
    relay = ("198.19.91.4", 3478)
    for number in range(12):
        here = (HOME, 50000 + number)
        net.udp(number * 0.03, here, relay, b"\0\1\0\x08\x21\x12\xa4\x42" + net.noise(60))
        net.udp(number * 0.03 + 0.02, relay, here, b"\1\1\0\x0c\x21\x12\xa4\x42" + net.noise(60))
    for at in net.paced(1500, 0.018, 0.022):
        net.udp(at + 1, (HOME, 50003), relay, b"\x80\x6f" + net.noise(net.random.randrange(70, 130)))
        net.udp(at + 1.01, relay, (HOME, 50003), b"\x80\x6f" + net.noise(net.random.randrange(70, 130)))
    for at in net.arrivals(30, 110):
        net.udp(at + 1, (HOME, 50004), relay, b"\x80\x60" + net.noise(net.random.randrange(600, 1150)))
        net.udp(at + 1.01, relay, (HOME, 50004), b"\x80\x60" + net.noise(net.random.randrange(600, 1150)))


@ordinary
def shooter(net: Traffic) -> None:
    """A fast game: sixty datagrams a second both ways, after asking forty servers how they are."""
    for number in range(40):
        server = (f"198.19.92.{number + 1}", 27015)
        net.udp(number * 0.01, (HOME, 27005), server, b"\xff\xff\xff\xffTSource Engine Query\0")
        if number % 4:
            net.udp(number * 0.01 + 0.05, server, (HOME, 27005), b"\xff\xff\xff\xffI\x11" + net.noise(120))
    for at in net.paced(1800, 0.0155, 0.0175):
        net.udp(at + 2, (HOME, 27005), ("198.19.92.7", 27015), net.noise(net.random.randrange(40, 80)))
        net.udp(at + 2.02, ("198.19.92.7", 27015), (HOME, 27005), net.noise(net.random.randrange(80, 400)))


@ordinary
def recorder(net: Traffic) -> None:
    """A recorder takes the pictures of eight cameras over RTP: two hundred datagrams a second each, one way."""
    for number in range(8):
        camera = f"198.18.30.{10 + number}"
        for at in net.arrivals(8, 200):
            net.udp(at, (camera, 6970), ("198.18.30.2", 41000 + 2 * number), b"\x80\x60" + net.noise(1200))
        for at in net.paced(2, 4, 5):
            net.udp(at, ("198.18.30.2", 41001 + 2 * number), (camera, 6971), b"\x80\xc9" + net.noise(28))


@ordinary
def printer_asked(net: Traffic) -> None:
    """Twenty-five desks ask a printer how it is over SNMP each minute, and print now and then."""
    printer = OFFICE + "200"
    for desk in range(25):
        here = (f"{OFFICE}{10 + desk}", net.port(50000))
        for at in net.paced(6, 59, 61):
            net.udp(desk * 2 + at, here, (printer, 161), b"\x30\x2c\2\1\0\4\6public\xa0\x1f" + net.noise(31))
            net.udp(desk * 2 + at + 0.01, (printer, 161), here, b"\x30\x34\2\1\0\4\6public\xa2\x27" + net.noise(39))
        if desk % 4 == 0:
            paper = b"\x1b%-12345X@PJL\r\n" + net.noise(1000) * 300
            net.connection(desk * 5.0, here[0], (printer, 9100), [(CLIENT, paper, 0.01)], rtt=0.001)


@ordinary
def names_on_link(net: Traffic) -> None:
    """Forty desks ask everybody for names that nobody has, by LLMNR and NetBIOS."""
    for desk in range(40):
        here = f"{OFFICE}{10 + desk}"
        for at in net.arrivals(120, 0.1):
            asked = net.noise(2) + b"\0\0\0\1\0\0\0\0\0\0\6wpad%02d\0\0\1\0\1" % net.random.randrange(40)
            source = (here, net.port(50000))
            net.udp(at, source, ("198.18.20.255", 5355), asked, EVERYBODY)
            net.udp(at + 0.4, source, ("198.18.20.255", 5355), asked, EVERYBODY)
            net.udp(
                at + 0.8,
                (here, 137),
                ("198.18.20.255", 137),
                net.noise(2) + b"\1\x10\0\1\0\0\0\0\0\0 " + b"FH" * 16 + b"\0\0\x20\0\1",
                EVERYBODY,
            )


@ordinary
def neighbours_update(net: Traffic) -> None:
    """A desk asks thirty others for parts of an update; most are switched off."""
    for at in net.arrivals(90, 0.8):
        other = (f"{OFFICE}{net.random.randrange(10, 60)}", 7680)
        if net.random.random() < 0.7:
            for again in (0, 1, 3):
                net.syn(at + again, (OFFICE + "9", net.port(50000)), other)
        else:
            talk = [(CLIENT, b"\x0eSwarm protocol" + net.noise(70), 0.001), (SERVER, net.noise(20000), 0.01)]
            net.connection(at, OFFICE + "9", other, talk, rtt=0.001)


@ordinary
def names_blocked(net: Traffic) -> None:
    """A household's resolver denies that advertisers' names exist; a television asks again and again."""
    names = [f"{word}{number}.ads.example" for word in ("metrics", "beacon", "pixel", "log") for number in range(10)]
    for at in net.arrivals(300, 0.8):
        net.dns(at, "198.18.1.50", ROUTER, net.random.choice(names), reply=Reply(3))
    for at in net.arrivals(300, 0.2):
        net.dns(at, "198.18.1.50", ROUTER, f"cdn{net.random.randrange(20)}.example.com")


@ordinary
def route_watched(net: Traffic) -> None:
    """Somebody watches a route: ten hops, one small datagram each second at each, at ports that count up."""
    port = 33434
    for turn in range(60):
        for hop in range(10):
            at, port = turn + hop * 0.1, 33434 + (port - 33433) % 90
            net.udp(at, (HOME, 45000), ("198.19.99.9", port), b"\0" * 36, Header(ttl=hop + 1))
            told_by(net, at + 0.02, f"198.19.1.{hop + 1}", (3, 3) if hop == 9 else (11, 0))


@ordinary
def private_network(net: Traffic) -> None:
    """Somebody's traffic goes through three relays over TLS, which are filled up to equal cells."""
    for number in range(3):
        talk = tls(net, 200, 900)
        for _ in range(120):
            talk += [
                (CLIENT, _record(net, 514 * net.random.choice([1, 1, 1, 2])), net.random.expovariate(0.7)),
                (SERVER, _record(net, 514 * net.random.choice([1, 2, 8, 16])), 0.2),
            ]
        net.connection(number * 2.0, HOME, (f"198.19.77.{number + 1}", 9001), talk, rtt=0.08, end="none")


@ordinary
def chat_of_friends(net: Traffic) -> None:
    """Somebody chats over one TLS connection: short words both ways, at human times."""
    talk = tls(net, 500, 700)
    for _ in range(80):
        who = net.random.choice([CLIENT, SERVER])
        talk += [
            (who, _record(net, net.random.randrange(90, 500)), net.random.expovariate(1 / 8)),
            (1 - who, _record(net, 70), 0.05),
        ]
    net.connection(0, HOME, ("198.19.60.9", 443), talk, rtt=0.04, end="none")


@ordinary
def helped_from_afar(net: Traffic) -> None:
    """Somebody is helped from afar: the desk shows its screen through a relay, and is told of keys."""
    talk = tls(net, 500, 300)
    for _ in range(250):
        talk += [
            (SERVER, _record(net, net.random.randrange(60, 90)), net.random.expovariate(3)),
            (CLIENT, _record(net, net.random.randrange(300, 14000)), 0.03),
        ]
    net.connection(0, OFFICE + "33", ("198.19.61.3", 5938), talk, rtt=0.03, end="none")
