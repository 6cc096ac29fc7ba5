"""More ordinary traffic of servers: monitoring, automation, storage, mail, nodes of networks without a centre."""

from __future__ import annotations

from typing import Final

from benchmarks.byhand.kinds import ordinary
from benchmarks.byhand.messages import http, request, tls
from benchmarks.byhand.packets import CLIENT, SERVER, Reply, Step, Traffic

MONITOR: Final = "198.18.10.5"
SERVERS: Final = "198.18.100."
RESOLVER: Final = "198.18.10.10"


def _ssh(net: Traffic, up: int, down: int) -> list[Step]:
    """A session with a key: ``up`` and ``down`` bytes behind the sign-in."""
    return [
        (CLIENT, b"SSH-2.0-OpenSSH_9.2\r\n", 0.001),
        (SERVER, b"SSH-2.0-OpenSSH_9.2\r\n", 0.01),
        (CLIENT, b"\0\0\5\xdc\7\x14" + net.noise(1500), 0.001),
        (SERVER, b"\0\0\4\x1c\5\x14" + net.noise(1050), 0.001),
        (CLIENT, net.noise(48), 0.01),
        (SERVER, net.noise(500), 0.01),
        (CLIENT, net.noise(700), 0.01),
        (SERVER, net.noise(28), 0.01),
        (CLIENT, net.noise(up), 0.01),
        (SERVER, net.noise(down), 0.05),
    ]


@ordinary
def agents_asked(net: Traffic) -> None:
    """A server asks forty agents for three figures each minute, each on a connection of its own."""
    for turn in range(5):
        for number in range(40):
            for item in range(3):
                at = turn * 60 + number * 1.4 + item * 0.2
                talk = [
                    (CLIENT, b"ZBXD\1\x13\0\0\0\0\0\0\0system.cpu.load[%d]" % item, 0.001),
                    (SERVER, b"ZBXD\1\x08\0\0\0\0\0\0\0%.6f" % net.random.random(), 0.002),
                ]
                net.connection(at, MONITOR, (f"{SERVERS}{20 + number}", 10050), talk, closer=SERVER)


@ordinary
def agents_report(net: Traffic) -> None:
    """Twenty agents report to their server each minute, a few hundred bytes each."""
    for number in range(20):
        for at in net.paced(15, 59.8, 60.2):
            told = b"ZBXD\1" + b'{"request":"agent data","data":[' + b'{"k":"v","n":1},' * net.random.randrange(8, 30)
            talk = [(CLIENT, told, 0.001), (SERVER, b'ZBXD\1{"response":"success","info":"processed: 9"}', 0.003)]
            net.connection(number * 2.7 + at, f"{SERVERS}{20 + number}", (MONITOR, 10051), talk)


@ordinary
def smoke_pings(net: Traffic) -> None:
    """A monitor of delays sends twenty pings to each of fifteen hosts, every minute."""
    for turn in range(4):
        for number in range(15):
            for ping in range(20):
                at, mark = turn * 60 + number * 3.1 + ping * 0.05, net.noise(4)
                net.icmp(at, MONITOR, f"198.19.30.{number + 1}", (8, 0), mark + b"\0" * 56)
                net.icmp(at + 0.02, f"198.19.30.{number + 1}", MONITOR, (0, 0), mark + b"\0" * 56)


@ordinary
def ansible_run(net: Traffic) -> None:
    """Automation signs in at twenty servers with a key, eight times each."""
    for turn in range(8):
        for number in range(20):
            talk = _ssh(net, net.random.randrange(900, 9000), net.random.randrange(700, 3000))
            net.connection(turn * 9 + number * 0.4, MONITOR, (f"{SERVERS}{20 + number}", 22), talk, rtt=0.001)


@ordinary
def git_fetches(net: Traffic) -> None:
    """A builder asks for news of a repository over SSH each half minute: mostly there are none."""
    for at in net.paced(60, 29.5, 30.5):
        net.connection(at, "198.18.10.77", (SERVERS + "12", 22), _ssh(net, 1100, 1700), rtt=0.002)


@ordinary
def build_runner(net: Traffic) -> None:
    """Four builders ask for work over TLS every three seconds."""
    for number in range(4):
        for at in net.paced(60, 2.95, 3.1):
            net.connection(
                number + at, f"198.18.10.{71 + number}", (SERVERS + "12", 443), tls(net, 820, 240), rtt=0.002
            )


