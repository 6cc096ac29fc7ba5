"""Ordinary traffic of an office: sign-ins, mail, shares, screens, telephones, updates."""

from __future__ import annotations

from typing import Final

from benchmarks.byhand.kinds import ordinary
from benchmarks.byhand.messages import SIP_VIA, dhcp_ask, http, request, sip, tls
from benchmarks.byhand.packets import CLIENT, SERVER, Reply, Step, Traffic

CONTROLLER: Final = "198.18.10.10"
CLERK: Final = "198.18.14.9"
EXCHANGE: Final = ("198.18.100.60", 5060)
SIP_OK: Final = b"SIP/2.0 200 OK\r\n"
BOTH: Final = (CLIENT, SERVER)
RDP: Final[tuple[Step, ...]] = (
    (CLIENT, b"\3\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: mstshash=anna\r\n\1\0\x08\0\3\0\0\0", 0.01),
    (SERVER, b"\3\0\0\x13\x0e\xd0\0\0\x124\0\2\x1f\x08\0\2\0\0\0", 0.01),
)


def _desk(net: Traffic) -> str:
    """A random desk of the office."""
    return f"198.18.{net.random.randrange(14, 18)}.{net.random.randrange(2, 250)}"


def _files(net: Traffic, turns: int, most: int, delay: float) -> list[Step]:
    """Requests and answers of a file server of 90 to ``most`` bytes."""
    return [
        (who, b"\0\0\1\0\xfeSMB" + net.noise(net.random.randrange(90, most)), delay)
        for _ in range(turns)
        for who in BOTH
    ]


@ordinary
def ad_logon(net: Traffic) -> None:
    """Forty desks sign in to a domain within a minute."""
    for desk in range(40):
        client, begin = f"198.18.14.{10 + desk}", net.random.uniform(0, 60)
        for turn in range(6):
            name = f"_ldap._tcp.dc{turn}.corp.example.com"
            net.dns(begin + turn * 0.02, client, CONTROLLER, name, 33, Reply(data=net.noise(30)))
        for turn in range(4):
            source, at = (client, net.port(49152)), begin + 0.2 + turn * 0.03
            ticket = (b"\x6b\x82" if turn % 2 else b"\x7e\x81\x9e") + net.noise(net.random.randrange(150, 1300))
            net.udp(at, source, (CONTROLLER, 88), b"\x6a\x81\xe0" + net.noise(net.random.randrange(180, 260)))
            net.udp(at + 0.002, (CONTROLLER, 88), source, ticket)
        directory = [
            (CLIENT, b"\x30\x84\0\0\0\x40\2\1\1\x60" + net.noise(1500), 0.001),
            (SERVER, b"\x30\x84\0\0\0\x10\2\1\1\x61" + net.noise(180), 0.002),
            (CLIENT, b"\x30\x84\0\0\1\x40\2\1\2\x63" + net.noise(300), 0.001),
            (SERVER, b"\x30\x84" + net.noise(net.random.randrange(500, 5000)), 0.003),
        ]
        net.connection(begin + 0.5, client, (CONTROLLER, 389), directory)
        share = [
            (CLIENT, b"\0\0\0\x45\xffSMB" + net.noise(65), 0.001),
            (SERVER, b"\0\0\1\xfe\xfeSMB" + net.noise(400), 0.002),
            (CLIENT, b"\0\0\1\xfe\xfeSMB" + net.noise(1900), 0.002),
            (SERVER, b"\0\0\1\0\xfeSMB" + net.noise(260), 0.002),
        ]
        net.connection(begin + 0.7, client, (CONTROLLER, 445), share + _files(net, 8, 4000, 0.002), end="none")


@ordinary
def nat_office(net: Traffic) -> None:
    """A whole office behind one address, at two hundred and fifty sites."""
    office, sites = "198.18.100.2", net.strangers(250)
    for at in net.arrivals(60, 12):
        talk = tls(net, net.random.randrange(300, 2500), net.random.randrange(200, 60000))
        net.connection(at, office, (net.random.choice(sites), 443), talk, rtt=net.random.uniform(0.01, 0.1))
        if net.random.random() < 0.4:
            net.dns(max(at - 0.05, 0), office, "198.19.9.9", f"h{net.random.randrange(500)}.example.net")


@ordinary
def mail_out(net: Traffic) -> None:
    """A mail server delivers to a hundred and twenty others."""
    for at in net.visits(120, 1):
        talk = [
            (SERVER, b"220 mx.example.org ESMTP\r\n", 0.05),
            (CLIENT, b"EHLO mail.example.com\r\n", 0.001),
            (SERVER, b"250-mx\r\n250-STARTTLS\r\n250 OK\r\n", 0.05),
            (CLIENT, b"MAIL FROM:<a@example.com>\r\n", 0.001),
            (SERVER, b"250 ok\r\n", 0.05),
            (CLIENT, b"RCPT TO:<b@example.org>\r\n", 0.001),
            (SERVER, b"250 ok\r\n", 0.05),
            (CLIENT, b"DATA\r\n", 0.001),
            (SERVER, b"354 go\r\n", 0.05),
            (CLIENT, net.noise(net.random.randrange(2000, 60000)), 0.001),
            (SERVER, b"250 queued\r\n", 0.1),
            (CLIENT, b"QUIT\r\n", 0.001),
        ]
        net.connection(at, "198.18.100.25", (net.stranger(), 25), talk, rtt=0.05)


