"""Remote desktops: people work for hours at a screen that stands elsewhere.

Variants:

* ``rdp``: RDP over TLS with network level authentication (a login that succeeds), old servers with TLS alone, then
  work: keys and mouse up in records of 30 to 60 bytes, the screen down in bursts up to 50 kB, long pauses;
* ``udp``: the same screen over RDP's UDP transport beside it (port 3389): 1,200-byte datagrams down, 12-byte
  acknowledgements and input up, in stretches of 2 s that make one long flow;
* ``vnc``: RFB 3.8 in clear (ports 5900-5903): handshake, password, raw rectangles, pointer events each 2 to 60 ms;
* ``relay``: TeamViewer- and AnyDesk-like: a relay outside (TCP 5938, 443, 6568, 7070), keep-alives while idle;
* ``failed``: a mistyped password (one or two short connections, then silence), a host that is off or refuses.

Some machines are jump hosts with many users; some people keep several sessions open. Parameters: ``failed`` (share of
connections that come to nothing, else 0.02 to 0.1), ``stretches`` (mean length of a UDP session, else 5 to 60).
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.benign.tls_browsing import handshake
from generator.conversation import Conversation
from generator.shapes import desktop, names, ntlm, rdp, tls
from generator.shapes.crowd import by_actor
from generator.shapes.media import ROUND_TRIP_NS
from generator.shapes.parts import Part, rand
from generator.shapes.sessions import sessions
from generator.world import Attempts, World

FAMILY = Family("benign", "Remote desktop", "People work at a distant screen over RDP, VNC or a relay.")
_RDPS, _STREAMS, _VNCS, _RELAYS, _FAILED = 6, 4, 4, 5, 7
_SECONDS = 2.0
_ENDS = ("fin", "rst", "none", "server_fin")
_VNC_PORTS, _RELAY_PORTS = (5900, 5901, 5902, 5903), (5938, 443, 6568, 7070)


def _rdp_login(world: World, *, ok: bool) -> tuple[Conversation, bool]:
    """From the first message to the answer to the password; whether TLS 1.3 is spoken."""
    rng = world.rng
    conversation = Conversation.tcp(
        world,
        client_os=world.pick(("windows", "windows", "windows", "macos", "linux")),
        server_os="windows",
        near=world.pick(("server", "client", "middle")),
    ).open()
    user, machine = world.word(), ntlm.draw_machine(rng, world.word(), world.pick(("", world.word())))
    level = rdp.NLA if rng.random() < 0.85 else rdp.TLS
    tls13 = bool(rng.random() < 0.3)
    style = tls.SCHANNEL12 if not tls13 else tls.OPENSSL
    conversation.client(rdp.connection_request(user, rdp.NLA), think=0.001)
    conversation.server(rdp.connection_confirm(level), think=float(rng.lognormal(-5.5, 0.8)))
    desktop.play(conversation, rdp.tls_start(rng, machine.name, style, tls13=tls13), rng)
    if level == rdp.NLA:
        version = int(world.pick((2, 5, 6, 6)))
        turns = rdp.nla_login(machine, user, machine.domain, ok=ok, tls13=tls13, version=version)
        conversation.client(turns[0][0], think=float(rng.uniform(0.001, 0.3)))
        conversation.server(turns[0][1], think=0.002)
        desktop.play(conversation, turns[1:], rng, pace=0.004)
    return conversation, tls13


def _rdp(world: World) -> Conversation:
    rng = world.rng
    conversation, tls13 = _rdp_login(world, ok=True)
    desktop.play(conversation, rdp.session_start(rng, world.word(), tls13=tls13), rng)
    conversation.server(rdp.sealed(int(rng.integers(12_000, 50_000)), tls13=tls13, rng=rng), think=0.4)
    for act in desktop.acts(rng, int(rng.integers(4, 8)), 50_000):
        if act.up:
            conversation.client(rdp.sealed(act.size + int(rng.integers(0, 9)), tls13=tls13), think=act.think)
        else:
            # records hold at most 16 kB
            conversation.server(rdp.sealed(min(act.size, 16_000), tls13=tls13, rng=rng), think=act.think)
    return conversation.close(world.pick(_ENDS), think=float(rng.exponential(2.0)))


def _datagram(number: int, flags: int, start: int, size: int) -> list[Part]:
    """RDP-UDP 1 (MS-RDPEUDP): acknowledgement of a packet, an ACK vector, and data where there is some."""
    head = struct.pack("!IHH", number, 64, flags) + struct.pack("!H", 0) + bytes(2)
    data: list[Part] = [struct.pack("!II", start, start), rand(16, "bytes")]
    return [head, *(data if size else [])]


def _stream(world: World, turn: int) -> Conversation:
    """Two seconds of a screen over UDP; the first one begins with the handshake."""
    rng = world.rng
    conversation = Conversation.udp(world, client_os="windows", server_os="windows", near="middle")
    sent, got = 1000 + 4000 * turn, 500 + 4000 * turn
    if turn == 0:
        opening = struct.pack("!IHHIHH", 0xFFFFFFFF, 64, 0x0001, 999, 1232, 1232)
        conversation.client(opening + bytes(1216))
        conversation.server(struct.pack("!IHHIHH", 999, 64, 0x0005, 499, 1232, 1232) + bytes(1216), think=0.02)
    clock = 0.0
    for act in desktop.acts(rng, 40, 40_000):
        think = min(act.think, 0.15)
        clock += think
        if clock > _SECONDS:
            break
        if act.up:
            got += 1
            conversation.client([*_datagram(sent, 0x000C, got, 1), world.noise(act.size + 40)], think=think)
            continue
        left, number = act.size, 0
        while left > 0:
            piece, sent = min(left, 1180), sent + 1
            conversation.server(
                [*_datagram(got, 0x000C, sent, 1), world.noise(piece)], think=0.00005 if number else think
            )
            left, number = left - piece, number + 1
            if number % 2 == 0:
                conversation.client(_datagram(sent, 0x0004, 0, 0), think=0.0001)
    return conversation.pause(max(_SECONDS - clock, 0.0))


def _vnc(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(
        world, client_os=world.pick(("windows", "linux", "macos")), server_os="linux"
    ).open()
    conversation.server(b"RFB 003.008\n", think=0.01).client(b"RFB 003.008\n", think=0.002)
    conversation.server(b"\x01\x02", think=0.001).client(b"\x02", think=0.001)
    conversation.server(rand(16, "bytes"), think=0.001).client(rand(16, "bytes"), think=float(rng.lognormal(-1, 1.5)))
    conversation.server(bytes(4), think=0.002).client(b"\x01", think=0.001)
    name = f"{world.word()}:0".encode()
    form = struct.pack("!BBBBHHHBBBxxx", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
    conversation.server(struct.pack("!HH", 1280, 800) + form + struct.pack("!I", len(name)) + name, think=0.003)
    encodings = struct.pack("!BxHii", 2, 2, 0, 1)
    conversation.client(b"\x00\0\0\0" + form + encodings + struct.pack("!BBHHHH", 3, 0, 0, 0, 1280, 800), think=0.001)
    x, y = 400, 300
    for act in desktop.acts(rng, int(rng.integers(4, 8)), 30_000):
        if act.what == "key":
            key = int(rng.integers(97, 123))
            conversation.client(
                struct.pack("!BBHI", 4, 1, 0, key) + struct.pack("!BBHI", 4, 0, 0, key), think=act.think
            )
        elif act.what == "mouse":
            x, y = (x + int(rng.integers(0, 9))) % 1280, (y + int(rng.integers(0, 5))) % 800
            conversation.client(struct.pack("!BBHH", 5, 0, x, y), think=act.think)
        else:
            wide = int(np.clip(act.size // 64, 4, 500))
            update = struct.pack("!BxH4Hi", 0, 1, 40, 40, wide, 16, 0)
            conversation.server([update, rand(16, "bytes"), world.noise(wide * 64 - 16)], think=act.think)
            conversation.client(struct.pack("!BBHHHH", 3, 1, 0, 0, 1280, 800), think=0.002)
    return conversation.close(world.pick(_ENDS), think=float(rng.exponential(2.0)))


def _relay(world: World, number: int) -> Conversation:
    """Through a relay outside: TLS, or a protocol of its own; idle ones only keep the connection alive."""
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=world.pick(("windows", "macos")), server_os="linux", near="client")
    own = number % len(_RELAY_PORTS) == 0
    idle = number >= 3
    if own:
        conversation.open().client([b"\x17\x24\x0a\x20\x00\x00", rand(50, "bytes")], think=0.002)
        conversation.server([b"\x17\x24\x0b\x20\x00\x00", rand(80, "bytes")], think=0.02)
    else:
        handshake(world, conversation, names.host(rng), tls.LIBRARIES[int(rng.integers(4))], 400)
        conversation.server(tls.application(700), think=0.03)

    def said(size: int) -> list[Part]:
        head = b"\x11\x30" + size.to_bytes(4, "little")
        return (
            [head, rand(min(size, 16), "bytes"), world.noise(max(size - 16, 0))] if own else tls.application(size, rng)
        )

    for _ in range(6 if idle else 0):
        conversation.client(said(int(rng.integers(20, 60))), think=float(world.pick((10.0, 20.0, 30.0))), jitter=0.02)
        conversation.server(said(int(rng.integers(20, 60))), think=0.002)
    for act in desktop.acts(rng, 0 if idle else int(rng.integers(5, 9)), 40_000):
        (conversation.client if act.up else conversation.server)(said(act.size + 20), think=act.think)
    return conversation.close(world.pick(_ENDS), think=float(rng.exponential(1.0)))


def _failure(world: World, number: int) -> Conversation:
    rng = world.rng
    if number < 3:  # the password was wrong
        return _rdp_login(world, ok=False)[0].close(world.pick(("server_rst", "fin", "server_fin")), think=0.002)
    conversation = Conversation.tcp(world, client_os="windows", server_os="windows")
    if number == 3:  # somebody sees the certificate's warning and says no
        conversation.open().client(rdp.connection_request(world.word(), rdp.NLA), think=0.001)
        conversation.server(rdp.connection_confirm(rdp.NLA), think=0.004)
        return desktop.play(conversation, rdp.tls_start(rng, world.word(), tls.SCHANNEL12), rng).close("fin", think=4.0)
    if number == 4:
        return conversation.send("S").repeat(think=1.0).repeat(think=2.0).repeat(think=4.0)
    if number == 5:
        return conversation.send("S").refuse().send("S", think=0.5).refuse().send("S", think=0.5).refuse()
    conversation.open().server(b"RFB 003.008\n", think=0.01).client(b"RFB 003.008\n", think=0.002)
    conversation.server(b"\x01\x02", think=0.001).client(b"\x02", think=0.001)
    conversation.server(rand(16, "bytes"), think=0.001).client(rand(16, "bytes"), think=3.0)
    reason = b"Authentication failed"
    return conversation.server(struct.pack("!II", 1, len(reason)) + reason, think=0.5).close("server_fin")


def conversations(world: World) -> list[Conversation]:
    """RDP, UDP stretches, VNC, relays, failures, in this order."""
    made = [_rdp(world) for _ in range(_RDPS)] + [_stream(world, turn) for turn in range(_STREAMS)]
    made += [_vnc(world) for _ in range(_VNCS)] + [_relay(world, number) for number in range(_RELAYS)]
    return made + [_failure(world, number) for number in range(_FAILED)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """People outside and inside at a few machines; relays outside. Clans: RDP, UDP, VNC, relay, failed."""
    n, rng = len(intended), world.rng
    failed = float(np.clip(world.params.get("failed", rng.uniform(0.02, 0.1)), 0.0, 1.0))
    shares = rng.dirichlet((4.0, 3.0, 1.5, 2.0)) * (1.0 - failed)
    clan = rng.choice(5, n, p=np.append(shares, failed))
    mean = float(world.params.get("stretches", rng.uniform(5, 60)))
    lasts, lengths = np.full(5, 1e6), np.ones(5)
    lasts[1], lengths[1] = _SECONDS, mean
    work = sessions(world, intended, clan, lasts, lengths)
    counts = np.array((_RDPS, _STREAMS, _VNCS, _RELAYS, _FAILED))
    later = np.where(work.place == 0, 0, 1 + (work.place - 1) % (_STREAMS - 1))
    drawn = work.of(rng.integers(0, 1 << 30, work.total)) % counts[clan]
    inner = np.where(clan == 1, later, drawn)
    template = np.concatenate([[0], np.cumsum(counts)[:-1]])[clan] + inner
    people = np.concatenate([world.some(world.inside, 5, 40), world.some(world.clients, 3, 20)])
    machines = np.concatenate([world.some(world.sites, 2, 8), world.some(world.inside, 2, 10)])
    near, far = work.of(world.draw(people, work.total)), work.of(world.draw(machines, work.total, zipf=0.8))
    clash = (world.layout.hosts(near) == world.layout.hosts(far)) | (clan == 3)
    relays = work.of(world.draw(world.some(world.outside_servers, 2, 5), work.total))
    src, dst = by_actor(world, work.session, near, np.where(clash[:, None], relays, far))
    vnc = rng.choice(np.array(_VNC_PORTS), n, p=(0.7, 0.2, 0.05, 0.05))
    port = np.select([clan == 2, clan == 3], [vnc, np.array(_RELAY_PORTS)[inner % 4]], 3389)
    made = Attempts.of(
        world,
        work.times,
        src=src,
        dst=dst,
        src_port=work.of(world.ephemeral(work.total)),
        dst_port=np.where((clan == 4) & (inner == _FAILED - 1), 5900, port),
        template=template,
        rtt_ns=np.where(clan == 1, ROUND_TRIP_NS, work.of(world.rtt(work.total))),
        ipv6=False,
    )
    return made._replace(seed=work.seeds(rng))
