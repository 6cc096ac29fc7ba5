"""What a Windows domain says besides SMB and Kerberos: LDAP (RFC 4511), its UDP twin, and DCE/RPC (C706, MS-RPCE)."""

from __future__ import annotations

import struct
from typing import Final
from uuid import UUID

import numpy as np

from generator.shapes import kerberos, ntlm
from generator.shapes.ber import integer, octets, sequence, tlv
from generator.shapes.lan import labels
from generator.shapes.parts import Part, length, rand
from generator.shapes.smb import Turn

NETLOGON: Final = ("12345678-1234-abcd-ef00-01234567cffb", 1)
SAMR: Final = ("12345778-1234-abcd-ef00-0123456789ac", 1)
LSARPC: Final = ("12345778-1234-abcd-ef00-0123456789ab", 0)
DRSUAPI: Final = ("e3514235-4b06-11d1-ab04-00c04fc2dcd2", 4)
MAPPER: Final = ("e1af8308-5d1f-11c9-91a4-08002b14a0fa", 3)
INTERFACES: Final = (NETLOGON, SAMR, LSARPC, DRSUAPI)
_NDR: Final = ("8a885d04-1ceb-11c9-9fe8-08002b104860", 2)
_PRIVACY: Final = 6


# -- LDAP --------------------------------------------------------------------------------------------------------------


def _message(number: int, operation: bytes) -> bytes:
    return sequence(integer(number), operation)


def _equals(attribute: str, value: bytes) -> bytes:
    return tlv(0xA3, octets(attribute.encode()), octets(value))


def search(number: int, base: str, condition: bytes, attributes: tuple[str, ...], scope: int = 0) -> bytes:
    """A search request; ``scope`` 0 the entry itself, 1 what is right below, 2 all below."""
    limits = (tlv(0x0A, bytes([scope])), tlv(0x0A, b"\0"), integer(0), integer(120), b"\x01\x01\x00")
    wanted = sequence(*(octets(name.encode()) for name in attributes))
    return _message(number, tlv(0x63, octets(base.encode()), *limits, condition, wanted))


def entry(number: int, name: str, values: dict[str, list[bytes]]) -> bytes:
    """One entry that was found."""
    listed = (sequence(octets(key.encode()), tlv(0x31, *map(octets, found))) for key, found in values.items())
    return _message(number, tlv(0x64, octets(name.encode()), sequence(*listed)))


def done(number: int, code: int = 0) -> bytes:
    """The end of a search."""
    return _message(number, tlv(0x65, tlv(0x0A, bytes([code])), octets(b""), octets(b"")))


def root(rng: np.random.Generator, number: int, zone: str) -> tuple[bytes, bytes]:
    """The question that every client begins with, and the server's description of itself."""
    name = ",".join(f"DC={label}" for label in zone.split(".")).encode()
    values = {
        "defaultNamingContext": [name],
        "dnsHostName": [f"dc1.{zone}".encode()],
        "supportedSASLMechanisms": [b"GSSAPI", b"GSS-SPNEGO", b"EXTERNAL", b"DIGEST-MD5"],
        "highestCommittedUSN": [str(int(rng.integers(10_000, 9_000_000))).encode()],
        "supportedCapabilities": [b"1.2.840.113556.1.4.800", b"1.2.840.113556.1.4.1670"],
    }
    return search(number, "", tlv(0x87, b"objectClass"), tuple(values)), entry(number, "", values) + done(number)


def bind(rng: np.random.Generator, number: int, zone: str, groups: int) -> tuple[bytes, bytes]:
    """A SASL bind with a Kerberos ticket that grows with the ``groups`` of the user, and its answer."""
    token = kerberos.token(rng, zone.upper(), ("ldap", f"dc1.{zone}"), groups=groups)
    asked = tlv(0x60, integer(3), octets(b""), tlv(0xA3, octets(b"GSSAPI"), octets(token)))
    proof = tlv(0x87, kerberos.answer_token(rng))
    told = tlv(0x61, tlv(0x0A, b"\0"), octets(b""), octets(b""), proof)
    return _message(number, asked), _message(number, told)


def simple_bind(number: int, name: str, password: bytes, code: int = 0) -> tuple[bytes, bytes]:
    """A bind with the password itself, as printers and old programs do it."""
    asked = tlv(0x60, integer(3), octets(name.encode()), tlv(0x80, password))
    told = tlv(0x61, tlv(0x0A, bytes([code])), octets(b""), octets(b""))
    return _message(number, asked), _message(number, told)


def unbind(number: int) -> bytes:
    """Good-bye; nobody answers."""
    return _message(number, b"\x42\x00")


def wrapped(rng: np.random.Generator, size: int) -> list[Part]:
    """What follows a SASL bind: a Kerberos wrap token (RFC 4121) around ``size`` sealed bytes, with its length."""
    token: list[Part] = [b"\x05\x04\x06\xff\x00\x00\x00\x1c" + bytes(4), rand(20, "bytes"), rng.bytes(size + 60)]
    return [struct.pack("!I", length(token)), *token]


