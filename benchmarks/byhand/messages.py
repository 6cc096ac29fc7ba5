"""Messages that several kinds of traffic share: TLS handshakes, HTTP requests, SIP and DHCP messages."""

from __future__ import annotations

import random
import socket
import struct
from typing import Final

from benchmarks.byhand.packets import BROADCAST, CLIENT, SERVER, Header, Port, Step, Traffic

BROWSER: Final = b"Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
SERVER_NAME: Final = b"cdn-metrics.example.net"
DHCP_COOKIE: Final = b"\x63\x82\x53\x63"
SIP_VIA: Final = b"Via: x\r\n"
GROUPS: Final = b"\0\x0a\0\x08\0\6\0\x1d\0\x17\0\x18\0\x0b\0\2\1\0\0\x0d\0\x0a\0\x08\4\3\4\1\5\1\6\1"
CIPHERS: Final = b"\0\x0e\xc0\x2b\xc0\x2f\xc0\x2c\xc0\x30\0\x9c\0\x9d\0\x2f"


def tls_hello(net: Traffic) -> list[Step]:
    """A client's hello with a server name, and the server's with certificates."""
    length = len(SERVER_NAME)
    name = b"\0\0" + struct.pack("!HHBH", length + 5, length + 3, 0, length) + SERVER_NAME
    extensions = name + GROUPS
    body = b"\3\3" + net.noise(32) + b"\x20" + net.noise(32) + CIPHERS + b"\1\0"
    body += struct.pack("!H", len(extensions)) + extensions
    hello = b"\1" + struct.pack("!I", len(body))[1:] + body
    return [
        (CLIENT, b"\x16\3\1" + struct.pack("!H", len(hello)) + hello, 0.0003),
        (SERVER, b"\x16\3\3\0\x5a\2" + net.noise(89) + b"\x16\3\3\x0a\x30" + net.noise(2608), 0.004),
    ]


def tls(net: Traffic, up: int, down: int) -> list[Step]:
    """A TLS 1.2 handshake, one request of ``up`` bytes and its answer of ``down``."""
    finished = b"\x14\3\3\0\1\1\x16\3\3\0\x28"
    return [
        *tls_hello(net),
        (CLIENT, b"\x16\3\3\0\x46" + net.noise(70) + finished + net.noise(40), 0.001),
        (SERVER, finished + net.noise(40), 0.003),
        (CLIENT, b"\x17\3\3" + struct.pack("!H", up) + net.noise(up), 0.0005),
        (SERVER, b"\x17\3\3" + struct.pack("!H", min(down, 16000)) + net.noise(down), 0.01),
    ]


def request(path: bytes, headers: bytes = b"", form: bytes | None = None, agent: bytes = BROWSER) -> bytes:
    """An HTTP request: a GET, or a POST of ``form``. ``headers`` are whole lines."""
    method = b"GET " if form is None else b"POST "
    head = (
        method + path + b" HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: " + agent + b"\r\nAccept: */*\r\n" + headers
    )
    if form is None:
        return head + b"\r\n"
    return head + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(form) + form


def http(
    net: Traffic, at: float, client: str, server: str | Port, asked: bytes, size: int = 2000, status: bytes = b"200 OK"
) -> None:
    """A connection with one HTTP request and an HTML page of ``size`` bytes; the port is 80 where none is given."""
    page = (
        b"HTTP/1.1 "
        + status
        + b"\r\nServer: Apache\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n<html>" % size
    )
    talk = [(CLIENT, asked, 0.0003), (SERVER, page + b"a " * ((size - 6) // 2), 0.02)]
    net.connection(at, client, (server, 80) if isinstance(server, str) else server, talk, rtt=0.02)


def sip(draw: random.Random, method: str, user: int) -> bytes:
    """A SIP request of a user of the registrar 198.18.100.60."""
    return (
        f"{method} sip:{user}@198.18.100.60 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 198.18.113.7:5060;branch=z9hG4bK{draw.randrange(1 << 40):x}\r\n"
        f"From: <sip:{user}@198.18.100.60>;tag={draw.randrange(1 << 30):x}\r\nTo: <sip:{user}@198.18.100.60>\r\n"
        f"Call-ID: {draw.randrange(1 << 50):x}@x\r\nCSeq: 1 {method}\r\nContact: <sip:{user}@198.18.113.7>\r\n"
        "Max-Forwards: 70\r\nUser-Agent: PBX\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def dhcp_ask(net: Traffic, at: float, mac: bytes, kind: int) -> None:
    """A DHCP message (1 discovers, 3 requests) of a host that has no address yet."""
    message = (
        b"\1\1\6\0" + net.noise(4) + b"\0" * 20 + mac + b"\0" * 202 + DHCP_COOKIE + b"\x35\1" + bytes([kind, 0xFF])
    )
    link = Header(source_mac=mac, destination_mac=BROADCAST)
    net.udp(at, ("0.0.0.0", 68), ("255.255.255.255", 67), message, link)  # noqa: S104  the source that DHCP prescribes


def told_by(net: Traffic, at: float, host: str, kind: tuple[int, int]) -> None:
    """An ICMP error about the last datagram that was sent, which it quotes (RFC 792)."""
    packet = net.frames[-1][1][14:42]
    net.icmp(at, host, socket.inet_ntoa(packet[12:16]), kind, b"\0" * 4 + packet)
