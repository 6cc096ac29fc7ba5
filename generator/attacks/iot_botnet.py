"""IoT botnet: an infected device looks for others to recruit (Mirai and its kin).

What a bot does, mixed anew per campaign, or mostly one thing told by ``kind``:

* ``scan``: bare SYNs (Mirai), or connect() with its repetitions (Hajime, shell-script bots), to telnet (23, one in ten
  2323), to other device ports (5555, 7547, 8080, 37215, 52869, 81, 8443, 60001), or to a list of them, at addresses
  drawn at random; few answer;
* ``login``: default credentials where one does, and a few inert commands where they work; ``mqtt``: default credentials
  at brokers;
* ``exploit``: a POST with a command fragment to a device's web page; ``load``: a program of 20 to 120 kB is fetched
  (random bytes here);
* ``beat``: the controller's connection, a word each 10 to 60 s; ``peers``: small datagrams to other bots.

Each device sends some 0.3 to 500 probes a second; one device (``devices``) or many.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes import http
from generator.shapes.crowd import assign, by_actor, headcount, rate, uneven
from generator.shapes.floods import chosen
from generator.shapes.parts import Part
from generator.world import Attempts, World

FAMILY = Family("command_and_control", "IoT botnet", "A device that recruits others.", "T1583.005", "TA0042")
KINDS: Final = ("scan", "refused", "login", "mqtt", "exploit", "load", "beat", "peers")
_EACH: Final = 8
_PORTS: Final = (5555, 7547, 8080, 37215, 52869, 81, 8443, 60001)
_SILENT, _REFUSED, _LOGIN, _MQTT, _EXPLOIT, _LOAD, _BEAT, _PEERS = range(8)


def _client(world: World) -> Conversation:
    system = str(world.pick(("mirai", "embedded", "linux")))
    return Conversation.tcp(world, client_os=system, server_os="embedded", near="client")


def _scan(world: World, number: int) -> Conversation:
    """Nobody there: one bare SYN, or the system's own with its repetitions."""
    by_system = number >= _EACH // 2
    conversation = Conversation.tcp(world, client_os="embedded" if by_system else "mirai", near="client")
    conversation.send("S", options=by_system)
    for again in range(number % 5 if by_system else 0):  # RFC 6298: 1, 2, 4, 8 s
        conversation.repeat(think=float(2**again))
    return conversation


def _refused(world: World, number: int) -> Conversation:
    conversation = Conversation.tcp(world, client_os="mirai" if number % 3 else "linux", near="client")
    conversation.send("S", options=number % 3 == 0)
    if number % 4 == 3:  # an open port; the scanner resets what it did not connect itself
        return conversation.send("SA", from_client=False, think=0.0001).send("R", think=0.0001, options=False)
    return conversation.refuse() if number % 2 else conversation.unreachable(int(world.pick((1, 13))))


def _login(world: World, _number: int) -> Conversation:
    rng = world.rng
    conversation = _client(world).open()
    conversation.server(b"\xff\xfd\x01\xff\xfd\x1f\xff\xfb\x01\xff\xfb\x03", think=0.05)
    conversation.client(b"\xff\xfc\x01\xff\xfc\x1f\xff\xfe\x01\xff\xfe\x03", think=0.001)
    name, secret = Rand(int(rng.integers(4, 8)), "lower", "name"), Rand(int(rng.integers(4, 10)), "alnum")
    conversation.server(b"\r\nlogin: ", think=0.02).client([name, b"\r\n"], think=0.01)
    conversation.server([name, b"\r\nPassword: "], think=0.01).client([secret, b"\r\n"], think=0.01)
    if rng.random() < 0.7:
        return conversation.server(b"\r\nLogin incorrect\r\n", think=1.0).close("rst", think=0.01)
    conversation.server(b"\r\n$ ", think=0.1)
    for line in (b"enable\r\n", b"system\r\n", b"shell\r\n", b"sh\r\n", b"/bin/busybox EXAMPLE\r\n"):
        conversation.client(line, think=0.01).server(line + b"$ ", think=0.02)
    return conversation.server(b"EXAMPLE: applet not found\r\n$ ", think=0.01).close("fin", think=0.5)


def _mqtt(world: World, _number: int) -> Conversation:
    """CONNECT with a name and a password, and CONNACK that says bad credentials (MQTT 3.1.1 section 3.2.2.3)."""
    rng = world.rng
    name, secret = int(rng.integers(4, 8)), int(rng.integers(4, 12))
    body = b"\x00\x04MQTT\x04\xc2\x00\x3c\x00\x06"
    size = len(body) + 6 + 2 + name + 2 + secret
    conversation = _client(world).open()
    words: list[Part] = [bytes((0x10, size)), body, Rand(6, "alnum"), bytes((0, name)), Rand(name, "lower")]
    conversation.client([*words, bytes((0, secret)), Rand(secret, "alnum")], think=0.001)
    return conversation.server(b"\x20\x02\x00\x05", think=0.002).close(world.pick(("server_fin", "fin")), think=0.001)


