"""More guessing and looking around: few tries at each of many, refusals of other protocols, odd probes."""

from __future__ import annotations

import struct
from typing import Final

from benchmarks.byhand.kinds import attack
from benchmarks.byhand.messages import request, sip, tls, told_by
from benchmarks.byhand.packets import ACK, CLIENT, RST, SERVER, Segment, Step, Traffic

ATTACKER: Final = "198.18.113.9"
INSIDER: Final = "198.18.14.66"
SERVERS: Final = "198.18.100."
SMB_HEAD: Final = b"\0\0\0\x88\xfeSMB\x40\0"


def _rdp(net: Traffic) -> list[Step]:
    """A try over RDP with network level authentication: TLS, then a refusal."""
    return [
        (CLIENT, b"\3\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: mstshash=admin\r\n\1\0\x08\0\3\0\0\0", 0.0005),
        (SERVER, b"\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\x0f\x08\0\2\0\0\0", 0.003),
        *tls(net, 130, 260),
        (CLIENT, b"\x17\3\3\1\x90" + net.noise(400), 0.001),
        (SERVER, b"\x17\3\3\0\x2a" + net.noise(42), 0.05),
    ]


def _smb(net: Traffic, last: bytes) -> list[Step]:
    """A sign-in over SMB2 that ends with a status."""
    asked = SMB_HEAD + b"\0" * 40 + net.noise(90)
    return [
        (CLIENT, SMB_HEAD + b"\0" * 100, 0.0004),
        (SERVER, SMB_HEAD + net.noise(190), 0.001),
        (CLIENT, asked, 0.0005),
        (SERVER, SMB_HEAD + b"\x16\0\0\xc0" + net.noise(220), 0.001),
        (CLIENT, asked + net.noise(300), 0.0006),
        (SERVER, SMB_HEAD[:-2] + b"\x40\0\1\0" + last + b"\0" * 60, 0.002),
    ]


@attack("rdp_bruteforce", "host_sweep")
def rdp_spray(net: Traffic) -> None:
    """One password at each of thirty machines over RDP, five times round, a try every two seconds."""
    for turn, at in enumerate(net.paced(150, 1.5, 2.5)):
        net.connection(at, ATTACKER, (f"{SERVERS}{10 + turn % 30}", 3389), _rdp(net), end="rst")


@attack("smb_bruteforce", "host_sweep", "other_bruteforce")
def smb_spray(net: Traffic) -> None:
    """One password at each of forty machines over SMB, twice round."""
    for turn, at in enumerate(net.paced(80, 0.2, 0.6)):
        talk = _smb(net, b"\x6d\0\0\xc0")
        net.connection(at, INSIDER, (f"{SERVERS}{10 + turn % 40}", 445), talk)


@attack("ssh_bruteforce")
def ssh_many_guessers(net: Traffic) -> None:
    """Sixty machines try two passwords each at one SSH server, one every few seconds."""
    guessers = net.strangers(60)
    for turn, at in enumerate(net.paced(120, 1, 5)):
        talk = [
            (CLIENT, b"SSH-2.0-libssh2_1.10.0\r\n", 0.001),
            (SERVER, b"SSH-2.0-OpenSSH_8.9p1 Ubuntu-3\r\n", 0.02),
            (CLIENT, b"\0\0\3\x2c\5\x14" + net.noise(800), 0.001),
            (SERVER, b"\0\0\4\x1c\5\x14" + net.noise(1050), 0.001),
            (CLIENT, net.noise(120), 0.01),
            (SERVER, net.noise(450), 0.01),
            (CLIENT, net.noise(64), 0.01),
            (SERVER, net.noise(52), 0.01),
            (CLIENT, net.noise(148), 0.01),
            (SERVER, net.noise(80), 2.0),
        ]
        net.connection(at, guessers[turn % 60], (SERVERS + "22", 22), talk, rtt=0.05)


