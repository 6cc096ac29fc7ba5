"""Conversations with everybody on one's own network: questions that mostly nobody answers, and announcements.

Each function makes one variant of its kind; ``number`` counts them, so that all habits of a kind appear.
"""

from __future__ import annotations

from collections.abc import Callable

from generator.conversation import Conversation
from generator.shapes import ber, lan, names
from generator.shapes.parts import Part
from generator.world import World


def udp(world: World, system: str = "") -> Conversation:
    """Datagrams of an ordinary host, seen somewhere on its network."""
    system = system or str(world.pick(("windows", "macos", "linux", "embedded")))
    return Conversation.udp(world, client_os=system, near="middle")


def repeated(world: World, payload: Callable[[], list[Part] | bytes], waits: tuple[float, ...]) -> Conversation:
    """One word and the same again after each of ``waits`` seconds."""
    conversation = udp(world).client(payload())
    for wait in waits:
        conversation.client(payload(), think=wait, jitter=0.05)
    return conversation


def mdns(world: World, number: int) -> Conversation:
    """Questions for services, doubled pauses between; or what a host has to offer."""
    rng = world.rng
    services = [str(world.pick(lan.SERVICES)) for _ in range(int(world.pick((1, 1, 2, 5))))]
    if number % 2:
        answer = lan.mdns_answer(rng, services[0], lan.machine_name(rng))
        return repeated(world, lambda: answer, (1.0, 2.0)[: int(rng.integers(0, 3))])
    return repeated(world, lambda: lan.mdns_query(services), (1.0, 2.0, 4.0, 8.0)[: int(rng.integers(0, 5))])


def search(world: World, number: int) -> Conversation:
    """SSDP: a search each second, three to five times; or a device's burst of announcements."""
    rng = world.rng
    if number % 2:
        serial = f"{names.token(rng, 8, 'hex')}-{names.token(rng, 12, 'hex')}"
        count = int(rng.integers(3, 10))
        return repeated(world, lambda: lan.found(rng, notify=True, serial=serial), (0.02,) * count)
    asked = lan.search(rng)
    return repeated(world, lambda: asked, (1.0, 1.0, 1.0, 1.0)[: int(rng.integers(2, 5))])


def found(world: World, number: int) -> Conversation:
    """A device answers a search to the searcher alone."""
    serial = names.token(world.rng, 12, "hex")
    return repeated(world, lambda: lan.found(world.rng, notify=False, serial=serial), (0.01,) * (number % 3))


def _name(world: World) -> str:
    """What is looked for: a host, the proxy, or a browser's random word."""
    rng = world.rng
    return str(world.pick(("wpad", lan.machine_name(rng), names.token(rng, int(rng.integers(7, 16)), "letters"))))


def llmnr(world: World, number: int) -> Conversation:
    """A single label asked twice."""
    name, qtype = _name(world), 28 if number % 3 == 0 else 1
    asked = lan.llmnr(name, qtype)
    return repeated(world, lambda: asked, (0.41,) if number % 4 else (0.1, 0.41))


def netbios(world: World, number: int) -> Conversation:
    """A NetBIOS name asked for three times, or claimed four times."""
    name = _name(world)
    suffix = int(world.pick((0x00, 0x20, 0x1B, 0x1C)))
    if number % 3 == 0:
        return repeated(world, lambda: lan.nbns_register(name), (0.75,) * 3)
    return repeated(world, lambda: lan.nbns_query(name, suffix), (0.75, 0.75))


def known_names(world: World, number: int) -> Conversation:
    """One host asks another which names it has; half of those are silent."""
    conversation = udp(world, "windows").client(lan.nbns_query("*", status=True))
    if number % 2:
        return conversation.repeat(think=1.5).repeat(think=1.5)
    return conversation.server(lan.nbns_names([lan.machine_name(world.rng) for _ in range(3)]), think=0.001)


def discovery(world: World, number: int) -> Conversation:
    """WS-Discovery, one to four times."""
    asked = lan.probe(world.rng)
    return repeated(world, lambda: asked, (0.1, 0.2, 0.4, 0.5)[: 1 + number % 4])


def sync(world: World, number: int) -> Conversation:
    """A file sync program announces itself each 30 s, with the numbers of its folders."""
    rng = world.rng
    listed = ", ".join(str(folder) for folder in rng.integers(10**6, 10**9, number + int(rng.integers(1, 9))))
    head = f'{{"host_int": {rng.integers(10**9, 10**10)}, "version": [2, 0], "displayname": "", "port": 17500'
    text = f'{head}, "namespaces": [{listed}]}}'.encode()
    return repeated(world, lambda: text, (30.0, 30.0))


def music(world: World, number: int) -> Conversation:
    """A music player's 44 bytes each 30 s."""
    return repeated(world, lambda: b"SpotUdp0" + bytes(36), (30.0,) * (1 + number))


def printers(world: World, number: int) -> Conversation:
    """A driver looks for printers by SNMP, at everybody."""
    head = ber.integer(int(world.rng.integers(1, 2**15)))
    oid = b"\x06\x0b\x2b\x06\x01\x02\x01\x19\x03\x02\x01\x05\x01"
    wanted = ber.sequence(ber.sequence(oid, b"\x05\x00"))
    asked = ber.tlv(0xA1 if number % 2 else 0xA0, head, ber.integer(0), ber.integer(0), wanted)
    whole = ber.sequence(ber.integer(0), ber.octets(b"public"), asked)
    return repeated(world, lambda: whole, (1.0, 2.0, 4.0)[: number % 4])
