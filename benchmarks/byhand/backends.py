"""Ordinary traffic between servers: calls of services, directories, databases, queues."""

from __future__ import annotations

import struct
from typing import Final

from benchmarks.byhand.kinds import ordinary
from benchmarks.byhand.packets import CLIENT, SERVER, Step, Traffic

APPLICATION: Final = "198.18.10.40"


@ordinary
def micro(net: Traffic) -> None:
    """Twenty services call each other, sixty times a second."""
    head = b"POST /v1/rpc HTTP/1.1\r\nHost: svc\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n"
    done = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    for at in net.arrivals(30, 60):
        caller, called = net.random.sample(range(10, 30), 2)
        talk = [
            (CLIENT, head + net.noise(200), 0.0002),
            (SERVER, done + net.noise(net.random.randrange(100, 3000)), 0.005),
        ]
        net.connection(at, f"198.18.80.{caller}", (f"198.18.81.{called}", 8080), talk, rtt=0.0004)


@ordinary
def ldap_app(net: Traffic) -> None:
    """An application asks the directory twice a second, signed in anew each time."""
    for at in net.visits(150, 2):
        bind = b"\x30\x2d\2\1\1\x60\x28\2\1\3\4\x18cn=app,dc=corp,dc=example" + net.noise(10)
        talk = [
            (CLIENT, bind, 0.0005),
            (SERVER, b"\x30\x0c\2\1\1\x61\7\x0a\1\0\4\0\4\0", 0.001),
            (CLIENT, b"\x30\x45\2\1\2\x63" + net.noise(net.random.randrange(70, 110)), 0.0005),
            (SERVER, b"\x30\x82" + net.noise(net.random.randrange(120, 900)), 0.002),
            (CLIENT, b"\x30\5\2\1\3\x42\0", 0.0003),
        ]
        net.connection(at, APPLICATION, ("198.18.10.10", 389), talk, rtt=0.0006)


@ordinary
def db_pool(net: Traffic) -> None:
    """An application asks PostgreSQL six times a second, signed in anew each time."""
    user = b"user\0app\0database\0shop\0\0"
    ready = b"R\0\0\0\x08\0\0\0\0" + b"S\0\0\0\x16server_version\x0015.6\0" * 5 + b"Z\0\0\0\5I"
    for at in net.visits(200, 6):
        talk = [
            (CLIENT, struct.pack("!II", len(user) + 8, 196608) + user, 0.0002),
            (SERVER, b"R\0\0\0\x0c\0\0\0\5" + net.noise(4), 0.0006),
            (CLIENT, b"p\0\0\0\x28md5" + b"a" * 33, 0.0003),
            (SERVER, ready, 0.001),
            (CLIENT, b"Q\0\0\0SELECT " + net.noise(net.random.randrange(40, 200)), 0.0005),
            (SERVER, b"T" + net.noise(net.random.randrange(200, 9000)), 0.003),
            (CLIENT, b"X\0\0\0\4", 0.0003),
        ]
        net.connection(at, APPLICATION, ("198.18.10.50", 5432), talk, rtt=0.0005)


@ordinary
def kafka_redis(net: Traffic) -> None:
    """Six consumers of a queue."""
    for number in range(6):
        talk: list[Step] = []
        for _ in range(200):
            asked = b"\0\0\0\x30\0\1\0\x0c" + net.noise(net.random.randrange(40, 50))
            told = b"\0\0\0\x20" + net.noise(net.random.choice([30, 30, 30, 900, 4000]))
            talk += [(CLIENT, asked, net.random.expovariate(8)), (SERVER, told, 0.003)]
        net.connection(number * 0.1, f"198.18.80.{10 + number}", ("198.18.81.9", 9092), talk, rtt=0.0005, end="none")


@ordinary
def radius(net: Traffic) -> None:
    """Six access points ask whether somebody may in; now and then not."""
    for at in net.visits(300, 6):
        port = net.random.choice([50001, 50002, 50003])
        asked = b"\1" + net.noise(net.random.randrange(120, 260))
        told = net.random.choice([b"\2", b"\2", b"\x0b", b"\3"]) + net.noise(net.random.randrange(40, 160))
        server = ("198.18.10.12", 1812)
        net.udp(at, (f"198.18.40.{net.random.randrange(2, 8)}", port), server, asked)
        net.udp(at + 0.01, server, (f"198.18.40.{net.random.randrange(2, 8)}", port), told)
