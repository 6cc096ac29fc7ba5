"""IoT telemetry: devices report small values in their own regular rhythm. It looks like beaconing and is none.

Variants: MQTT (publish with quality 0 or 1 each 0.5 to 10 s, keep-alives alone each 10 to 60 s, sometimes a login that
is refused and tried again), CoAP over UDP, HTTP posts, TLS to a vendor's cloud, a device's own protocol to a vendor's
log sink (a burst of some dozen small messages, then silence for minutes), and control systems in plants: Modbus/TCP
pollers at 10 ms to 1 s with one to a hundred registers, and S7-like polls over ISO on TCP (port 102). Periods of 2 to
60 s with little jitter; many devices of one kind share one cloud. Parameters: ``period_s`` (one period for all).
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes import http, names, tls
from generator.shapes.crowd import assign, beats, by_actor, uneven
from generator.shapes.parts import Part, length
from generator.world import Attempts, World

FAMILY = Family("benign", "IoT telemetry", "Devices report small values at regular times.")
_EACH = 6
_KINDS = 8


def _publish(topic: bytes, body: list[Part]) -> list[Part]:
    return [bytes((0x30, 2 + len(topic) + length(body))), struct.pack("!H", len(topic)), topic, *body]


def _mqtt(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=world.pick(("embedded", "linux")), near="client").open()
    identity = 12
    head = b"\x10" + bytes((12 + identity,)) + b"\x00\x04MQTT\x04\x02\x00\x3c" + struct.pack("!H", identity)
    conversation.client([head, Rand(identity, "hex")], think=0.005).server(b"\x20\x02\x00\x00", think=0.002)
    topic, period = f"site/{world.word()}/{world.word(3, 6)}".encode(), float(world.pick((1.0, 2.0, 5.0, 10.0)))
    for number in range(int(rng.integers(3, 12))):
        body: list[Part] = [b'{"value": 2', Rand(2, "digits"), b"." + str(number % 10).encode(), b"}"]
        conversation.client(_publish(topic, body), think=period if number else 0.01, jitter=0.02)
        if number % 4 == 3:
            conversation.client(b"\xc0\x00", think=0.5).server(b"\xd0\x00", think=0.001)
    return conversation.close(world.pick(("none", "fin")), think=period)


def _coap(world: World) -> Conversation:
    conversation = Conversation.udp(world, client_os="embedded", near="client")
    number, token = Rand(2, "bytes", "id"), Rand(4, "bytes", "token")
    body: list[Part] = [b'\xff{"t":2', Rand(2, "digits"), b"}"]
    conversation.client([b"\x44\x02", number, token, b"\xb4data", *body])
    return conversation.server([b"\x64\x44", number, token], think=0.004)


def _post(world: World) -> Conversation:
    host = f"ingest.{names.domain(world.rng)}"
    conversation = Conversation.tcp(world, client_os=world.pick(("embedded", "linux")), near="client").open()
    body: list[Part] = [b'{"id":"', Rand(8, "hex"), b'","value":1', Rand(3, "digits"), b"}"]
    headers = [("Host", host.encode()), ("User-Agent", b"sensor/1.4"), ("Content-Type", b"application/json")]
    conversation.client(http.request("POST", b"/v1/telemetry", [*headers], body), think=0.002)
    answer = http.response(int(world.pick((200, 204))), http.server_headers(world.rng, "nginx", "text/plain"), b"")
    return conversation.server(answer, think=0.02).close(world.pick(("fin", "server_fin")), think=0.002)


def _cloud(world: World) -> Conversation:
    rng = world.rng
    style = tls.LIBRARIES[int(rng.integers(3))]
    conversation = Conversation.tcp(world, client_os=world.pick(("embedded", "linux", "android")), near="client").open()
    conversation.client(tls.client_hello(rng, names.host(rng), style), think=0.003)
    conversation.server(tls.server_flight_13(rng, style, int(world.pick((60, 2600, 3800)))), think=0.003)
    conversation.client([*tls.client_finish_13(), *tls.application(int(rng.integers(150, 700)))], think=0.004)
    conversation.server(tls.application(int(rng.integers(120, 500))), think=0.03)
    return conversation.close(world.pick(("fin", "server_fin", "rst")), think=0.01)


def _modbus(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, client_os="windows", server_os="embedded").open()
    registers, period = int(rng.integers(1, 101)), float(world.pick((0.01, 0.02, 0.1, 0.5, 1.0)))
    for number in range(int(rng.integers(5, 25)) if period > 0.05 else int(rng.integers(60, 150))):
        head = struct.pack("!HHHBB", number, 0, 6, 1, 3)
        conversation.client(head + struct.pack("!HH", 0, registers), think=period if number else 0.001, jitter=0.03)
        answer = struct.pack("!HHHBBB", number, 0, 3 + 2 * registers, 1, 3, 2 * registers)
        conversation.server([answer, Rand(2 * registers, "bytes")], think=0.004)
    return conversation.close("none")


def _alive(world: World, number: int) -> Conversation:
    """A broker's client that only stays: pings; or a login that is refused."""
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=world.pick(("embedded", "linux")), near="client").open()
    head = b"\x10\x18\x00\x04MQTT\x04\x02\x00\x3c\x00\x0c"
    if number == 0:
        conversation.client([b"\x10\x20\x00\x04MQTT\x04\xc2\x00\x3c\x00\x0c", Rand(12, "hex"), b"\x00\x02me\x00\x02pw"])
        return conversation.server(b"\x20\x02\x00\x05", think=0.003).close("server_fin", think=0.001)
    conversation.client([head, Rand(12, "hex")], think=0.005).server(b"\x20\x02\x00\x00", think=0.002)
    period = min(float(world.pick((10.0, 20.0, 30.0, 60.0))), max(world.workload.duration_s / 5, 1.0))
    for turn in range(int(rng.integers(3, 9))):
        conversation.client(b"\xc0\x00", think=period, jitter=0.01).server(b"\xd0\x00", think=0.001)
        if turn % 3 == 2:  # somebody tells this device something, at least once
            conversation.server([b"\x32\x0e\x00\x05cmd/1\x00", bytes([turn]), b"on=", Rand(2, "digits")], think=0.5)
            conversation.client(b"\x40\x02\x00" + bytes([turn]), think=0.002)
    return conversation.close("none")


