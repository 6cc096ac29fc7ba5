"""IoT telemetry: devices report small values in their own regular rhythm. It looks like beaconing and is none.

MQTT (publish, keep-alive, sometimes a login), CoAP over UDP, HTTP posts, and TLS to a vendor's cloud; sensors on
Modbus/TCP in plants. Periods of 2 to 60 s with little jitter; many devices of one kind share one cloud.
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
_KINDS = 5


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
    registers, period = int(rng.integers(1, 60)), float(world.pick((0.1, 0.5, 1.0)))
    for number in range(int(rng.integers(5, 25))):
        head = struct.pack("!HHHBB", number, 0, 6, 1, 3)
        conversation.client(head + struct.pack("!HH", 0, registers), think=period if number else 0.001, jitter=0.03)
        answer = struct.pack("!HHHBBB", number, 0, 3 + 2 * registers, 1, 3, 2 * registers)
        conversation.server([answer, Rand(2 * registers, "bytes")], think=0.004)
    return conversation.close("none")


def conversations(world: World) -> list[Conversation]:
    """Six variants of each kind."""
    return [make(world) for make in (_mqtt, _coap, _post, _cloud, _modbus) for _ in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Devices inside report to their clouds; each keeps its period."""
    n, rng = len(intended), world.rng
    kind = assign(rng, intended, uneven(rng, _KINDS, 2.0))
    most = float(np.clip(world.workload.duration_s / 4, 2.5, 60.0))
    periods = (np.exp(rng.uniform(np.log(2.0), np.log(most), _KINDS)) * 1e9).astype(np.int64)
    # connections that stay open hold several reports: their devices come back later
    periods = np.where(np.isin(np.arange(_KINDS), (0, 4)), periods * 6, periods)
    times, actor = beats(intended, kind, periods, rng.uniform(0.0, 0.1, _KINDS), rng.random(n))
    clouds = world.some(world.outside_servers, _KINDS, 3 * _KINDS)
    target = np.where((kind == 4)[:, None], world.sites[actor % len(world.sites)], clouds[kind % len(clouds)])
    src, dst = by_actor(world, actor, world.inside[actor % len(world.inside)], target)
    return Attempts.of(
        world,
        times,
        src=src,
        dst=dst,
        dst_port=np.array((1883, 5683, 80, 443, 502))[kind],
        template=kind * _EACH + actor % _EACH,
        rtt_ns=world.rtt(_KINDS)[kind],
        ipv6=False,
    )