@ordinary
def rsync_nightly(net: Traffic) -> None:
    """Three servers are backed up by rsync, in the clear."""
    for number in range(3):
        talk: list[Step] = [
            (SERVER, b"@RSYNCD: 31.0\n", 0.01),
            (CLIENT, b"@RSYNCD: 31.0\nbackup\n", 0.01),
            (SERVER, b"@RSYNCD: OK\n", 0.01),
            (CLIENT, net.noise(60), 0.01),
            (SERVER, net.noise(4000), 0.05),
        ]
        for _ in range(60):
            talk += [(CLIENT, net.noise(1000) * net.random.randrange(20, 90), 0.02), (SERVER, net.noise(40), 0.01)]
        net.connection(number * 4.0, f"{SERVERS}{30 + number}", (SERVERS + "9", 873), talk, rtt=0.001)


@ordinary
def backup_to_bucket(net: Traffic) -> None:
    """A server puts its nightly backup into a bucket, in parts of two megabytes, three at once."""
    for turn in range(24):
        talk = tls(net, 900, 300)
        talk += [
            (CLIENT, b"\x17\3\3\x40\0" + net.noise(1000) * 2000, 0.02),
            (SERVER, b"\x17\3\3\0\xf0" + net.noise(240), 0.1),
        ]
        net.connection(turn // 3 * 3.0 + turn % 3 * 0.1, SERVERS + "31", ("198.19.210.8", 443), talk, rtt=0.01)


@ordinary
def database_replica(net: Traffic) -> None:
    """A database sends its log to a copy, and is told how far that is."""
    talk: list[Step] = []
    for _ in range(300):
        talk += [
            (SERVER, b"w" + net.noise(net.random.choice([90, 200, 700, 4000])), net.random.expovariate(3)),
            (CLIENT, b"d\0\0\0\x26r" + net.noise(33), 0.002),
        ]
    net.connection(0, SERVERS + "52", (SERVERS + "51", 5432), talk, rtt=0.001, end="none")


@ordinary
def mail_in(net: Traffic) -> None:
    """Mail comes in from ninety servers; a third of it is refused or put off."""
    for at in net.visits(140, 0.7):
        talk = [
            (SERVER, b"220 mx.example.com ESMTP\r\n", 0.03),
            (CLIENT, b"EHLO mail%d.example.org\r\n" % net.random.randrange(99), 0.02),
            (SERVER, b"250-mx.example.com\r\n250-SIZE 52428800\r\n250 8BITMIME\r\n", 0.001),
            (CLIENT, b"MAIL FROM:<a%d@example.org>\r\n" % net.random.randrange(10**6), 0.02),
            (SERVER, b"250 2.1.0 Ok\r\n", 0.001),
            (CLIENT, b"RCPT TO:<b%d@example.com>\r\n" % net.random.randrange(10**4), 0.02),
        ]
        if net.random.random() < 0.35:
            refused = net.random.choice([b"550 5.1.1 User unknown\r\n", b"450 4.2.0 Greylisted, see later\r\n"])
            talk += [(SERVER, refused, 0.01), (CLIENT, b"QUIT\r\n", 0.02), (SERVER, b"221 Bye\r\n", 0.001)]
        else:
            letter = b"Subject: x\r\n\r\n" + b"text " * net.random.randrange(200, 9000) + b"\r\n.\r\n"
            talk += [(SERVER, b"250 Ok\r\n", 0.01), (CLIENT, b"DATA\r\n", 0.02), (SERVER, b"354 go\r\n", 0.001)]
            talk += [(CLIENT, letter, 0.03), (SERVER, b"250 queued\r\n", 0.2), (CLIENT, b"QUIT\r\n", 0.02)]
        net.connection(at, f"198.19.40.{net.random.randrange(1, 90)}", (SERVERS + "25", 25), talk, rtt=0.03)


@ordinary
def fetch_mail(net: Traffic) -> None:
    """A program looks into three mailboxes over POP3 every minute, each on a connection of its own."""
    for at in net.paced(30, 59.9, 60.3):
        for box in range(3):
            talk = [
                (SERVER, b"+OK POP3 ready\r\n", 0.02),
                (CLIENT, b"USER box%d\r\n" % box, 0.01),
                (SERVER, b"+OK\r\n", 0.01),
                (CLIENT, b"PASS secret%d\r\n" % box, 0.01),
                (SERVER, b"+OK Logged in.\r\n", 0.02),
                (CLIENT, b"STAT\r\n", 0.01),
                (SERVER, b"+OK %d 0\r\n" % net.random.choice([0, 0, 0, 2]), 0.01),
                (CLIENT, b"QUIT\r\n", 0.01),
                (SERVER, b"+OK Bye\r\n", 0.01),
            ]
            net.connection(at + box * 0.7, "198.18.10.30", (SERVERS + "25", 110), talk, rtt=0.01)


@ordinary
def chain_node(net: Traffic) -> None:
    """A node of a network without a centre pings three hundred others, of which half are gone, and calls some."""
    for at in net.arrivals(120, 5):
        here, other = ("198.18.10.90", 30303), (net.stranger(), 30303)
        net.udp(at, here, other, net.noise(130))
        if net.random.random() < 0.5:
            net.udp(at + 0.08, other, here, net.noise(150))
            net.udp(at + 0.09, here, other, net.noise(170))
            net.udp(at + 0.2, other, here, net.noise(1100))
    for at in net.arrivals(120, 0.5):
        other = (net.stranger(), 30303)
        if net.random.random() < 0.6:
            net.syn(at, ("198.18.10.90", net.port(32768)), other)
        else:
            talk = [(CLIENT, net.noise(420), 0.01), (SERVER, net.noise(400), 0.05), (CLIENT, net.noise(180), 0.01)]
            net.connection(at, "198.18.10.90", other, talk, rtt=0.09)


@ordinary
def link_checker(net: Traffic) -> None:
    """A program looks whether three hundred links of a site still lead somewhere; a quarter do not."""
    for at in net.visits(300, 3):
        asked = request(b"/page/%d" % net.random.randrange(9999), agent=b"linkchecker/10")
        status = net.random.choice([b"200 OK"] * 3 + [b"404 Not Found"])
        http(
            net,
            at,
            "198.18.10.41",
            f"198.19.{net.random.randrange(60)}.{net.random.randrange(1, 9)}",
            asked,
            900,
            status,
        )


@ordinary
def suffixes(net: Traffic) -> None:
    """A machine looks for names with the suffixes of its domain first: two of three are not there."""
    for at in net.arrivals(240, 0.5):
        host = net.random.choice(["print", "files", "wiki", "git", "proxy", "mail", "wpad", "isatap", "update", "time"])
        for number, suffix in enumerate(("ads.corp.example.com", "corp.example.com", "example.com")):
            reply = Reply() if number == 2 else Reply(3)
            net.dns(
                at + number * 0.01, "198.18.10.44", RESOLVER, f"{host}{net.random.randrange(6)}.{suffix}", reply=reply
            )


@ordinary
def reputation(net: Traffic) -> None:
    """A virus scanner asks for what is known of files, by names of their hashes, as they are opened."""
    for at in net.arrivals(300, 0.35):
        name = f"{net.noise(16).hex()}.f.hash.avcloud.example.net"
        net.dns(at, "198.18.10.45", RESOLVER, name, reply=Reply(data=b"\x7f\0\0\1"))
    for at in net.arrivals(300, 0.3):
        net.dns(at, "198.18.10.45", RESOLVER, f"www{net.random.randrange(300)}.example.com")


@ordinary
def logons_with_slips(net: Traffic) -> None:
    """Sixty machines of a domain get tickets of Kerberos; each is first asked to prove itself, and a few slip."""
    for at in net.visits(140, 0.8):
        source = (f"198.18.14.{net.random.randrange(2, 62)}", net.port(49152))
        head = b"\x7e\x81\x9e\x30\x81\x9b\xa0\3\2\1\5\xa1\3\2\1\x1e\xa4\x11\x18\x0f20260301100000Z\xa5\5\2\3\1\2\3"
        code = net.random.choice([b"\x19"] * 9 + [b"\x18"])
        net.udp(at, source, (RESOLVER, 88), b"\x6a\x81\xe0\x30\x81\xdd\xa1\3\2\1\5\xa2\3\2\1\x0a" + net.noise(210))
        net.udp(at + 0.002, (RESOLVER, 88), source, head + b"\xa6\3\2\1" + code + net.noise(100))
        again = (source[0], net.port(49152))
        net.udp(
            at + 0.02, again, (RESOLVER, 88), b"\x6a\x82\1\x20\x30\x82\1\x1c\xa1\3\2\1\5\xa2\3\2\1\x0a" + net.noise(270)
        )
        net.udp(
            at + 0.03,
            (RESOLVER, 88),
            again,
            b"\x6b\x82\5\xa0\x30\x82\5\x9c\xa0\3\2\1\5\xa1\3\2\1\x0b" + net.noise(1300),
        )


@ordinary
def uptime_checks(net: Traffic) -> None:
    """Five places of a service that watches sites ask for one page over TLS, each once a minute."""
    for number in range(5):
        for at in net.paced(20, 59.9, 60.1):
            net.connection(
                number * 11 + at, f"198.19.{70 + number}.9", (SERVERS + "80", 443), tls(net, 260, 5200), rtt=0.06
            )
