"""Ordinary traffic of the web: people, crawlers, crowds, pages that renew themselves, telemetry."""

from __future__ import annotations

from typing import Final

from benchmarks.byhand.kinds import ordinary
from benchmarks.byhand.messages import http, request, tls
from benchmarks.byhand.packets import CLIENT, SERVER, Step, Traffic

HOME: Final = "198.18.1.9"
SITE: Final = "198.18.100.80"
CHAT: Final = "198.18.100.81"
EVENTS: Final = "198.18.100.90"


@ordinary
def shop_browse(net: Traffic) -> None:
    """Somebody looks at twenty-five pages of a shop."""
    for at in net.visits(25, 1 / 6):
        for part in range(net.random.randrange(2, 9)):
            server = net.random.choice(["198.19.216.34", "198.19.216.35"])
            asked = request(b"/item/%d?ref=%d" % (net.random.randrange(999), part))
            http(net, at + part * 0.05, HOME, server, asked, net.random.randrange(500, 90000))


@ordinary
def web_404_crawler(net: Traffic) -> None:
    """A search engine reads a blog, and some pages are gone."""
    agent = b"Mozilla/5.0 (compatible; Googlebot/2.1)"
    for at in net.visits(250, 1.2):
        path = b"/blog/%d/post-%d" % (net.random.randrange(2009, 2026), net.random.randrange(999))
        status = net.random.choice([b"200 OK"] * 6 + [b"404 Not Found", b"301 Moved"])
        size = net.random.randrange(300, 30000)
        http(net, at, "198.19.66.1", SITE, request(path, agent=agent), size, status)


@ordinary
def flashcrowd(net: Traffic) -> None:
    """Everybody wants to see the medals."""
    for at in net.arrivals(20, 25):
        path = net.random.choice([b"/", b"/live", b"/medals", b"/style.css", b"/app.js"])
        http(net, at, net.stranger(), SITE, request(path), net.random.randrange(800, 40000))


@ordinary
def cdn_edge(net: Traffic) -> None:
    """A hundred and twenty people at one TLS server, thirty connections a second."""
    people = net.strangers(120)
    for at in net.arrivals(20, 30):
        talk = tls(net, net.random.randrange(300, 1800), net.random.randrange(400, 40000))
        rtt = net.random.uniform(0.01, 0.15)
        net.connection(at, net.random.choice(people), ("198.18.100.44", 443), talk, rtt=rtt)


@ordinary
def ftp_mirror(net: Traffic) -> None:
    """Thirty files are fetched over FTP."""
    talk: list[Step] = [
        (SERVER, b"220 ready\r\n", 0.05),
        (CLIENT, b"USER anonymous\r\n", 0.01),
        (SERVER, b"331 \r\n", 0.05),
        (CLIENT, b"PASS x@\r\n", 0.01),
        (SERVER, b"230 ok\r\n", 0.05),
    ]
    for number in range(30):
        talk += [
            (CLIENT, b"PASV\r\n", 0.5),
            (SERVER, b"227 Entering Passive Mode (198,18,100,21,%d,10)\r\n" % (200 + number), 0.02),
            (CLIENT, b"RETR f%d\r\n" % number, 0.01),
            (SERVER, b"150 ok\r\n226 done\r\n", 0.3),
        ]
    net.connection(0, HOME, ("198.18.100.21", 21), talk, rtt=0.02)
    for number in range(30):
        data = [(SERVER, net.noise(net.random.randrange(1000, 80000)), 0.02)]
        server = ("198.18.100.21", 51200 + number)
        net.connection(0.4 + number * 0.9, HOME, server, data, rtt=0.02, closer=SERVER)


@ordinary
def apt_docker(net: Traffic) -> None:
    """A server fetches sixty packages."""
    agent = b"Debian APT-HTTP/1.3 (2.6.1)"
    for turn, at in enumerate(net.paced(60, 0.02, 0.4)):
        mirror = net.random.choice(["198.19.101.132", "198.19.232.132"])
        asked = request(b"/debian/pool/main/l/lib%d.deb" % turn, agent=agent)
        http(net, at, "198.18.10.40", mirror, asked, net.random.randrange(3000, 300000))


@ordinary
def websocket_chat(net: Traffic) -> None:
    """A chat that is kept alive every twenty-five seconds."""
    opening = (
        b"GET /ws HTTP/1.1\r\nHost: chat\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: abc\r\n\r\n"
    )
    talk: list[Step] = [
        (CLIENT, opening, 0.001),
        (SERVER, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", 0.02),
    ]
    for _ in range(40):
        talk += [
            (CLIENT, b"\x81\x81" + net.noise(5), 25.0 + net.random.uniform(-0.05, 0.05)),
            (SERVER, b"\x81\x013", 0.02),
        ]
    net.connection(0, HOME, (CHAT, 80), talk, rtt=0.02, end="none")


@ordinary
def socketio_poll(net: Traffic) -> None:
    """A page that polls for messages, each answered after twenty-five seconds."""
    for at in net.paced(40, 25, 25.3):
        path = b"/socket.io/?EIO=4&transport=polling&t=%x&sid=abc" % net.random.randrange(1 << 30)
        http(net, at, HOME, CHAT, request(path), net.random.choice([60, 60, 60, 240, 900]))


@ordinary
def ajax_refresh_5s(net: Traffic) -> None:
    """A page that renews its figures every five seconds."""
    for turn, at in enumerate(net.paced(80, 5, 5.2)):
        asked = request(b"/api/live?ts=%d" % (1_700_000_000 + turn * 5))
        http(net, at, HOME, CHAT, asked, net.random.randrange(1500, 5200))


@ordinary
def web_api_mobile(net: Traffic) -> None:
    """A telephone's program reports what is tapped."""
    for at in net.visits(50, 1 / 4):
        taps = b'{"n":"tap","t":%d},' % net.random.randrange(10**9) * net.random.randrange(1, 9)
        asked = request(b"/api/v2/events", form=b'{"events":[' + taps + b"]}", agent=b"okhttp/4.12")
        http(net, at, HOME, EVENTS, asked, net.random.choice([15, 15, 15, 40]))


@ordinary
def telemetry_post_10s(net: Traffic) -> None:
    """A program reports to its maker every ten seconds."""
    for at in net.paced(60, 9.5, 10.5):
        form = net.noise(net.random.randrange(700, 2500)).hex().encode()
        asked = request(b"/telemetry", form=form, agent=b"agent/2.1")
        http(net, at, HOME, EVENTS, asked, net.random.choice([15, 15, 15, 40]))
