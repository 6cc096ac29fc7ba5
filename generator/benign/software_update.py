"""Software updates: machines ask whether there is something new, mostly there is not, and then much comes at once.

Variants:

* ``check``: a small question over TLS or HTTP (304, or 200 with a few kB of metadata) and the end;
* ``package``: apt and dnf over HTTP, several packages pipelined on one connection;
* ``ranges``: Windows, phone and game updates over HTTP as 206 pieces of one large file, 4 to 8 connections at once
  from one host, some of them cut off and taken up again;
* ``sealed``: the same bulk over TLS, as phone stores do it;
* ``peer``: delivery optimisation (TCP 7680) from neighbours on the own network, a third of whom refuse or are gone;
* ``refused``: an update server that is down: SYN retries, resets, 503 with Retry-After.

Hosts of one network ask at the same server in a burst (a patch day) or spread over the hours; the bulk comes from two
to five hosts of a content network. Sizes here are 30 to 400 kB a connection (a real one goes on for longer and looks
the same). Parameters: ``checks`` (share of the conversations that only ask, 0 to 1; else 0.4 to 0.8).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.benign.tls_browsing import handshake
from generator.conversation import Conversation
from generator.shapes import http, names, tls
from generator.shapes.crowd import Ints, uneven
from generator.shapes.parts import Part, Parts, bulk, rand
from generator.world import Attempts, World

FAMILY = Family("benign", "Software update", "Machines ask for updates and load them in many pieces at once.")
_CHECKS, _PACKAGES, _RANGES, _SEALED, _PEERS, _REFUSED = 10, 3, 6, 4, 6, 4
_AGENTS = (
    "Microsoft-Delivery-Optimization/10.1",
    "Microsoft BITS/7.8",
    "Windows-Update-Agent/10.0.10011.16384 Client-Protocol/2.50",
    "AndroidDownloadManager/14",
    "com.apple.appstored/1.0 iOS/18.6",
    "GameClient/4.2 (download)",
)
_PACKAGERS = ("Debian APT-HTTP/1.3 (2.6.1)", "libdnf (Fedora Linux 42; server; Linux.x86_64)", "pacman/6.1")
_WINDOWS = "windows"


def _check(world: World, number: int) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, near="client")
    if number % 3:
        style = (*tls.LIBRARIES, tls.SCHANNEL12)[int(rng.integers(5))]
        handshake(world, conversation, names.host(rng), style, int(rng.integers(300, 2500)))
        conversation.server(tls.application(int(rng.integers(150, 9000)), rng), think=float(rng.lognormal(-2.5, 0.8)))
        if rng.random() < 0.4:
            conversation.client(tls.application(int(rng.integers(400, 1800))), think=0.02)
            conversation.server(tls.application(int(rng.integers(150, 2500)), rng), think=0.05)
        return conversation.close(world.pick(("fin", "server_fin", "rst")), think=float(rng.exponential(2.0)))
    conversation.open()
    agent = str(world.pick((*_AGENTS, *_PACKAGERS)))
    headers: list[tuple[str, Parts]] = [("Host", names.host(rng).encode()), ("User-Agent", agent.encode())]
    for turn in range(int(rng.integers(1, 5))):
        asked = [*headers, ("If-Modified-Since", b"Fri, 24 Jul 2026 06:00:00 GMT")]
        conversation.client(http.request("GET", http.path(rng, "/InRelease").encode(), asked), think=0.002)
        fresh = rng.random() < 0.25 and turn > 0
        reply = http.server_headers(rng, "nginx", "application/octet-stream", cached=True)
        body = bulk(rng, int(rng.integers(2_000, 40_000))) if fresh else b""
        conversation.server(http.response(200 if fresh else 304, reply, body), think=float(rng.lognormal(-4, 0.7)))
    return conversation.close(world.pick(("fin", "server_fin")), think=float(rng.exponential(1.0)))


def _package(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, client_os="linux", server_os="linux", near="client").open()
    agent, host = str(world.pick(_PACKAGERS)).encode(), names.host(rng).encode()
    for _ in range(int(rng.integers(2, 8))):
        asked: list[tuple[str, Parts]] = [("Host", host), ("User-Agent", agent)]
        conversation.client(http.request("GET", http.path(rng, ".deb").encode(), asked), think=0.0005)
        size = int(np.clip(rng.lognormal(10.0, 1.0), 3_000, 120_000))
        reply = http.server_headers(rng, "Apache", "application/vnd.debian.binary-package", cached=True)
        conversation.server(http.response(200, reply, bulk(rng, size)), think=float(rng.lognormal(-5, 0.7)))
    return conversation.close(world.pick(("fin", "server_fin")), think=float(rng.exponential(2.0)))


def _partial(rng: np.random.Generator, begin: int, size: int, total: int) -> list[bytes]:
    text = "HTTP/1.1 206 Partial Content\r\nContent-Type: application/octet-stream\r\nAccept-Ranges: bytes\r\n"
    text += f"Content-Range: bytes {begin}-{begin + size - 1}/{total}\r\nContent-Length: {size}\r\n\r\n"
    return [text.encode(), rng.bytes(size)]


def _ranges(world: World) -> Conversation:
    """Pieces of one large file, one after the other; some connections break off in the middle."""
    rng = world.rng
    system = str(world.pick((_WINDOWS, _WINDOWS, "android", "ios", "macos")))
    conversation = Conversation.tcp(world, client_os=system, server_os="linux", near="client").open()
    agent, host, path = str(world.pick(_AGENTS)).encode(), names.cdn(rng).encode(), http.path(rng, ".cab").encode()
    piece, total = int(world.pick((32_768, 65_536, 131_072))), int(rng.integers(5_000_000, 900_000_000))
    begin = int(rng.integers(0, total // piece - 8)) * piece
    for number in range(int(rng.integers(2, 5)) if piece < 100_000 else 2):
        low = begin + number * piece
        asked: list[tuple[str, Parts]] = [
            ("Host", host),
            ("User-Agent", agent),
            ("Range", f"bytes={low}-{low + piece - 1}".encode()),
        ]
        conversation.client(http.request("GET", path, asked), think=float(rng.lognormal(-5, 1.0)))
        conversation.server(_partial(rng, low, piece, total), think=float(rng.lognormal(-4.5, 0.8)))
    return conversation.close(world.pick(("fin", "fin", "rst", "none")), think=float(rng.exponential(2.0)))


def _sealed(world: World, number: int) -> Conversation:
    rng = world.rng
    system = ("android", "ios", _WINDOWS, "macos")[number % 4]
    conversation = Conversation.tcp(world, client_os=system, server_os="linux", near="client")
    handshake(world, conversation, names.cdn(rng), tls.LIBRARIES[int(rng.integers(4))], int(rng.integers(250, 700)))
    left = int(rng.uniform(90_000, 200_000))
    while left > 0:
        piece = int(rng.integers(15_000, 140_000))
        conversation.server(tls.application(min(piece, left), rng), think=float(rng.lognormal(-4.5, 0.8)))
        left -= piece
        if left > 0:
            conversation.client(tls.application(int(rng.integers(120, 500))), think=float(rng.lognormal(-4, 1.2)))
    return conversation.close(world.pick(("fin", "rst", "server_fin")), think=float(rng.exponential(1.0)))


def _peer(world: World, number: int) -> Conversation:
    """Delivery optimisation: a greeting, then pieces of 64 kB from a neighbour, who may be gone."""
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=_WINDOWS, server_os=_WINDOWS)
    if number == 0:
        return conversation.send("S").refuse()
    if number == 1:
        return conversation.send("S").repeat(think=1.0).repeat(think=2.0)
    hello: list[Part] = [b"\x0eSwarm protocol", bytes(8), rand(32, "bytes", "swarm"), rand(16, "bytes")]
    conversation.open().client(hello, think=0.001).server(hello, think=0.002)
    for _ in range(int(rng.integers(0, 3))):
        conversation.client([b"\x00\x00\x00\x0d\x06", rand(12, "bytes")], think=float(rng.lognormal(-5, 1.0)))
        conversation.server([b"\x00\x01\x00\x09\x07", *bulk(rng, 65_544)], think=float(rng.lognormal(-5, 1.0)))
    return conversation.close(world.pick(("fin", "rst")), think=float(rng.exponential(1.5)))


def _refused(world: World, number: int) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, near="client")
    if number % 4 == 0:
        return conversation.send("S").refuse()
    if number % 4 == 1:
        return conversation.send("S").repeat(think=1.0).repeat(think=2.0).repeat(think=4.0)
    conversation.open()
    asked: list[tuple[str, Parts]] = [("Host", names.host(rng).encode()), ("User-Agent", _AGENTS[0].encode())]
    conversation.client(http.request("GET", http.path(rng, ".xml").encode(), asked), think=0.002)
    reply = [*http.server_headers(rng, "nginx", "text/html"), ("Retry-After", b"120")]
    return conversation.server(http.response(503, reply, http.html(rng, 300)), think=0.01).close("server_fin")


def conversations(world: World) -> list[Conversation]:
    """Checks, packages, ranges, sealed bulk, peers, refusals, in this order."""
    made = [_check(world, number) for number in range(_CHECKS)] + [_package(world) for _ in range(_PACKAGES)]
    made += [_ranges(world) for _ in range(_RANGES)] + [_sealed(world, number) for number in range(_SEALED)]
    made += [_peer(world, number) for number in range(_PEERS)]
    return made + [_refused(world, number) for number in range(_REFUSED)]


def _kinds(world: World, n: int) -> Ints:
    """0 check, 1 package, 2 ranges, 3 sealed, 4 peer, 5 refused."""
    checks = float(np.clip(world.params.get("checks", world.rng.uniform(0.4, 0.8)), 0.0, 1.0))
    rest = uneven(world.rng, 5, 3.0) * np.array((1.0, 2.5, 1.5, 1.0, 0.4))
    shares = np.concatenate([[checks], (1.0 - checks) * rest / rest.sum()])
    return world.rng.choice(6, n, p=shares / shares.sum())


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """All machines inside; neighbours in time are often one machine's parallel connections to one host of a network."""
    n, rng = len(intended), world.rng
    kind = _kinds(world, n)
    counts = np.array((_CHECKS, _PACKAGES, _RANGES, _SEALED, _PEERS, _REFUSED))
    bases = np.concatenate([[0], np.cumsum(counts)[:-1]])
    template = bases[kind] + rng.integers(0, 1 << 30, n) % counts[kind]
    # those who only ask are anybody; bulk goes to one machine over several connections, then to the next
    bulky = np.isin(kind, (1, 2, 3, 4))
    turn = np.cumsum(bulky & (rng.random(n) < 0.2))
    machines = np.where(bulky, rng.permutation(len(world.inside))[turn % len(world.inside)], 0)
    machines = np.where(bulky, machines, rng.integers(0, len(world.inside), n))
    servers = np.concatenate([world.some(world.outside_servers, 2, 5), world.some(world.outside_servers, 2, 3)])
    far = world.draw(servers, n, zipf=0.7)
    neighbours = (machines + 1 + rng.integers(0, max(len(world.inside) - 1, 1), n)) % len(world.inside)
    peer = kind == 4
    dst = np.where(peer[:, None], world.inside[neighbours], far)
    secure = (kind == 3) | ((kind == 0) & ((template - bases[kind]) % 3 > 0))
    same = (dst == world.inside[machines]).all(axis=1)  # in a network of one machine the only peer is outside
    return Attempts.of(
        world,
        intended,
        src=world.inside[machines],
        dst=np.where(same[:, None], far, dst),
        dst_port=np.where(peer, 7680, np.where(secure, 443, 80)),
        template=template,
        rtt_ns=np.where(peer, world.lan_rtt(n), world.rtt(n)),
    )
