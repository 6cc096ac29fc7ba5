"""Conversations of a Windows domain: how a host finds its controller, logs in, and works.

Each function makes one variant of its kind for a ``Domain``; ``number`` counts them, so that all habits appear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from generator.conversation import Conversation, Rand
from generator.shapes import directory, dns, kerberos, lan, names, ntlm, smb
from generator.shapes.desktop import play
from generator.shapes.parts import Part, bulk
from generator.world import World

_SHARES: Final = ("public", "projects", "home", "finance", "scans")


@dataclass(frozen=True)
class Domain:
    """The names of the campaign's domain."""

    zone: str
    short: str
    dialect: int
    signed: bool
    port: int  # where its RPC services listen

    @property
    def realm(self) -> str:
        """As Kerberos writes it."""
        return self.zone.upper()


def draw_domain(world: World) -> Domain:
    """The campaign's domain; the same for all who ask."""
    rng = np.random.default_rng([world.workload.seed, 0xD0])
    word = names.pick(rng, names.WORDS)
    dialect = int(rng.choice((0x0210, 0x0302, 0x0311, 0x0311)))
    return Domain(
        f"{word}.example.com", word.upper(), dialect, bool(rng.random() < 0.5), int(rng.integers(49664, 49720))
    )


def _tcp(world: World) -> Conversation:
    return Conversation.tcp(world, client_os="windows", server_os="windows").open()


def locate(world: World, domain: Domain, number: int) -> Conversation:
    """SRV records, sometimes with the site first, which does not exist yet."""
    conversation = Conversation.udp(world, client_os="windows", server_os="windows")
    forms = ("_ldap._tcp.dc._msdcs", "_kerberos._tcp.dc._msdcs", "_ldap._tcp.Paris._sites.dc._msdcs", "_gc._tcp")
    name = f"{forms[number % 4]}.{domain.zone}"
    conversation.client(dns.query(name, dns.SRV, message_id="one"))
    data: list[Part] = [b"\x00\x00\x00\x64\x01\x85", *dns.name(f"dc1.{domain.zone}")]
    missing = number % 4 == 2
    told = dns.response(
        name,
        dns.SRV,
        [] if missing else [dns.record(dns.SRV, data, ttl=600)],
        rcode=dns.NXDOMAIN if missing else dns.NOERROR,
        message_id="one",
    )
    return conversation.server(told, think=0.001)


def cldap(world: World, domain: Domain, number: int) -> Conversation:
    """Which controller is near? One in three asks twice."""
    asked, told = directory.locate(world.rng, domain.zone, lan.machine_name(world.rng))
    conversation = Conversation.udp(world, client_os="windows", server_os="windows").client(asked)
    return (
        conversation.repeat(think=0.4).server(told, think=0.002)
        if number == 2
        else conversation.server(told, think=0.001)
    )


def tickets(world: World, domain: Domain, number: int) -> Conversation:
    """A connection for each question, as Windows does it; UDP for the small ones."""
    rng, user, groups = world.rng, world.word(), int(world.rng.integers(5, 80))
    service = (str(world.pick(("cifs", "ldap", "host", "HTTP"))), f"dc1.{domain.zone}")
    if number % 4 == 0:
        conversation = Conversation.udp(world, client_os="windows", server_os="windows")
        conversation.client(kerberos.initial(rng, domain.realm, user, proof=False))
        code = kerberos.TOO_BIG if number == 4 else kerberos.PREAUTH_REQUIRED
        return conversation.server(kerberos.refused(domain.realm, code), think=0.002)
    asked, told = {
        1: (
            kerberos.initial(rng, domain.realm, user, proof=False),
            kerberos.refused(domain.realm, kerberos.PREAUTH_REQUIRED),
        ),
        2: (
            kerberos.initial(rng, domain.realm, user, proof=True),
            kerberos.granted(rng, domain.realm, user, groups=groups),
        ),
        3: (
            kerberos.ticket_asked(rng, domain.realm, service, groups=groups),
            kerberos.ticket_given(rng, domain.realm, user, service, groups=groups),
        ),
    }[number % 4]
    conversation = _tcp(world).client(kerberos.framed(asked), think=0.0003)
    return conversation.server(kerberos.framed(told), think=0.002).close("fin", think=0.0003)


