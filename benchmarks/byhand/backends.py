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


@ordinary
def ldap_portal(net: Traffic) -> None:
    """A portal asks the directory whether each of eighty people may in, one or two a second; few may not."""
    for at in net.visits(80, 1.5):
        name = b"uid=u%d,ou=people,dc=corp,dc=example" % net.random.randrange(1000, 9999)
        password = net.noise(net.random.randrange(4, 8)).hex().encode()
        asked = b"\2\1\3\4" + bytes([len(name)]) + name + b"\x80" + bytes([len(password)]) + password
        bind = b"\2\1\1\x60" + bytes([len(asked)]) + asked
        talk = [
            (CLIENT, b"\x30" + bytes([len(bind)]) + bind, 0.0004),
            (
                SERVER,
                b"\x30\x0c\2\1\1\x61\7\x0a\1" + net.random.choice(b"\0" * 9 + b"\x31").to_bytes() + b"\4\0\4\0",
                0.002,
            ),
            (CLIENT, b"\x30\5\2\1\2\x42\0", 0.0003),
        ]
        net.connection(at, APPLICATION, ("198.18.10.10", 389), talk, rtt=0.0006)


@ordinary
def card_terminals(net: Traffic) -> None:
    """Payments of a shop's tills, through one concentrator: a message of an ISO 8583 kind each, and a short answer."""
    for at in net.visits(160, 2.5):
        asked = b"\0\x78\x60\0\3\0\0\2\0\x70\x24\5\x80\x20\xc0\x82" + net.noise(net.random.randrange(96, 112))
        told = b"\0\x3c\x60\0\0\0\3\2\x10\x30\x38\0\0\x0e\x80\0" + net.noise(net.random.choice([44, 44, 44, 52]))
        net.connection(at, "198.18.60.7", ("198.18.100.70", 4000), [(CLIENT, asked, 0.001), (SERVER, told, 0.4)])


@ordinary
def php_mysql(net: Traffic) -> None:
    """A site opens a connection to MySQL for each page, three a second, and asks once or twice."""
    for at in net.visits(200, 3):
        scramble = b"\x14" + net.noise(20) + b"mysql_native_password\0"
        talk = [
            (SERVER, b"\x4a\0\0\0\x0a8.0.36\0" + net.noise(60), 0.0005),
            (CLIENT, b"\x52\0\0\1\x85\xa6\x0f\0\0\0\0\1\x21" + b"\0" * 23 + b"shop\0" + scramble, 0.0003),
            (SERVER, b"\7\0\0\2\0\0\0\2\0\0\0", 0.0006),
        ]
        for _ in range(net.random.choice([1, 1, 2])):
            query = b"\3SELECT v FROM settings WHERE k='%d'" % net.random.randrange(99)
            talk += [
                (CLIENT, b"\x20\0\0\0" + query, 0.0004),
                (SERVER, net.noise(net.random.choice([90, 120, 700])), 0.001),
            ]
        talk.append((CLIENT, b"\1\0\0\0\1", 0.0004))
        net.connection(at, APPLICATION, ("198.18.10.51", 3306), talk, rtt=0.0005)


@ordinary
def counters(net: Traffic) -> None:
    """A program adds to counters of a cache, eight times a second, each over a connection of its own."""
    for at in net.visits(240, 8):
        key = b"hits:%s:%d" % (net.random.choice([b"page", b"item", b"cart"]), net.random.randrange(10**4, 10**5))
        asked = b"*2\r\n$4\r\nINCR\r\n$%d\r\n%s\r\n" % (len(key), key)
        told = b":%d\r\n" % net.random.randrange(1000, 9999)
        net.connection(
            at, APPLICATION, ("198.18.10.52", 6379), [(CLIENT, asked, 0.0002), (SERVER, told, 0.0003)], rtt=0.0004
        )