@attack("other_bruteforce")
def redis_guess(net: Traffic) -> None:
    """Three hundred passwords for Redis, within one connection."""
    talk: list[Step] = []
    for _ in range(300):
        password = net.noise(net.random.randrange(3, 8)).hex().encode()
        talk += [
            (CLIENT, b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n" % (len(password), password), 0.03),
            (SERVER, b"-WRONGPASS invalid username-password pair or user is disabled.\r\n", 0.001),
        ]
    net.connection(0, ATTACKER, (SERVERS + "63", 6379), talk)


@attack("other_bruteforce")
def imap_guess(net: Traffic) -> None:
    """A hundred passwords for mailboxes, over IMAP."""
    for turn, at in enumerate(net.paced(100, 0.3, 0.8)):
        talk = [
            (SERVER, b"* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE AUTH=PLAIN] ready.\r\n", 0.01),
            (CLIENT, b'a1 LOGIN "user%d" "pass%d"\r\n' % (turn % 9, turn), 0.01),
            (SERVER, b"a1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n", 2.0),
            (CLIENT, b"a2 LOGOUT\r\n", 0.01),
            (SERVER, b"* BYE Logging out\r\na2 OK Logout completed.\r\n", 0.001),
        ]
        net.connection(at, ATTACKER, (SERVERS + "25", 143), talk)


@attack("other_bruteforce")
def pop3_guess(net: Traffic) -> None:
    """A hundred passwords for a mailbox, over POP3."""
    for turn, at in enumerate(net.paced(100, 0.3, 0.8)):
        talk = [
            (SERVER, b"+OK POP3 server ready <%d@mail>\r\n" % turn, 0.01),
            (CLIENT, b"USER info\r\n", 0.01),
            (SERVER, b"+OK\r\n", 0.001),
            (CLIENT, b"PASS pass%d\r\n" % turn, 0.01),
            (SERVER, b"-ERR [AUTH] Authentication failed.\r\n", 1.0),
        ]
        net.connection(at, ATTACKER, (SERVERS + "25", 110), talk, closer=SERVER)


@attack("other_bruteforce", "host_sweep", "other_dos")
def snmp_communities(net: Traffic) -> None:
    """Four hundred communities at one switch, which knows none of them."""
    for turn in range(400):
        community = b"c%d" % turn
        inner = b"\2\1\0\4" + bytes([len(community)]) + community
        inner += b"\xa0\x1c\2\4" + net.noise(4) + b"\2\1\0\2\1\0\x30\x0e\x30\x0c\6\x08\x2b\6\1\2\1\1\1\0\5\0"
        asked = b"\x30" + bytes([len(inner)]) + inner
        net.udp(turn * 0.01, (ATTACKER, 40001), (SERVERS + "1", 161), asked)


@attack("other_bruteforce")
def kerberos_one_user(net: Traffic) -> None:
    """A hundred and fifty passwords for one user of a domain, over TCP."""
    for at in net.paced(150, 0.1, 0.3):
        refused = b"\x7e\x81\xa4\x30\x81\xa1\xa0\3\2\1\5\xa1\3\2\1\x1e\xa4\x11\x18\x0f20260301100000Z\xa5\5\2\3\1\2\3"
        refused += b"\xa6\3\2\1\x18\xa9\x0c\x1b\x0aCORP.LOCAL" + net.noise(90)
        asked = b"\x6a\x82\1\x20\x30\x82\1\x1c\xa1\3\2\1\5\xa2\3\2\1\x0a" + net.noise(270)
        talk = [
            (CLIENT, struct.pack("!I", len(asked)) + asked, 0.0005),
            (SERVER, struct.pack("!I", len(refused)) + refused, 0.002),
        ]
        net.connection(at, INSIDER, ("198.18.10.10", 88), talk)


@attack("http_login_bruteforce", "other_bruteforce")
def form_over_tls(net: Traffic) -> None:
    """A hundred and fifty tries at a form over TLS, two a second."""
    for at in net.paced(150, 0.4, 0.6):
        net.connection(at, ATTACKER, (SERVERS + "80", 443), tls(net, 410 + net.random.randrange(8), 3210), rtt=0.03)


@attack("http_login_bruteforce")
def basic_one_connection(net: Traffic) -> None:
    """Two hundred passwords of HTTP's own, within one connection."""
    refused = (
        b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 20\r\n\r\n' + b"n" * 20
    )
    talk: list[Step] = []
    for turn in range(200):
        asked = request(b"/admin/", b"Authorization: Basic YWRtaW46cGFzc%04d==\r\n" % turn)
        talk += [(CLIENT, asked, 0.02), (SERVER, refused, 0.003)]
    net.connection(0, ATTACKER, (SERVERS + "80", 80), talk)


@attack("other_bruteforce", "http_login_bruteforce")
def camera_guess(net: Traffic) -> None:
    """Eighty passwords for a camera, over RTSP."""
    for turn, at in enumerate(net.paced(80, 0.1, 0.4)):
        asked = (
            b"DESCRIBE rtsp://198.18.100.70/1 RTSP/1.0\r\nCSeq: 2\r\nAuthorization: Basic YWRtaW46%06d\r\n\r\n" % turn
        )
        refused = b'RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n'
        net.connection(at, ATTACKER, (SERVERS + "70", 554), [(CLIENT, asked, 0.001), (SERVER, refused, 0.004)])


@attack("port_scan")
def udp_scan_high(net: Traffic) -> None:
    """A hundred and twenty high ports of a host, a datagram of sixteen bytes at each; a few are refused."""
    ports = net.random.sample(range(20000, 60000), 120)
    for port, at in zip(ports, net.visits(120, 12), strict=True):
        net.udp(at, (ATTACKER, 50321), ("198.18.5.40", port), net.noise(16))
        if net.random.random() < 0.1:
            told_by(net, at + 0.001, "198.18.5.40", (3, 3))


@attack("port_scan")
def scan_each_15s(net: Traffic) -> None:
    """Seventy ports of a host, one each fifteen seconds; what is closed refuses."""
    ports = net.random.sample(range(1, 3000), 70)
    for port, at in zip(ports, net.paced(70, 14.5, 15.5), strict=True):
        here, there = (ATTACKER, net.port(33000)), ("198.18.5.40", port)
        net.syn(at, here, there, window=1024)
        net.segment(at + 0.001, there, here, Segment(0, 1, RST | ACK, window=0))


@attack("host_sweep")
def sip_options_sweep(net: Traffic) -> None:
    """OPTIONS of SIP at each of four hundred addresses."""
    for number in range(400):
        target = (f"198.18.{60 + number // 200}.{number % 200 + 1}", 5060)
        net.udp(number * 0.02, (ATTACKER, 5060), target, sip(net.random, "OPTIONS", 100))