@ordinary
def dhcp_office(net: Traffic) -> None:
    """Eighty desks get their addresses within two minutes."""
    for desk in range(80):
        begin, mac = net.random.uniform(0, 120), net.noise(6)
        for at, kind in ((begin, 1), (begin + 0.02, 3)):
            dhcp_ask(net, at, mac, kind)
            net.udp(at + 0.01, ("198.18.10.1", 67), (f"198.18.14.{desk + 1}", 68), b"\2\1\6\0" + net.noise(300))


def _ssh(net: Traffic) -> list[Step]:
    """How an SSH session begins."""
    return [
        (SERVER, b"SSH-2.0-OpenSSH_9.6\r\n", 0.01),
        (CLIENT, b"SSH-2.0-OpenSSH_9.2\r\n", 0.001),
        (CLIENT, net.noise(1500), 0.001),
        (SERVER, net.noise(1080), 0.01),
    ]


@ordinary
def ssh_interactive(net: Traffic) -> None:
    """Somebody types in a session over SSH."""
    talk = [*_ssh(net), (CLIENT, net.noise(48), 0.001), (SERVER, net.noise(500), 0.01)]
    for _ in range(150):
        shown = net.noise(net.random.choice([36, 36, 36, 100, 900]))
        talk += [(CLIENT, net.noise(36), net.random.expovariate(3)), (SERVER, shown, 0.002)]
    net.connection(0, CLERK, ("198.18.10.22", 22), talk, rtt=0.01)


@ordinary
def backup_big(net: Traffic) -> None:
    """Twelve megabytes to a backup server over SSH."""
    talk = _ssh(net) + [(CLIENT, net.noise(999) * 900, 0.05) for _ in range(14)]
    net.connection(0, CLERK, ("198.18.10.99", 22), talk, rtt=0.001)


@ordinary
def sip_trunk(net: Traffic) -> None:
    """An exchange registers thirty numbers, each challenged first."""
    trunk = ("198.18.90.5", 5060)
    for turn, at in enumerate(net.paced(60, 1, 4)):
        user = 200 + turn % 30
        net.udp(at, trunk, EXCHANGE, sip(net.random, "REGISTER", user))
        net.udp(at + 0.01, EXCHANGE, trunk, b"SIP/2.0 401 Unauthorized\r\n" + SIP_VIA * 25)
        signed = sip(net.random, "REGISTER", user) + b"Authorization: Digest" + b"a" * 150
        net.udp(at + 0.02, trunk, EXCHANGE, signed)
        net.udp(at + 0.03, EXCHANGE, trunk, SIP_OK + SIP_VIA * 25)


@ordinary
def sip_registrations(net: Traffic) -> None:
    """A border controller signs in four telephones a second for their owners, all from one port."""
    border = ("198.18.90.6", 5060)
    for at in net.arrivals(60, 4):
        user = net.random.randrange(2000, 2900)
        net.udp(at, border, EXCHANGE, sip(net.random, "REGISTER", user))
        net.udp(at + 0.012, EXCHANGE, border, b"SIP/2.0 401 Unauthorized\r\n" + SIP_VIA * 25)
        signed = sip(net.random, "REGISTER", user) + b"Authorization: Digest" + b"a" * 150
        net.udp(at + 0.03, border, EXCHANGE, signed)
        net.udp(at + 0.042, EXCHANGE, border, SIP_OK + SIP_VIA * 25)


@ordinary
def voip_calls(net: Traffic) -> None:
    """Eight calls of ten seconds each."""
    gateway = ("198.18.20.5", 5060)
    for call in range(8):
        at, phone = net.random.uniform(0, 20), (f"198.18.20.{20 + call}", 5060)
        here, there = ((end[0], net.random.randrange(16384, 32000) & ~1) for end in (phone, gateway))
        net.udp(at, phone, gateway, sip(net.random, "INVITE", 300))
        net.udp(at + 0.01, gateway, phone, b"SIP/2.0 100 Trying\r\n" + SIP_VIA * 20)
        net.udp(at + 1, gateway, phone, SIP_OK + SIP_VIA * 60)
        net.udp(at + 1.01, phone, gateway, sip(net.random, "ACK", 300))
        for turn in range(500):
            head = b"\x80\0" + turn.to_bytes(2, "big")
            net.udp(at + 1.1 + turn * 0.02, here, there, head + net.noise(168))
            net.udp(at + 1.105 + turn * 0.02, there, here, head + net.noise(168))
        net.udp(at + 11.5, phone, gateway, sip(net.random, "BYE", 300))
        net.udp(at + 11.51, gateway, phone, SIP_OK + SIP_VIA * 20)


