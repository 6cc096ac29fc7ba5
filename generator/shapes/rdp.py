"""RDP connections (MS-RDPBCGR, MS-CSSP) from the first X.224 message to a session that stands, or does not.

Everything comes as turns ``(client says, server answers)``. ``opening`` is in clear; after it come ``standard_start``
(the security of old servers, in clear up to the keys), or ``tls_start`` and, with network level authentication,
``nla_login``: those are TLS records of the size of what they hide. ``session_start`` follows a login that succeeded;
what people then see and type is the family's own: ``sealed`` records, or ``encrypted`` messages of old servers.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from generator.shapes import ntlm, tls
from generator.shapes.parts import Part, length, rand
from generator.shapes.smb import Turn

STANDARD: Final = 0
TLS: Final = 1
NLA: Final = 3  # TLS and CredSSP
_GCM12: Final = 24  # what TLS 1.2 with AES-GCM adds to a record: explicit nonce and tag
_TLS13: Final = 17  # what TLS 1.3 adds: content type and tag


def tpkt(body: list[Part]) -> list[Part]:
    """A TPKT packet (RFC 1006) around a body."""
    return [struct.pack("!BBH", 3, 0, length(body) + 4), *body]


def _data(body: list[Part]) -> list[Part]:
    return tpkt([b"\x02\xf0\x80", *body])


# -- X.224 -------------------------------------------------------------------------------------------------------------


def connection_request(user: str | list[Part] = "", protocols: int | None = NLA) -> list[Part]:
    """The first message: a cookie with the user's name (cut at 9 signs by Windows) and what security it can do.

    ``protocols`` None leaves the negotiation out, as clients before RDP 5.2 and some tools do.
    """
    name: list[Part] = [user.encode()] if isinstance(user, str) else user
    cookie: list[Part] = [b"Cookie: mstshash=", *name, b"\r\n"] if user else []
    wish = b"" if protocols is None else struct.pack("<BBHI", 1, 0, 8, protocols)
    size = 6 + length(cookie) + len(wish)
    return tpkt([struct.pack("!BBHHB", size, 0xE0, 0, 0, 0), *cookie, wish])


def connection_confirm(chosen: int | None = NLA, *, refused: bool = False) -> list[Part]:
    """The answer: the security chosen, or (``refused``) the code of what the server insists on (5: NLA)."""
    choice = b"" if chosen is None else struct.pack("<BBHI", 3 if refused else 2, 0 if refused else 0x1F, 8, chosen)
    return tpkt([struct.pack("!BBHHB", 6 + len(choice), 0xD0, 0, 0x1234, 0), choice])


# -- TLS and CredSSP ---------------------------------------------------------------------------------------------------


def overhead(*, tls13: bool) -> int:
    """Bytes that a TLS record adds to what it hides."""
    return _TLS13 if tls13 else _GCM12


def sealed(size: int, *, tls13: bool = False, rng: np.random.Generator | None = None) -> list[Part]:
    """A TLS record that hides ``size`` bytes."""
    return tls.application(size + overhead(tls13=tls13), rng)


def tls_start(rng: np.random.Generator, host: str, style: tls.ClientStyle, *, tls13: bool = False) -> list[Turn]:
    """The TLS handshake with a self-signed certificate of some 750 bytes, as every fresh Windows host has one."""
    hello = tls.client_hello(rng, host, style)
    chain = int(rng.integers(730, 800))
    if tls13:
        return [(hello, tls.server_flight_13(rng, style, chain)), (tls.client_finish_13(), [])]
    return [
        (hello, tls.server_flight_12(rng, host, chain, self_signed=True)),
        (tls.client_finish_12(), tls.server_finish_12(ticket=bool(rng.random() < 0.3))),
    ]


def _request(fields: list[Part], version: int = 6) -> int:
    """The size of a CredSSP TSRequest of that version around its fields."""
    return length(ntlm.wrap(0x30, [b"\xa0\x03\x02\x01" + bytes([version]), *fields]))


def _token(token: list[Part]) -> list[Part]:
    inner = ntlm.wrap(0x30, ntlm.wrap(0x30, ntlm.wrap(0xA0, ntlm.wrap(0x04, token))))
    return ntlm.wrap(0xA1, inner)


def nla_login(
    machine: ntlm.Machine, user: str, domain: str = "", *, ok: bool, tls13: bool = False, version: int = 6
) -> list[Turn]:
    """CredSSP with NTLM inside TLS: three messages of the client, refused (``ok`` false) or followed by the password.

    A refusal is an error code (versions 3, 4 and 6) or nothing but the end of the connection; then the last answer is
    empty.
    """
    first = _request(_token(ntlm.negotiate()), version)
    second = _request(_token(ntlm.challenge(machine)), version)
    key: list[Part] = ntlm.wrap(0xA3, ntlm.wrap(0x04, [bytes(48)]))
    nonce: list[Part] = ntlm.wrap(0xA5, ntlm.wrap(0x04, [bytes(32)])) if version >= 5 else []
    third = _request([*_token(ntlm.authenticate(machine, user, domain)), *key, *nonce], version)
    start: list[Turn] = [(sealed(first, tls13=tls13), sealed(second, tls13=tls13))]
    if not ok:
        code: list[Part] = [bytes.fromhex("a406020400000000")] if version in (3, 4, 6) else []
        refusal = sealed(_request(code, version), tls13=tls13) if code else []
        return [*start, (sealed(third, tls13=tls13), refusal)]
    password = 78 + 2 * (len(user) + len(domain) + 12)
    fourth = _request(ntlm.wrap(0xA2, ntlm.wrap(0x04, [bytes(password + 16)])), version)
    return [*start, (sealed(third, tls13=tls13), sealed(_request(key, version), tls13=tls13)),
            (sealed(fourth, tls13=tls13), [])]  # fmt: skip


# -- MCS ---------------------------------------------------------------------------------------------------------------

_TARGET: Final = bytes.fromhex("30190201220201020201000201010201000201010202ffff020102")
_MINIMUM: Final = bytes.fromhex("301902010102010102010102010102010002010102020420020102")
_MAXIMUM: Final = bytes.fromhex("301c0202ffff0202fc170202ffff0201010201000201010202ffff020102")
CHANNELS: Final = (b"rdpdr\0\0\0", b"rdpsnd\0\0", b"cliprdr\0", b"drdynvc\0")


def _per(size: int) -> bytes:
    return struct.pack("!H", 0x8000 | size)


def connect_initial(host: str, channels: int = 4, security: int = STANDARD) -> list[Part]:
    """MCS Connect Initial with the client's core, cluster, security and network data."""
    name = ntlm.utf16(host[:15]).ljust(32, b"\0")
    core = struct.pack("<IHHHHII", 0x00080004, 1280, 1024, 0xCA01, 0xAA03, 0x409, 2600) + name
    core += struct.pack("<III64sHHIHHH64sBBI", 4, 0, 12, b"", 0xCA01, 1, 0, 24, 7, 1, b"", 0, 0, security)
    blocks = struct.pack("<HH", 0xC001, len(core) + 4) + core + struct.pack("<HHII", 0xC004, 12, 13, 0)
    blocks += struct.pack("<HHII", 0xC002, 12, 0x1B if security == STANDARD else 0, 0)
    listed = b"".join(channel + b"\0\0\xa0\x80" for channel in CHANNELS[:channels])
    blocks += struct.pack("<HHI", 0xC003, 8 + len(listed), channels) + listed
    conference = bytes.fromhex("000800100001c00044756361") + _per(len(blocks)) + blocks
    gcc = bytes.fromhex("000500147c0001") + _per(len(conference)) + conference
    head: Part = bytes.fromhex("0401010401010101ff") + _TARGET + _MINIMUM + _MAXIMUM
    body = ntlm.wrap(0x65, [head, *ntlm.wrap(0x04, [gcc])])
    return _data([b"\x7f", *body])