def _exploit(world: World, _number: int) -> Conversation:
    rng = world.rng
    page = str(world.pick(("/diag.html", "/soap/upgrade", "/device.xml", "/config", "/setup.cgi")))
    body: list[Part] = [b"<u>$(EXAMPLE ", Rand(int(rng.integers(20, 200)), "alnum"), b")</u>"]
    request = http.request("POST", page.encode(), [("User-Agent", b"Hello, world"), ("Accept", b"*/*")], body)
    conversation = _client(world).open().client(request, think=0.001)
    if rng.random() < 0.4:
        return conversation.close("rst", think=1.0)
    answer = http.response(int(rng.choice((200, 401, 404, 500))), [("Server", b"mini_httpd")], b"")
    return conversation.server(answer, think=0.01).close("server_fin")


def _load(world: World, _number: int) -> Conversation:
    name = f"/bins/{world.word(3, 5)}.{world.pick(('arm', 'mips', 'x86', 'sh4'))}".encode()
    conversation = _client(world).open()
    conversation.client(http.request("GET", name, [("User-Agent", b"Wget"), ("Connection", b"close")]), think=0.001)
    program = world.noise(int(world.rng.integers(20_000, 120_000)))
    return conversation.server(http.response(200, [("Server", b"nginx")], program), think=0.01).close("server_fin")


def _beat(world: World, _number: int) -> Conversation:
    conversation = _client(world).open().client(b"\x00\x00\x00\x01", think=0.001)
    period = float(world.pick((10.0, 60.0)))
    for _ in range(int(world.rng.integers(2, 20))):
        conversation.client(b"\x00\x00", think=period).server(b"\x00\x00", think=0.001)
    return conversation.close("none")


def _peers(world: World, number: int) -> Conversation:
    conversation = Conversation.udp(world, client_os="embedded", near="client")
    # two first bytes that no analyser takes for a protocol that it knows
    conversation.client([b"\x2a\xc3", Rand(int(world.rng.integers(8, 100)), "bytes")])
    if number == 0:
        return conversation.server([b"\x2a\xc3", Rand(40, "bytes")], think=0.001)
    for _ in range(number % 3):
        conversation.repeat(think=float(world.rng.uniform(1.0, 5.0)))
    return conversation


_MAKERS: Final[tuple[Callable[[World, int], Conversation], ...]] = (
    _scan, _refused, _login, _mqtt, _exploit, _load, _beat, _peers,
)  # fmt: skip


def conversations(world: World) -> list[Conversation]:
    """Eight variants of each kind."""
    return [make(world, number) for make in _MAKERS for number in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Infected devices inside probe addresses outside that belong to nobody else."""
    n, rng = len(intended), world.rng
    told = int(world.params.get("devices", 1 if rng.random() < 0.4 else 0))
    count = told or headcount(rng, rate(intended), (0.3, 500.0), (1, len(world.infected)))
    devices = world.some(world.infected, count, count)
    who = assign(rng, intended, uneven(rng, len(devices), 2.0))
    weights = np.array((30.0, 3.0, 1.0, 0.2, 0.4, 0.1, 0.2, 1.0)) * rng.gamma(0.7, 1.0, len(KINDS))
    if "kind" in world.params:
        weights[KINDS.index(chosen(world, "kind", KINDS, KINDS))] += 9.0 * weights.sum()
    kind = rng.choice(len(KINDS), n, p=weights / weights.sum())
    telnet = np.where(rng.random(n) < 0.9, 23, 2323)
    listed = np.array([int(world.pick(_PORTS)) for _ in range(int(world.pick((1, 2, 5))))])
    port = np.where(rng.random(n) < float(world.pick((0.0, 0.5, 0.5, 1.0))), rng.choice(listed, n), telnet)
    dst = world.draw(world.spoofed, n)
    for which, own in (
        (_LOGIN, telnet),
        (_MQTT, np.full(n, 1883)),
        (_EXPLOIT, rng.choice(np.array(_PORTS), n)),
        (_LOAD, np.full(n, 80)),
        (_BEAT, np.full(n, int(world.pick((23, 48101, 666, 5034))))),
        (_PEERS, 49_152 + dst[:, 13:15].astype(np.int64) @ np.array([256, 1]) % 16_000),
    ):
        port = np.where(kind == which, own, port)
    home = (kind == _BEAT) | (kind == _LOAD)
    dst = np.where(home[:, None], world.attack_servers[:2][kind // _BEAT % 2], dst)
    src, dst = by_actor(world, who, devices[who], dst)
    by_system = rng.random() < 0.35
    variant = rng.integers(0, _EACH, n)
    variant = np.where(kind == _SILENT, variant % (_EACH // 2) + (_EACH // 2) * by_system, variant)
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        dst_port=port,
        template=kind * _EACH + variant,
        ipv6=False,
    )