def _session(world: World, domain: Domain, *, fails: int = 0) -> tuple[Conversation, smb.Smb2]:
    """An SMB login; the first ``fails`` tries are refused."""
    rng = world.rng
    conversation = _tcp(world)
    connection = smb.Smb2(rng, domain.dialect, signed=domain.signed)
    machine, user = ntlm.draw_machine(rng, world.word(), domain.short), world.word()
    play(conversation, [connection.negotiated()], rng)
    for turn in range(fails + 1):
        play(conversation, [connection.challenged(machine)], rng)
        good = turn == fails
        answer = ntlm.authenticate(machine, user, domain.short, lan.machine_name(rng))
        asked, told = connection.login(answer, smb.OK if good else smb.LOGON_FAILURE)
        conversation.client(asked, think=0.001 if turn == 0 else float(rng.lognormal(1.2, 0.5)))
        conversation.server(told, think=0.004)
    return conversation, connection


def policies(world: World, domain: Domain, number: int) -> Conversation:
    """Group policy at logon: IPC$, SYSVOL, a handful of small files, some of which are not there."""
    rng = world.rng
    conversation, connection = _session(world, domain)
    server = f"\\\\dc1.{domain.zone}"
    turns = [connection.tree_connected(f"{server}\\IPC$"), connection.tree_connected(f"{server}\\SYSVOL")]
    for _ in range(1 + number % 3):
        folder = f"{domain.zone}\\Policies\\{{{rng.bytes(16).hex()}}}"
        turns += [
            connection.created(f"{folder}\\gpt.ini", 59),
            connection.read([b"[General]\r\nVersion=", Rand(6, "digits")]),
        ]
        turns.append(connection.closed())
        if rng.random() < 0.6:
            size = int(rng.integers(400, 14_000))
            turns += [connection.created(f"{folder}\\Machine\\Registry.pol", size), connection.read(bulk(rng, size))]
            turns.append(connection.closed())
        else:
            turns.append(connection.created(f"{folder}\\Machine\\Scripts\\scripts.ini", status=smb.NOT_FOUND))
    play(conversation, turns, rng)
    return conversation.close(world.pick(("fin", "rst")), think=float(rng.uniform(1, 15)))


def files(world: World, domain: Domain, number: int) -> Conversation:
    """Somebody works on a share: looks around, opens, reads, saves, is refused here and there."""
    rng = world.rng
    conversation, connection = _session(world, domain)
    share = str(world.pick(_SHARES))
    play(conversation, [connection.tree_connected(f"\\\\files\\{share}")], rng)
    if number % 6 == 5:
        play(conversation, [connection.tree_connected("\\\\files\\finance", smb.ACCESS_DENIED)], rng)
    for _ in range(int(rng.integers(2, 5))):
        listed = tuple(
            f"{world.word()}.{world.pick(('docx', 'xlsx', 'pdf', 'txt'))}" for _ in range(int(rng.integers(3, 12)))
        )
        look = [connection.created(""), connection.listed(listed), connection.listed(()), connection.closed()]
        work = [connection.created(listed[0], 40_000), connection.asked()]
        size = int(np.clip(rng.lognormal(9.3, 1.0), 900, 48_000))
        work.append(connection.written(bulk(rng, size)) if rng.random() < 0.4 else connection.read(bulk(rng, size)))
        work.append(connection.closed())
        turns = [*look, *work]
        conversation.client(turns[0][0], think=float(rng.lognormal(0.3, 0.9))).server(turns[0][1], think=0.002)
        play(conversation, turns[1:], rng)
        if rng.random() < 0.4:
            play(conversation, [connection.created(f"{listed[0]}:Zone.Identifier", status=smb.NOT_FOUND)], rng)
    return conversation.close(world.pick(("none", "fin", "rst")), think=float(rng.uniform(0.5, 10)))


def idle(world: World, domain: Domain, number: int) -> Conversation:
    """A session that only stays open, and its end."""
    rng = world.rng
    conversation, connection = _session(world, domain)
    period = (30.0, 60.0, 120.0)[number % 3]
    play(conversation, [connection.tree_connected("\\\\files\\IPC$")], rng)
    for _ in range(4):
        asked, told = connection.echoed()
        conversation.client(asked, think=period, jitter=0.02).server(told, think=0.0005)
    play(conversation, [connection.tree_disconnected(), connection.logged_off()], rng)
    return conversation.close("fin", think=0.001)