def _sink(world: World) -> Conversation:
    """A device empties its log: a greeting with keys, then messages of 40 to 700 bytes, each acknowledged in 30."""
    rng = world.rng
    conversation = Conversation.tcp(world, client_os="embedded", near="client").open()
    conversation.client([b"\x01\x10", Rand(90, "bytes")], think=0.01).server(
        [b"\x01\x11", Rand(118, "bytes")], think=0.05
    )
    for _ in range(int(rng.integers(5, 25))):
        size = int(rng.integers(40, 700))
        said: list[Part] = [
            struct.pack("<HH", 0x0510, size),
            Rand(min(size, 24), "bytes"),
            world.noise(max(size - 24, 0)),
        ]
        conversation.client(said, think=float(rng.lognormal(-2.5, 1.0)))
        conversation.server([b"\x05\x11\x1a\x00", Rand(26, "bytes")], think=0.02)
    return conversation.close(world.pick(("fin", "server_fin", "none")), think=float(rng.exponential(2)))


def _controller(world: World) -> Conversation:
    """Reads of a controller's memory over ISO on TCP (RFC 1006): connect, set up, then questions at a steady pace."""
    rng = world.rng
    conversation = Conversation.tcp(world, client_os="windows", server_os="embedded").open()
    conversation.client(bytes.fromhex("0300001611e00000000100c0010ac1020100c2020102"), think=0.001)
    conversation.server(bytes.fromhex("0300001611d00001000100c0010ac1020100c2020102"), think=0.004)
    conversation.client(bytes.fromhex("0300001902f08032010000040000080000f0000001000101e0"), think=0.001)
    conversation.server(bytes.fromhex("0300001b02f080320300000400000800000000f0000001000100f0"), think=0.004)
    size, period = int(rng.integers(2, 200)), float(world.pick((0.03, 0.1, 0.5)))
    for turn in range(int(rng.integers(10, 60))):
        asked = struct.pack("!BBHHH", 0x32, 1, 0, turn, 14) + b"\0\0\x04\x01\x12\x0a\x10\x02"
        asked += struct.pack("!HHB3s", size, 1, 0x84, bytes(3))
        conversation.client(
            struct.pack("!BBH", 3, 0, len(asked) + 7) + b"\x02\xf0\x80" + asked, think=period, jitter=0.05
        )
        told = (
            struct.pack("!BBHHHHBB", 0x32, 3, 0, turn, 2, 4 + size, 0, 0)
            + b"\x04\x01\xff\x04"
            + struct.pack("!H", size * 8)
        )
        head = struct.pack("!BBH", 3, 0, len(told) + size + 7) + b"\x02\xf0\x80" + told
        conversation.server([head, Rand(min(size, 8), "bytes"), bytes(max(size - 8, 0))], think=0.003)
    return conversation.close("none")


def conversations(world: World) -> list[Conversation]:
    """Six variants of each kind."""
    made = [make(world) for make in (_mqtt, _coap, _post, _cloud, _modbus) for _ in range(_EACH)]
    made += [_alive(world, number) for number in range(_EACH)]
    return made + [make(world) for make in (_sink, _controller) for _ in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Devices inside report to their clouds; each keeps its period. What belongs to a plant stays inside."""
    n, rng = len(intended), world.rng
    kind = assign(rng, intended, uneven(rng, _KINDS, 2.0))
    most = float(np.clip(world.workload.duration_s / 4, 2.5, 60.0))
    wanted = world.params.get("period_s")
    drawn = np.exp(rng.uniform(np.log(2.0), np.log(most), _KINDS))
    periods = ((drawn if wanted is None else np.full(_KINDS, float(wanted))) * 1e9).astype(np.int64)
    # connections that stay open hold several reports: their devices come back later
    periods = np.where(np.isin(np.arange(_KINDS), (0, 4, 5, 7)), periods * 6, periods)
    times, actor = beats(intended, kind, periods, rng.uniform(0.0, 0.1, _KINDS), rng.random(n))
    clouds = world.some(world.outside_servers, _KINDS, 3 * _KINDS)
    plant = np.isin(kind, (4, 7))[:, None]
    target = np.where(plant, world.sites[actor % len(world.sites)], clouds[kind % len(clouds)])
    src, dst = by_actor(world, actor, world.inside[actor % len(world.inside)], target)
    return Attempts.of(
        world,
        times,
        src=src,
        dst=dst,
        dst_port=np.array((1883, 5683, 80, 443, 502, 1883, 11095, 102))[kind],
        template=kind * _EACH + actor % _EACH,
        rtt_ns=np.where(plant[:, 0], world.lan_rtt(n), world.rtt(_KINDS)[kind]),
        ipv6=False,
    )