def connect_response(channels: int = 4, security: int = STANDARD) -> list[Part]:
    """MCS Connect Response; under standard security with a server random and a proprietary certificate."""
    core = struct.pack("<HHIII", 0x0C01, 16, 0x00080004, security, 0)
    ids = b"".join(struct.pack("<H", 1004 + k) for k in range(channels + channels % 2))
    net = struct.pack("<HHHH", 0x0C03, 8 + len(ids), 1003, channels) + ids
    parts: list[Part] = [core + net]
    if security == STANDARD:
        certificate: list[Part] = [
            struct.pack("<IIIHH", 1, 1, 1, 6, 92), b"RSA1" + struct.pack("<IIII", 72, 512, 63, 65537),
            rand(64, "bytes"), bytes(8) + struct.pack("<HH", 8, 72), rand(64, "bytes"), bytes(8),
        ]  # fmt: skip
        parts += [struct.pack("<HHIIII", 0x0C02, 52 + length(certificate), 2, 2, 32, length(certificate))]
        parts += [rand(32, "bytes"), *certificate]
    else:
        parts.append(struct.pack("<HHII", 0x0C02, 12, 0, 0))
    size = length(parts)
    gcc: list[Part] = [bytes.fromhex("000500147c00012a14760a01010001c0004d63446e") + _per(size), *parts]
    parameters = bytes.fromhex("301a020122020103020100020101020100020101020300fff8020102")
    return _data([b"\x7f", *ntlm.wrap(0x66, [bytes.fromhex("0a0100020100"), parameters, *ntlm.wrap(0x04, gcc)])])