def ldap(world: World, domain: Domain, number: int) -> Conversation:
    """The root, a bind, some look-ups, good-bye."""
    rng = world.rng
    conversation = _tcp(world)
    asked, told = directory.root(rng, 1, domain.zone)
    conversation.client(asked, think=0.0005).server(told, think=0.001)
    simple = directory.simple_bind(2, f"CN={world.word()},DC=example", b"x" * 10)
    clear = number % 3 == 2
    asked, told = simple if clear else directory.bind(rng, 2, domain.zone, int(rng.integers(5, 80)))
    conversation.client(asked, think=0.002).server(told, think=0.003)
    for turn in range(int(rng.integers(1, 7))):
        question, answer = directory.user(rng, 3 + turn, world.word(), domain.zone)
        sealed = (directory.wrapped(rng, len(question)), directory.wrapped(rng, len(answer)))
        conversation.client(question if clear else sealed[0], think=float(rng.lognormal(-4, 1.2)))
        conversation.server(answer if clear else sealed[1], think=float(rng.lognormal(-6, 0.8)))
    end = directory.unbind(99) if clear else directory.wrapped(rng, 7)
    return conversation.client(end, think=float(rng.uniform(0.01, 5))).close("fin")


def mapper(world: World, domain: Domain, number: int) -> Conversation:
    """Where does that interface listen?"""
    wanted = directory.INTERFACES[number % 4]
    turns = [*directory.bound(directory.MAPPER, None, "", 135), directory.mapped(2, wanted, domain.port)]
    return play(_tcp(world), turns, world.rng).close("fin", think=float(world.rng.uniform(0.01, 8)))


def calls(world: World, domain: Domain, number: int) -> Conversation:
    """Sealed calls of one interface on the high port."""
    rng = world.rng
    machine = ntlm.draw_machine(rng, world.word(), domain.short)
    turns = directory.bound(directory.INTERFACES[number % 4], machine, world.word(), domain.port)
    sizes = rng.integers(40, 1600, (int(rng.integers(2, 9)), 2))
    turns += [
        directory.called(2 + k, int(rng.integers(0, 60)), (int(up), int(down))) for k, (up, down) in enumerate(sizes)
    ]
    return play(_tcp(world), turns, rng).close(world.pick(("fin", "rst")), think=float(rng.uniform(0.1, 20)))


def clock(world: World, _: Domain, number: int) -> Conversation:
    """MS-SNTP: 68 bytes with an authenticator."""
    conversation = Conversation.udp(world, client_os="windows", server_os="windows")
    conversation.client([b"\xdb\x00\x0a\xe9" + bytes(36), Rand(8, "bytes", "sent"), bytes([number]) + bytes(19)])
    head = b"\x1c\x03\x0a\xe9" + bytes(4) + b"\x00\x00\x10\x00\xc6\x12\x00\x01\xea\x40"
    return conversation.server([head, Rand(6, "bytes"), Rand(8, "bytes", "sent"), Rand(36, "bytes")], think=0.001)


def refused(world: World, domain: Domain, number: int) -> Conversation:
    """Logins that fail: mistyped once and then right, or simply wrong."""
    rng = world.rng
    if number % 4 == 0:
        conversation, connection = _session(world, domain, fails=1)
        play(conversation, [connection.tree_connected("\\\\files\\home"), connection.logged_off()], rng)
        return conversation.close("fin", think=1.0)
    if number % 4 == 1:
        conversation = _tcp(world)
        connection = smb.Smb2(rng, domain.dialect, signed=domain.signed)
        machine = ntlm.draw_machine(rng, world.word(), domain.short)
        status = smb.ACCOUNT_LOCKED if number > 4 else smb.LOGON_FAILURE
        answer = ntlm.authenticate(machine, world.word(), domain.short)
        play(
            conversation,
            [connection.negotiated(), connection.challenged(machine), connection.login(answer, status)],
            rng,
        )
        return conversation.close("fin", think=0.002)
    conversation = _tcp(world)
    if number % 4 == 2:
        conversation.client(kerberos.framed(kerberos.initial(rng, domain.realm, world.word(), proof=True)))
        code = kerberos.UNKNOWN_PRINCIPAL if number > 4 else kerberos.PREAUTH_FAILED
        return conversation.server(kerberos.framed(kerberos.refused(domain.realm, code)), think=0.003).close("fin")
    asked, told = directory.simple_bind(1, f"CN={world.word()},DC=example", b"x" * 9, code=49)
    return conversation.client(asked, think=0.001).server(told, think=0.01).close("fin", think=0.001)
