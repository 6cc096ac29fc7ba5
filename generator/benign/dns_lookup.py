"""Name look-ups of ordinary hosts: A, AAAA and HTTPS in pairs, PTR, TXT, MX and SRV, a tenth of names that do not
exist.

Names are short hosts, content networks with CNAME chains, and long machine-made names that are harmless (telemetry,
reputation lists, reverse zones, service discovery). Some clients use EDNS, some repeat an unanswered question after 1
to 5 s. A browser asks in bursts; a server that checks mail asks steadily.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import dns, names
from generator.shapes.parts import Part, rand
from generator.world import Attempts, World

FAMILY = Family("benign", "DNS look-ups", "Hosts ask resolvers for names, some of them long, some of them missing.")
_VARIANTS = 64


def _data(world: World, qtype: int) -> list[Part]:
    rng = world.rng
    if qtype == dns.AAAA:
        return [b"\x20\x01\x00\x02\x00\x00", rand(10, "bytes")]
    if qtype == dns.TXT:
        return [
            part if isinstance(part, bytes) else names.token(rng, part.n).encode()
            for part in dns.txt_data(int(rng.integers(20, 220)))
        ]
    if qtype == dns.MX:
        return [b"\x00\x0a", *dns.name(f"mx{rng.integers(1, 5)}.{names.domain(rng)}")]
    if qtype == dns.SRV:
        return [b"\x00\x00\x00\x64\x13\xc4", *dns.name(names.host(rng))]
    if qtype == dns.PTR:
        return dns.name(names.host(rng))
    if qtype == dns.HTTPS:
        return [b"\x00\x01\x00\x00\x01\x00\x06\x02h3\x02h2\x00\x04\x00\x04\xc6\x12", rand(2, "bytes")]
    return [b"\xc6", bytes([int(rng.integers(18, 20))]), rand(2, "bytes")]


def _answers(world: World, qtype: int, *, chained: bool) -> list[list[Part]]:
    rng = world.rng
    found: list[list[Part]] = []
    if chained:
        chain = range(int(rng.integers(1, 4)))
        found += [dns.record(dns.CNAME, dns.name(names.cdn(rng)), ttl=int(rng.integers(20, 3600))) for _ in chain]
    if qtype in (dns.AAAA, dns.HTTPS) and rng.random() < 0.4:
        return found
    many = range(int(world.pick((1, 1, 1, 2, 4, 6))))
    found += [dns.record(qtype, _data(world, qtype), ttl=int(world.pick((30, 60, 300, 3600)))) for _ in many]
    return found[:10]


def _lookup(world: World, conversation: Conversation, turn: int, name: str, qtype: int) -> None:
    rng = world.rng
    key, edns = f"id{turn}", rng.random() < 0.5
    conversation.client(dns.query(name, qtype, edns=edns, message_id=key), think=0.0005 if turn else 0.0)
    fate = rng.random()
    delay = float(rng.lognormal(-6.0, 1.8))
    if fate < 0.03:
        conversation.repeat(think=float(world.pick((1.0, 2.0, 5.0))))
        return
    if fate < 0.15:
        zone = ".".join(name.split(".")[-2:])
        rcode = dns.NXDOMAIN if fate > 0.05 else dns.SERVFAIL
        authority = [dns.soa(zone)] if rcode == dns.NXDOMAIN else []
        conversation.server(
            dns.response(name, qtype, [], rcode=rcode, authority=authority, edns=edns, message_id=key), think=delay
        )
        return
    answers = _answers(world, qtype, chained=rng.random() < 0.4 and qtype in (dns.A, dns.AAAA, dns.HTTPS))
    conversation.server(dns.response(name, qtype, answers, edns=edns, message_id=key), think=delay, jitter=0.8)


def _socket(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, near="client")
    kind = rng.random()
    if kind < 0.65:
        name = names.host(rng)
        qtypes = [dns.A] if rng.random() < 0.4 else [dns.A, dns.AAAA]
        if rng.random() < 0.25:
            qtypes.append(dns.HTTPS)
    elif kind < 0.8:
        name, qtypes = names.cdn(rng), [dns.A]
    elif kind < 0.95:
        name = names.machine(rng)
        qtypes = [
            dns.PTR
            if name.endswith("arpa")
            else dns.SRV
            if name.startswith("_")
            else int(world.pick((dns.A, dns.A, dns.TXT)))
        ]
    else:
        name, qtypes = names.domain(rng), [int(world.pick((dns.MX, dns.TXT, dns.NS)))]
    for turn, qtype in enumerate(qtypes if rng.random() < 0.5 else qtypes[:1]):
        _lookup(world, conversation, turn, name, dns.A if qtype == dns.NS else qtype)
    return conversation


def conversations(world: World) -> list[Conversation]:
    """One socket each: a question, or the pair or triple that a system asks at once."""
    return [_socket(world) for _ in range(_VARIANTS)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """All clients inside and the sites ask two to six resolvers."""
    n, rng = len(intended), world.rng
    askers = np.concatenate([world.inside, world.sites])
    resolvers = world.some(world.outside_servers, 2, 6)
    return Attempts.of(
        world,
        intended,
        src=world.draw(askers, n, zipf=0.4),
        dst=world.draw(resolvers, n, zipf=1.0),
        dst_port=53,
        template=world.templates(n, _VARIANTS, rng.gamma(0.8, 1.0, _VARIANTS) + 0.01),
    )
