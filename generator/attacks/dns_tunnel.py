"""DNS tunnels: data in the names that are asked and in the answers, through an ordinary resolver or straight to the
far end.

Shapes: iodine (NULL, TXT, CNAME, MX, SRV or A; one unbroken run of base32 or base64 labels of up to 63, polls of a
few signs, downstream answers of up to 1.2 kB), dnscat2 (hex labels of up to 60, TXT, CNAME and MX in turn, a poll
each second), plain exfiltration (A or AAAA look-ups of numbered hex or base32 chunks, answered with an address or
NXDOMAIN), and dns2tcp-like TXT tunnels (base64 labels); one or several a campaign, or one told by ``tool``: ``iodine``,
``dnscat``, ``plain``, ``dns2tcp``. Each implant keeps a rhythm of its own: bulk transfers go as fast as answers come,
polls each 0.5 to 4 s, some each minute. Most keep one socket, and so one flow, for a whole session. Lost questions
come again. An attempt is one query with its answer, or a short run of them on one socket. From one bot up.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import dns, names
from generator.shapes.crowd import assign, beats, by_actor, infected, planned_rate, uneven
from generator.shapes.floods import chosen
from generator.shapes.parts import Part, rand
from generator.world import Attempts, World

FAMILY = Family(
    "command_and_control",
    "DNS tunnel",
    "Data carried in long, random-looking DNS names and in their answers.",
    "T1071.004",
    "TA0011",
)
_EACH = 12
_TOOLS = ("iodine", "dnscat", "plain", "dns2tcp")
_TYPES = {
    "NULL": dns.NULL,
    "TXT": dns.TXT,
    "CNAME": dns.CNAME,
    "MX": dns.MX,
    "A": dns.A,
    "AAAA": dns.AAAA,
    "SRV": dns.SRV,
}


def _labels(size: int, widest: int, alphabet: str) -> list[Part]:
    """Random labels that carry ``size`` signs in all."""
    labels: list[Part] = []
    while size > 0:
        labels.append(rand(min(size, widest), alphabet))
        size -= widest
    return labels


def _answer(world: World, qtype: int, zone: str, size: int, alphabet: str) -> list[Part]:
    """One record that carries about ``size`` bytes downstream."""
    if qtype == dns.TXT:
        return dns.record(qtype, dns.txt_data(max(size, 4), "base64" if alphabet != "hex" else "hex"), ttl=0)
    if qtype == dns.NULL:
        return dns.record(qtype, [rand(max(size, 2), "bytes")], ttl=0)
    if qtype in (dns.A, dns.AAAA):
        return dns.record(qtype, [rand(4 if qtype == dns.A else 16, "bytes")], ttl=int(world.pick((0, 1, 60))))
    room = 240 - len(zone)
    labels = _labels(min(max(size, 4), room - 8), 60, alphabet)
    target = dns.name([*labels, *(label.encode() for label in zone.split("."))])
    head = {dns.MX: b"\x00\x0a", dns.SRV: bytes(6)}.get(qtype, b"")
    return dns.record(qtype, [head, *target], ttl=int(world.pick((0, 1, 60))))


def _exchange(
    world: World,
    conversation: Conversation,
    zone: str,
    sizes: tuple[int, int, int],
    alphabet: str,
    qtype: int,
    number: int,
) -> None:
    """One query and its answer. ``sizes``: signs upstream, widest label, bytes down (-1: no such name, -2: silence)."""
    up, widest, down = sizes
    head: list[Part] = []
    labels = head + _labels(min(up, 236 - len(zone) - 236 // widest), widest, alphabet)
    keyed: list[Part] = [
        rand(part.n, part.kind, f"q{number}.{i}") if not isinstance(part, bytes) else part
        for i, part in enumerate(labels)
    ]
    question: list[Part] = [*keyed, *(label.encode() for label in zone.split("."))]
    edns = alphabet == "base32" or world.rng.random() < 0.2
    key = f"id{number}"
    conversation.client(dns.query(question, qtype, edns=edns, message_id=key))
    if down == -2:
        if world.rng.random() < 0.5:
            conversation.repeat(think=1.0)
        return
    if down == -1:
        answer = dns.response(question, qtype, [], rcode=dns.NXDOMAIN, authority=[dns.soa(zone)], message_id=key)
    else:
        answer = dns.response(question, qtype, [_answer(world, qtype, zone, down, alphabet)], edns=edns, message_id=key)
    conversation.server(answer, think=float(world.rng.lognormal(-5.5, 1.2)), jitter=0.8)


def _implant(world: World, tool: int, zone: str) -> list[Conversation]:
    """The variants of one implant: polls first, then queries that carry data."""
    rng = world.rng
    qtypes = (
        (_TYPES[world.pick(("NULL", "NULL", "TXT", "CNAME", "MX", "A", "SRV"))],),
        (dns.TXT, dns.CNAME, dns.MX),
        (_TYPES[world.pick(("A", "A", "AAAA", "TXT"))],),
        (dns.TXT,),
    )[tool]
    alphabet = (
        str(world.pick(("base32", "base32", "alnum"))),
        "hex",
        str(world.pick(("hex", "base32", "alnum"))),
        "alnum",
    )[tool]
    widest = (int(rng.integers(50, 64)), int(rng.integers(54, 63)), int(rng.integers(24, 64)), 63)[tool]
    full = int(rng.integers(60, 220))
    made = []
    for number in range(_EACH):
        poll = number < _EACH // 2 and tool != 2
        conversation = Conversation.udp(world, near="client")
        for turn in range(1 if poll else int(world.pick((1, 1, 2, 4)))):
            up = int(rng.integers(5, 36)) if poll else int(full * rng.uniform(0.4, 1.0))
            down = int(rng.integers(2, 40)) if poll else int(rng.integers(4, 900 if tool == 0 else 110))
            if tool == 2 and rng.random() < 0.4:
                down = -1
            down = -2 if rng.random() < 0.04 else down
            _exchange(
                world, conversation, zone, (up, widest, down), alphabet, qtypes[(number + turn) % len(qtypes)], turn
            )
        made.append(conversation)
    return made


def conversations(world: World) -> list[Conversation]:
    """Twelve variants for each of four implants."""
    made: list[Conversation] = []
    rng = world.rng
    told = chosen(world, "tool", _TOOLS, _TOOLS) if "tool" in world.params else None
    for _ in range(4):
        tool = int(rng.integers(4)) if told is None else _TOOLS.index(told)
        zone = f"{names.token(world.rng, int(world.rng.integers(1, 6)))}.{names.domain(world.rng)}"
        made += _implant(world, tool, zone)
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Infected hosts inside talk to the tunnel's end; polls keep their rhythm, transfers come in bursts."""
    n, rng = len(intended), world.rng
    shares = uneven(rng, 4, float(world.pick((0.01, 0.01, 0.7))))
    implant = assign(rng, intended, shares)
    few, bots = rng.random() < 0.6, int(np.exp(rng.uniform(0.0, np.log(5.0))))
    every = bots / max(planned_rate(world) * float(shares.max()), 1e-3)
    slowest = np.log(2.0 if rng.random() < 0.8 else 60.0)
    seconds = np.full(4, every) if few else np.exp(rng.uniform(np.log(0.02), slowest, 4))
    most = np.full(4, bots if few else max(n, 1))
    times, actor = beats(
        intended, implant, (seconds * 1e9).astype(np.int64), rng.uniform(0.0, 0.3, 4), rng.random(n), most
    )
    ends = world.some(world.attack_servers, 4, 12)
    src, dst = by_actor(world, actor, infected(world, actor), ends[(implant + 4 * actor) % len(ends)])
    # a poll unless the implant has data: runs of data some hundred beats long
    busy = np.sin(actor * 1.7 + (times - times.min() if n else times) / 1e9 / rng.uniform(2, 20)) > rng.uniform(
        -0.8, 0.9
    )
    half = _EACH // 2
    one_socket = rng.random(4) < 0.65  # iodine and dnscat keep their socket, and so one flow, for the whole session
    return Attempts.of(
        world,
        times,
        src=src,
        dst=dst,
        src_port=np.where(one_socket[implant], 20000 + (actor * 7919) % 40000, world.ephemeral(n)),
        dst_port=53,
        template=implant * _EACH + rng.integers(0, half, n) + np.where(busy, half, 0),
        rtt_ns=world.rtt(4)[implant],
        ipv6=False,
    )