def user(rng: np.random.Generator, number: int, name: str, zone: str) -> tuple[bytes, bytes]:
    """Look somebody up by account name; ten to twenty attributes with his groups."""
    base = ",".join(f"DC={label}" for label in zone.split("."))
    groups = [f"CN=group-{rng.integers(1000)},OU=Groups,{base}".encode() for _ in range(int(rng.integers(2, 14)))]
    found = {
        "cn": [name.encode()],
        "memberOf": groups,
        "objectSid": [b"\x01\x05\0\0\0\0\0\x05\x15\0\0\0" + rng.bytes(16)],
        "whenChanged": [b"20260701080000.0Z"],
        "mail": [f"{name}@{zone}".encode()],
    }
    condition = tlv(0xA0, _equals("objectClass", b"user"), _equals("sAMAccountName", name.encode()))
    told = entry(number, f"CN={name},OU=People,{base}", found) + done(number)
    return search(number, base, condition, (*found, "userPrincipalName"), scope=2), told


def locate(rng: np.random.Generator, zone: str, host: str) -> tuple[bytes, bytes]:
    """CLDAP: which domain controller is near me? (MS-ADTS 6.3.3)"""
    version = _equals("NtVer", b"\x16\0\0\0")
    condition = tlv(0xA0, _equals("DnsDomain", zone.encode()), _equals("Host", host.encode()), version)
    number = int(rng.integers(1, 200))
    told = struct.pack("<HHI", 23, 0, 0x0001F3FD) + rng.bytes(16)
    forest = len(told)
    told += labels(zone) + struct.pack("!H", 0xC000 | forest) + b"\x03dc1" + struct.pack("!H", 0xC000 | forest)
    told += b"\x04CORP\0" + b"\x03DC1\0" + b"\0" + b"\x07Default\0\x07Default\0"
    told += struct.pack("<IHH", 5, 0xFFFF, 0xFFFF)
    return search(number, "", condition, ("Netlogon",)), entry(number, "", {"Netlogon": [told]}) + done(number)


# -- DCE/RPC -----------------------------------------------------------------------------------------------------------


def _uuid(interface: tuple[str, int]) -> bytes:
    return UUID(interface[0]).bytes_le + struct.pack("<I", interface[1])


def _packet(
    kind: int, call: int, body: list[Part], proof: list[Part] | None = None, level: int = _PRIVACY
) -> list[Part]:
    pad = bytes(-length(body) % 16) if proof else b""
    trailer: list[Part] = [pad, struct.pack("<BBBBI", 10, level, len(pad), 0, 0), *proof] if proof else []
    size = 16 + length(body) + length(trailer)
    head = struct.pack("<BBBB4sHHI", 5, 0, kind, 3, b"\x10\0\0\0", size, length(proof or []), call)
    return [head, *body, *trailer]


def bound(interface: tuple[str, int], machine: ntlm.Machine | None, account: str, port: int) -> list[Turn]:
    """Bind to an interface, with NTLM for sealed calls where there is a ``machine`` to log in at."""
    context = struct.pack("<HHIBBHHBB", 5840, 5840, 0, 1, 0, 0, 0, 1, 0) + _uuid(interface) + _uuid(_NDR)
    name = str(port).encode() + b"\0"
    told = struct.pack("<HHIH", 5840, 5840, 0x5A17, len(name)) + name
    told += bytes(-len(told) % 4) + struct.pack("<BBHHH", 1, 0, 0, 0, 0) + _uuid(_NDR)
    if machine is None:
        return [(_packet(11, 1, [context]), _packet(12, 1, [told]))]
    first, second = ntlm.negotiate(), ntlm.challenge(machine)
    third = ntlm.authenticate(machine, account, machine.domain)
    return [(_packet(11, 1, [context], first), _packet(12, 1, [told], second)), (_packet(16, 1, [bytes(4)], third), [])]


def called(call: int, number: int, sizes: tuple[int, int]) -> Turn:
    """A sealed call of operation ``number`` with stubs of ``sizes`` bytes (request, response; most 4,000)."""
    proof: list[Part] = [b"\x01\0\0\0", rand(12, "bytes")]
    asked: list[Part] = [struct.pack("<IHH", sizes[0], 0, number), rand(sizes[0] + -sizes[0] % 16, "bytes")]
    told: list[Part] = [struct.pack("<IHH", sizes[1], 0, 0), rand(sizes[1] + -sizes[1] % 16, "bytes")]
    return _packet(0, call, asked, proof), _packet(2, call, told, proof)


def mapped(call: int, interface: tuple[str, int], port: int) -> Turn:
    """Ask the endpoint mapper on port 135 where an interface listens."""

    def floor(left: bytes, right: bytes) -> bytes:
        return struct.pack("<H", len(left)) + left + struct.pack("<H", len(right)) + right

    def tower(at: int) -> bytes:
        floors = b"".join(
            floor(b"\x0d" + UUID(one[0]).bytes_le + struct.pack("<H", one[1]), b"\0\0") for one in (interface, _NDR)
        )
        floors += floor(b"\x0b", b"\0\0") + floor(b"\x07", struct.pack("!H", at)) + floor(b"\x09", b"\xc6\x12\0\x01")
        return struct.pack("<H", 5) + floors

    wanted, given = tower(135), tower(port)
    asked = struct.pack("<I", 1) + UUID(int=0).bytes + struct.pack("<III", 2, len(wanted), len(wanted)) + wanted
    asked += bytes(-len(asked) % 4) + bytes(20) + struct.pack("<I", 4)
    told = bytes(20) + struct.pack("<IIIII", 1, 4, 0, 1, 3) + struct.pack("<II", len(given), len(given)) + given
    told += bytes(-len(told) % 4) + bytes(4)
    request: list[Part] = [struct.pack("<IHH", len(asked), 0, 3) + asked]
    answer: list[Part] = [struct.pack("<IHH", len(told), 0, 0) + told]
    return _packet(0, call, request), _packet(2, call, answer)
