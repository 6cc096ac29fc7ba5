"""Reflection and amplification: services on the Internet answer requests that bear the victim's address.

The reflector is the source of an attempt: its answers go to the victim, who never asked. Some variants show the
forged request as well (a monitor near the reflector sees it): it seems to come from the victim. Sizes and counts
follow the protocols: DNS ANY, TXT and DNSKEY answers of 0.5 to 1.4 kB, NTP monlist in packets of 6 entries (440
bytes), SSDP in 6 to 12 texts, memcached in 1,400-byte pieces, SNMP GetBulk, CLDAP root entries, chargen lines, QOTD
and WS-Discovery. Not every reflector amplifies: some refuse, or know one short record; some DNS and CLDAP answers come
in fragments. ``protocol`` tells one: ``dns``, ``ntp``, ``ssdp``, ``memcached``, ``snmp``, ``cldap``,
``chargen``, ``discovery``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Payload, Rand
from generator.shapes import ber, dns, names
from generator.shapes.crowd import villains
from generator.shapes.floods import chosen
from generator.shapes.parts import Part, length, rand
from generator.world import Attempts, World

FAMILY = Family(
    "dos",
    "Reflection and amplification",
    "Open services (DNS, NTP, SSDP, memcached, SNMP, CLDAP) send large answers that the victim never asked for.",
    "T1498.002",
    "TA0040",
)
Exchange = tuple[Payload, list[Payload]]


def _dns(world: World) -> Exchange:
    rng = world.rng
    zone = names.domain(rng)
    qtype = int(rng.choice((dns.ANY, dns.ANY, dns.TXT, dns.DNSKEY, dns.A)))
    answers: list[list[Part]] = []
    weak = rng.random()
    if weak < 0.1:  # a resolver that refuses, or one that looks and fails
        rcode = 5 if rng.random() < 0.6 else dns.SERVFAIL
        return dns.query(zone, qtype, edns=True), [dns.response(zone, qtype, [], rcode=rcode, edns=True)]
    most = 1380 if rng.random() < 0.7 else 4000
    goal = int(rng.integers(1, 200) if weak < 0.45 else rng.integers(500, most))
    while sum(length(answer) for answer in answers) < goal:
        kind = int(rng.choice((dns.TXT, dns.A, dns.DNSKEY, dns.NS))) if qtype in (dns.ANY, dns.A) else qtype
        choices: dict[int, list[Part]] = {
            dns.TXT: dns.txt_data(int(rng.integers(40, 230)), "alnum"),
            dns.A: [bytes([198, 18, *rng.integers(1, 250, 2)])],
            dns.DNSKEY: [b"\x01\x01\x03\x08", rand(132, "bytes")],
            dns.NS: dns.name(f"ns{len(answers)}.{zone}"),
        }
        answers.append(dns.record(kind, choices[kind], ttl=int(rng.integers(60, 86400))))
    answers = answers[:-1] if sum(length(answer) for answer in answers) > most else answers
    return dns.query(zone, qtype, edns=True), [dns.response(zone, qtype, answers, edns=True)]


def _ntp(world: World) -> Exchange:
    request = b"\x17\x00\x03\x2a" + bytes(int(world.pick((4, 44, 188))))
    count = int(world.rng.integers(4, 40)) if world.rng.random() < 0.7 else 1
    answers: list[Payload] = []
    for number in range(count):
        entries: list[Part] = []
        for _ in range(6):
            entries += [
                rand(16, "bytes"),
                bytes((198, 18)),
                rand(2, "bytes"),
                bytes((198, 19)),
                rand(2, "bytes"),
                bytes(48),
            ]
        more = 0xD7 if number < count - 1 else 0x97
        answers.append([bytes((more, number & 0x7F, 3, 0x2A)) + struct.pack("!HH", 6, 72), *entries])
    return request, answers


def _ssdp(world: World) -> Exchange:
    request = (
        b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n'
    )
    device = f"198.18.{world.rng.integers(0, 255)}.{world.rng.integers(1, 255)}"
    answers: list[Payload] = []
    for number in range(int(world.rng.integers(4, 13))):
        kind = world.pick(
            (
                "upnp:rootdevice",
                "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
                "urn:schemas-upnp-org:service:WANIPConnection:1",
            )
        )
        head = f"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age={120 + number}\r\nEXT:\r\nLOCATION: http://{device}:49152/rootDesc.xml\r\n"
        head += f"SERVER: Linux/3.4 UPnP/1.0 MiniUPnPd/1.9\r\nST: {kind}\r\nUSN: uuid:"
        answers.append([head.encode(), Rand(32, "hex"), f"::{kind}\r\n\r\n".encode()])
    return request, answers


def _memcached(world: World) -> Exchange:
    # below 0x80: a first byte of 0x80 or 0x81 is the magic of memcached's binary protocol
    request_id = bytes([int(world.rng.integers(0, 0x80))])
    request = [
        request_id,
        Rand(1, "bytes", "request"),
        b"\x00\x00\x00\x01\x00\x00",
        world.pick((b"stats\r\n", b"gets a\r\n", b"gets p h e\r\n")),
    ]
    count = int(world.rng.integers(5, 40))
    filler = bytes([int(world.rng.integers(97, 122))]) * 1392
    answers: list[Payload] = []
    for number in range(count):
        text = b"VALUE a 0 1048576\r\n" if number == 0 else b""
        answers.append(
            [
                request_id,
                Rand(1, "bytes", "request"),
                struct.pack("!HHH", number, count, 0),
                text,
                filler[: 1392 - len(text)],
            ]
        )
    return request, answers


def _snmp(world: World) -> Exchange:
    rng = world.rng
    oid = b"\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00"
    community = world.pick((b"public", b"private", b"cisco"))
    number = tuple(ber.integer(int(value)) for value in (rng.integers(1, 2**30), 0, 0))
    ask = ber.tlv(
        0xA5,
        number[0],
        number[1],
        ber.integer(int(rng.integers(50, 2250))),
        ber.sequence(ber.sequence(oid, b"\x05\x00")),
    )
    bindings: list[bytes] = []
    goal = int(rng.integers(10, 1200))
    if rng.random() < 0.5:  # GetNext of an empty branch: hardly more than was asked
        goal = 0
        bindings.append(ber.sequence(oid, ber.octets(names.token(rng, int(rng.integers(0, 8))).encode())))
    while sum(map(len, bindings)) < goal:
        bindings.append(ber.sequence(oid, ber.octets(names.token(rng, int(rng.integers(4, 110))).encode())))
    answer = ber.tlv(0xA2, *number, ber.sequence(*bindings))
    version = ber.integer(1)
    return (
        ber.sequence(version, ber.octets(community), ask),
        [ber.sequence(version, ber.octets(community), answer)] * int(rng.choice((1, 1, 1, 3))),
    )


def _cldap(world: World) -> Exchange:
    rng = world.rng
    request = bytes.fromhex("3025020101632004000a01000a0100020100020100010100870b6f626a656374636c6173733000")
    attributes: list[bytes] = []
    goal = int(rng.integers(900, 1230 if rng.random() < 0.6 else 3000))
    while sum(map(len, attributes)) < goal:
        values = [
            ber.octets(f"CN={names.token(rng, int(rng.integers(5, 40)))},DC=corp,DC=example".encode()) for _ in range(2)
        ]
        attributes.append(
            ber.sequence(
                ber.octets(world.pick(("namingContexts", "supportedControl", "supportedCapabilities")).encode()),
                ber.tlv(0x31, *values),
            )
        )
    entry = ber.sequence(b"\x02\x01\x01", ber.tlv(0x64, ber.octets(b""), ber.sequence(*attributes)))
    return request, [entry]


def _chargen(world: World) -> Exchange:
    line = bytes(range(33, 127)) * 2
    lines = b"".join(line[i % 95 : i % 95 + 72] + b"\r\n" for i in range(int(world.rng.integers(1, 19))))
    return bytes(int(world.rng.integers(0, 2))), [lines]


def _discovery(world: World) -> Exchange:
    scopes = " ".join(f"onvif://www.example.org/type/{world.word()}" for _ in range(int(world.rng.integers(6, 20))))
    head = "<?xml version='1.0'?><e:Envelope><e:Header><w:MessageID>uuid:"
    return b"<:/>", [
        [head.encode(), Rand(32, "hex"), f"</w:MessageID></e:Header><e:Body>{scopes}</e:Body></e:Envelope>".encode()]
    ]


_PROTOCOLS: dict[int, Callable[[World], Exchange]] = {
    53: _dns, 123: _ntp, 1900: _ssdp, 11211: _memcached, 161: _snmp, 389: _cldap, 19: _chargen, 3702: _discovery,
}  # fmt: skip
_PORTS = np.array(list(_PROTOCOLS), np.int64)
_NAMES = ("dns", "ntp", "ssdp", "memcached", "snmp", "cldap", "chargen", "discovery")
_EACH = 10


def conversations(world: World) -> list[Conversation]:
    """Ten variants of each protocol; two of them with the forged request."""
    made = []
    for make in _PROTOCOLS.values():
        for number in range(_EACH):
            request, answers = make(world)
            conversation = Conversation.udp(world, client_os=world.pick(("linux", "embedded", "windows", "freebsd")))
            if number >= _EACH - 2:
                conversation.server(request)
            for answer in answers:
                conversation.datagram(answer, think=float(world.rng.uniform(2e-5, 3e-4)), jitter=0.6)
            made.append(conversation)
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """One or two victims; one to three protocols with 20 to 4,000 reflectors; the victim's port fixed or random."""
    n, rng = len(intended), world.rng
    several = rng.choice(len(_PORTS), int(world.pick((1, 1, 2, 3))), replace=False)
    if "protocol" in world.params:
        several = np.array([_NAMES.index(chosen(world, "protocol", _NAMES, _NAMES))])
    reflectors = villains(world, int(np.exp(rng.uniform(np.log(20), np.log(12_000)))))
    who = rng.integers(0, len(reflectors), n)
    protocol = several[who % len(several)]
    visible = rng.random(n) < float(world.pick((0.0, 0.0, 0.0, 0.0, 0.1, 1.0)))
    variant = np.where(visible, _EACH - 2 + who % 2, who // len(several) % (_EACH - 2))
    fixed = int(world.pick((80, 443, 53, 4444))) if rng.random() < 0.4 else 0
    return Attempts.of(
        world,
        intended,
        src=reflectors[who],
        dst=world.draw(world.some(world.sites, 1, int(world.pick((1, 1, 2)))), n),
        src_port=_PORTS[protocol],
        dst_port=rng.integers(1024, 65536, n) if fixed == 0 else fixed,
        template=protocol * _EACH + variant,
        ipv6=False,
    )
