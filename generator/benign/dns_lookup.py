"""Name look-ups of ordinary hosts: A, AAAA and HTTPS in pairs, PTR, TXT, MX and SRV, a tenth of names that do not
exist.

Names are short hosts, content networks with CNAME chains, and long machine-made names that are harmless (telemetry,
reputation lists, reverse zones, service discovery). Some clients use EDNS, some repeat an unanswered question after 1
to 5 s. A browser asks in bursts; a server that checks mail asks steadily. Variants beside those single sockets:
**suffixes** (a name is tried under each search suffix first: NXDOMAIN, NXDOMAIN, then the answer), **random words**
(a browser asks at its start for two or three words of 7 to 15 letters that exist nowhere, to see whether its resolver
lies; it looks like a domain generator and is none), **a dead resolver** (asked again after 1, 3, 7 s, never answers),
**truncation** (the answer is too long: again over TCP), **a page's burst** (a dozen names from one socket within 50
ms), and a resolver of ours that asks servers outside, port 53 to 53. Parameters: ``missing`` (share of suffixes, random
words and dead resolvers, else 0.03 to 0.15).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import dns, names
from generator.shapes.parts import Part, length, rand
from generator.world import Attempts, World

FAMILY = Family("benign", "DNS look-ups", "Hosts ask resolvers for names, some of them long, some of them missing.")
_VARIANTS = 52
_SUFFIXES, _WORDS, _DEAD, _LONG, _PAGES = 4, 5, 3, 4, 6


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


def _ask(conversation: Conversation, name: str, turn: int, *, found: bool, think: float, wait: float) -> None:
    key = f"turn{turn}"
    conversation.client(dns.query(name, dns.A, message_id=key), think=think)
    answers = [dns.record(dns.A, [b"\xc6\x12", rand(2, "bytes")], ttl=300)] if found else []
    authority = [] if found else [dns.soa(name.rpartition(".")[2] or "example")]
    rcode = dns.NOERROR if found else dns.NXDOMAIN
    conversation.server(
        dns.response(name, dns.A, answers, rcode=rcode, authority=authority, message_id=key), think=wait
    )


def _suffix(world: World) -> Conversation:
    rng = world.rng
    conversation, host = Conversation.udp(world, near="client"), names.host(rng)
    suffixes = [names.domain(rng) for _ in range(int(rng.integers(1, 4)))]
    for turn, suffix in enumerate(suffixes):
        _ask(conversation, f"{host}.{suffix}", turn, found=False, think=0.0005, wait=float(rng.lognormal(-5, 1)))
    _ask(conversation, host, len(suffixes), found=rng.random() < 0.8, think=0.0005, wait=float(rng.lognormal(-4, 1)))
    return conversation


def _random_words(world: World, number: int) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, near="client")
    suffix = f".{names.domain(rng)}" if number % 2 else ""
    for turn in range(1 + number % 3):
        word = names.token(rng, int(rng.integers(7, 16)), "letters")
        _ask(conversation, word + suffix, turn, found=False, think=0.0003, wait=float(rng.lognormal(-5, 1)))
    return conversation


def _dead(world: World, number: int) -> Conversation:
    conversation = Conversation.udp(world, near="client").client(dns.query(names.host(world.rng)))
    for wait in ((1.0, 1.0, 2.0, 4.0), (3.0, 3.0, 3.0), (5.0,))[number % 3]:
        conversation.repeat(think=wait)
    return conversation


def _long(world: World, number: int) -> Conversation:
    """Over TCP, with the length in front: what did not fit, or a resolver that likes TCP."""
    rng = world.rng
    conversation, name = Conversation.tcp(world, near="client").open(), names.domain(rng)
    for turn in range(1 + number % 2):
        asked = dns.query(name, dns.TXT, edns=True, message_id=f"long{turn}")
        answers = [
            dns.record(dns.TXT, dns.txt_data(int(rng.integers(150, 250)))) for _ in range(int(rng.integers(4, 9)))
        ]
        told = dns.response(name, dns.TXT, answers, edns=True, message_id=f"long{turn}")
        conversation.client([length(asked).to_bytes(2, "big"), *asked], think=0.001)
        conversation.server([length(told).to_bytes(2, "big"), *told], think=0.01)
    return conversation.close("fin", think=0.0005)


def _page(world: World) -> Conversation:
    """All that a page needs, asked for at once from one socket."""
    rng = world.rng
    conversation = Conversation.udp(world, near="client")
    for turn in range(int(rng.integers(6, 16))):
        name = names.cdn(rng) if rng.random() < 0.5 else names.host(rng)
        _ask(conversation, name, turn, found=rng.random() < 0.97, think=0.0004, wait=float(rng.lognormal(-7, 1)))
    return conversation


def conversations(world: World) -> list[Conversation]:
    """Single sockets (a question, or the pair or triple that a system asks at once), then the other kinds."""
    made = [_socket(world) for _ in range(_VARIANTS)] + [_suffix(world) for _ in range(_SUFFIXES)]
    made += [_random_words(world, number) for number in range(_WORDS)]
    made += [_dead(world, number) for number in range(_DEAD)] + [_long(world, number) for number in range(_LONG)]
    return made + [_page(world) for _ in range(_PAGES)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """All clients inside and the sites ask two to six resolvers; a dead one, and our own resolvers outside."""
    n, rng = len(intended), world.rng
    askers = np.concatenate([world.inside, world.sites])
    resolvers = world.some(world.outside_servers, 2, 6)
    missing = float(np.clip(world.params.get("missing", rng.uniform(0.03, 0.15)), 0.0, 0.95))
    shares = np.array((0.9, 0.4 * missing, 0.4 * missing, 0.2 * missing, 0.02, 0.08))
    shares[0] = 1.0 - missing - shares[4:].sum() if missing < 0.9 else 0.01
    kind = rng.choice(6, n, p=shares / shares.sum())
    counts = np.array((_VARIANTS, _SUFFIXES, _WORDS, _DEAD, _LONG, _PAGES))
    weights = rng.gamma(0.8, 1.0, _VARIANTS) + 0.01
    inner = np.where(kind == 0, world.templates(n, _VARIANTS, weights), rng.integers(0, 1 << 30, n) % counts[kind])
    recursive = (kind == 0) & (rng.random(n) < 0.1)
    own = world.some(world.sites, 1, 2)
    dead = world.outside_servers[int(rng.integers(len(world.outside_servers)))]
    dst = np.where(recursive[:, None], world.draw(world.outside_servers, n), world.draw(resolvers, n, zipf=1.0))
    made = Attempts.of(
        world,
        intended,
        src=np.where(recursive[:, None], world.draw(own, n), world.draw(askers, n, zipf=0.4)),
        dst=np.where((kind == 3)[:, None], dead, dst),
        dst_port=53,
        template=np.concatenate([[0], np.cumsum(counts)[:-1]])[kind] + inner,
    )
    # an old resolver asks from port 53
    old = recursive & (rng.random() < 0.3)
    return made._replace(src_port=np.where(old, 53, made.src_port).astype(np.uint16))