def _joins(channels: int, user: int = 7) -> list[Turn]:
    wanted = [1001 + user, 1003, *range(1004, 1004 + channels)]
    return [
        (
            _data([struct.pack("!BHH", 0x38, user, channel)]),
            _data([struct.pack("!BBHHH", 0x3E, 0, user, channel, channel)]),
        )
        for channel in wanted
    ]


def _attach(user: int = 7) -> Turn:
    return _data([b"\x28"]), _data([struct.pack("!BBH", 0x2E, 0, user)])


_ERECT: Final = b"\x04\x01\x00\x01\x00"


def mcs_data(body: list[Part], *, server: bool) -> list[Part]:
    """User data on the I/O channel."""
    return _data([struct.pack("!BHHB", 0x68 if server else 0x64, 7, 1003, 0x70) + _per(length(body)), *body])


def standard_start(host: str, channels: int = 4) -> list[Turn]:
    """Standard security up to the client's random: MCS connect, attach, channels, security exchange; all in clear."""
    exchange: list[Part] = [struct.pack("<HHI", 1, 0, 72), rand(64, "bytes"), bytes(8)]
    return [
        (connect_initial(host, channels), connect_response(channels)),
        (_data([_ERECT]), []),
        _attach(),
        *_joins(channels),
        (mcs_data(exchange, server=False), []),
    ]


def encrypted(size: int, *, server: bool, flags: int = 8) -> list[Part]:
    """A message under standard security: flags, an eight-byte MAC, and ``size`` encrypted bytes (64 is the logon)."""
    return mcs_data([struct.pack("<HH", flags, 0), rand(8, "bytes"), rand(size, "bytes")], server=server)


def session_start(rng: np.random.Generator, user: str, channels: int = 4, *, tls13: bool = False) -> list[Turn]:
    """What follows a login, in TLS: MCS, client info, licence, capabilities, synchronisation, fonts."""

    def turn(asked: int, told: int) -> Turn:
        return sealed(asked, tls13=tls13), (sealed(told, tls13=tls13) if told else [])

    joins = [turn(12, 15)] * (channels + 2)
    return [
        turn(length(connect_initial("x", channels, NLA)), length(connect_response(channels, NLA))),
        turn(12, 0),
        turn(8, 11),
        *joins,
        turn(330 + 2 * len(user), 34),
        (sealed(int(rng.integers(420, 560)), tls13=tls13), sealed(int(rng.integers(380, 480)), tls13=tls13)),
        turn(37, 37),
        turn(41, 41),
        turn(41, 41),
        turn(48, 48),
    ]