@ordinary
def imap_idle(net: Traffic) -> None:
    """A mail program looks for mail each minute."""
    talk = [
        (SERVER, b"* OK IMAP4rev1 ready\r\n", 0.03),
        (CLIENT, b"a1 LOGIN user@example.com pass\r\n", 0.001),
        (SERVER, b"a1 OK logged in\r\n", 0.05),
        (CLIENT, b"a2 SELECT INBOX\r\n", 0.001),
        (SERVER, b"* 12 EXISTS\r\na2 OK\r\n", 0.03),
        (CLIENT, b"a3 UID FETCH 1:* FLAGS\r\n", 0.001),
        (SERVER, b"* 1 FETCH\r\n" * 30 + b"a3 OK\r\n", 0.04),
        (CLIENT, b"a4 LOGOUT\r\n", 0.001),
        (SERVER, b"* BYE\r\n", 0.02),
    ]
    for turn in range(20):
        net.connection(turn * 60.0 + net.random.uniform(0, 2), CLERK, ("198.18.100.26", 143), talk, rtt=0.02)


@ordinary
def windows_update(net: Traffic) -> None:
    """An update is fetched in forty ranges."""
    for turn, at in enumerate(net.paced(40, 0.3, 1.5)):
        first = turn * 1_000_000
        asked = b"GET /d/msdownload/update/x.cab HTTP/1.1\r\nRange: bytes=%d-%d\r\n" % (first, first + 999_999)
        asked += b"User-Agent: Microsoft-Delivery-Optimization/10.0\r\nHost: dl.delivery.example.com\r\n\r\n"
        part = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1000000\r\n\r\n" + net.noise(999) * 200
        net.connection(at, CLERK, ("198.19.50.9", 80), [(CLIENT, asked, 0.001), (SERVER, part, 0.02)], rtt=0.01)


@ordinary
def wsus_many_clients(net: Traffic) -> None:
    """Desks ask the office's update server, twelve a second."""
    for at in net.visits(400, 12):
        form = b"<soap>" + b"x" * net.random.randrange(600, 1500)
        asked = request(b"/ClientWebService/client.asmx", form=form)
        http(net, at, _desk(net), ("198.18.10.60", 8530), asked, net.random.randrange(800, 20000))


@ordinary
def rdp_session(net: Traffic) -> None:
    """A session on a remote desktop."""
    talk = [*RDP, *tls(net, 700, 900)]
    for _ in range(400):
        talk += [
            (CLIENT, b"\x17\3\3" + net.noise(net.random.randrange(40, 90)), net.random.expovariate(8)),
            (SERVER, b"\x17\3\3" + net.noise(net.random.randrange(60, 6000)), 0.02),
        ]
    net.connection(0, CLERK, ("198.18.10.30", 3389), talk, rtt=0.01)


@ordinary
def rdp_reconnects(net: Traffic) -> None:
    """Four short sessions on a remote desktop."""
    for turn in range(4):
        talk = [*RDP, *tls(net, 700, 900)]
        talk += [
            (net.random.choice(BOTH), b"\x17\3\3" + net.noise(net.random.randrange(60, 3000)), 0.3) for _ in range(60)
        ]
        net.connection(turn * 30.0, CLERK, ("198.18.10.30", 3389), talk, rtt=0.01)


@ordinary
def smb_walk(net: Traffic) -> None:
    """A desk opens shares of twelve servers in turn."""
    for server in range(12):
        talk = [
            (CLIENT, b"\0\0\0\x45\xffSMB" + net.noise(65), 0.001),
            (SERVER, b"\0\0\1\xfe\xfeSMB" + net.noise(400), 0.002),
            *_files(net, 15, 2000, 0.003),
        ]
        net.connection(server * 1.5, CLERK, (f"198.18.10.{40 + server}", 445), talk, rtt=0.001)


@ordinary
def login_morning(net: Traffic) -> None:
    """A hundred and twenty people sign in to a portal, one a second."""
    for user, at in enumerate(net.visits(120, 1)):
        desk = _desk(net)
        form = b"user=u%d&password=xxxxxxxx&csrf=%s" % (user, net.noise(16).hex().encode())
        http(net, at, desk, "198.18.10.61", request(b"/login", form=form), 120, b"302 Found")
        for page in range(net.random.randrange(2, 7)):
            size = net.random.randrange(900, 30000)
            http(net, at + 0.2 + page * 0.1, desk, "198.18.10.61", request(b"/home/%d" % page), size)


@ordinary
def http_proxy(net: Traffic) -> None:
    """An office's proxy, fifteen requests a second."""
    for at in net.arrivals(40, 15):
        site, page, number = (net.random.randrange(most) for most in (99, 99, 9999))
        asked = request(b"http://www.site%d.com/p%d?id=%d" % (site, page, number))
        desk = f"198.18.14.{net.random.randrange(2, 60)}"
        http(net, at, desk, ("198.18.10.3", 3128), asked, net.random.randrange(400, 60000))
