"""NTLM messages (MS-NLMP) in their SPNEGO wrapping (RFC 4178), as SMB, RDP's CredSSP and others carry them.

Challenges, responses and keys are random bytes of the right length: a message looks like a login and proves nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from generator.shapes.ber import sequence, tlv
from generator.shapes.parts import Part, length, rand

_SIGNATURE: Final = b"NTLMSSP\x00"
_SPNEGO: Final = bytes.fromhex("06062b0601050502")
NTLMSSP: Final = bytes.fromhex("060a2b06010401823702020a")
NEGOEX: Final = bytes.fromhex("060a2b06010401823702021e")
KERBEROS_MS: Final = bytes.fromhex("06092a864882f712010202")
KERBEROS: Final = bytes.fromhex("06092a864886f712010202")
KERBEROS_USER: Final = bytes.fromhex("060a2a864886f71201020203")
# Flags as Windows sends them and as the tools' libraries do (impacket, libsmbclient, hydra's own code).
WINDOWS_FLAGS: Final = 0xE2088297
TOOL_FLAGS: Final = (0xE2088297, 0xE0088235, 0x60088215, 0x00088207)
WINDOWS_VERSIONS: Final = ((6, 1, 7601), (6, 3, 9600), (10, 0, 14393), (10, 0, 17763), (10, 0, 19041), (10, 0, 20348))


@dataclass(frozen=True)
class Machine:
    """A server as its challenge tells: NetBIOS names, DNS domain ("" where it is in a workgroup) and version."""

    name: str
    domain: str
    dns: str
    version: tuple[int, int, int]


def draw_machine(rng: np.random.Generator, word: str, domain: str = "") -> Machine:
    """A machine of that name; in a workgroup (its own domain) without ``domain``."""
    prefix = str(rng.choice(["SRV-", "WIN-", "DESKTOP-", "FS", "DC", ""]))
    name = f"{prefix}{word}".upper()[:15]
    version = WINDOWS_VERSIONS[int(rng.integers(len(WINDOWS_VERSIONS)))]
    return Machine(name, (domain or name).upper()[:15], f"{domain}.example.com".lower() if domain else "", version)


def utf16(text: str) -> bytes:
    """As Windows writes text."""
    return text.encode("utf-16-le")


def _version(version: tuple[int, int, int]) -> bytes:
    return struct.pack("<BBHBBBB", *version, 0, 0, 0, 15)


def negotiate(flags: int = WINDOWS_FLAGS, version: tuple[int, int, int] | None = (10, 0, 19041)) -> list[Part]:
    """The client's first word (type 1): 40 bytes with a version, 32 without."""
    body = _SIGNATURE + struct.pack("<II", 1, flags) + bytes(16)
    return [body + (_version(version) if version else b"")]


def _target_info(machine: Machine) -> list[Part]:
    host = f"{machine.name}.{machine.dns}".lower().strip(".")
    pairs = [(2, machine.domain), (1, machine.name), (4, machine.dns or machine.name), (3, host)]
    if machine.dns:
        pairs.append((5, machine.dns))
    listed = b"".join(struct.pack("<HH", kind, 2 * len(text)) + utf16(text) for kind, text in pairs)
    # The time is fresh in its low bytes only, so that it stays a time.
    stamp: list[Part] = [struct.pack("<HH", 7, 8), rand(6, "bytes", key="ntlm-time"), b"\xda\x01"]
    return [listed, *stamp, bytes(4)]


def challenge(machine: Machine) -> list[Part]:
    """The server's challenge (type 2) with its names."""
    target, info = utf16(machine.domain), _target_info(machine)
    flags = 0xE2898215 if machine.dns else 0xE28A8215
    head = struct.pack("<IHHII", 2, len(target), len(target), 56, flags)
    where = struct.pack("<HHI", length(info), length(info), 56 + len(target))
    return [_SIGNATURE + head, rand(8, "bytes"), bytes(8) + where + _version(machine.version) + target, *info]


def authenticate(
    machine: Machine, user: str, domain: str = "", host: str = "", *, old: bool = False, mic: bool = True
) -> list[Part]:
    """The client's answer (type 3): NTLMv2, or the 24 bytes of NTLMv1 where the tool is ``old``.

    ``domain`` and ``host`` are what the client says of itself, often nothing.
    """
    answer: list[Part] = [rand(24, "bytes")]
    if not old:
        info = _target_info(machine)
        blob: list[Part] = [b"\x01\x01" + bytes(6), rand(6, "bytes", key="ntlm-time"), b"\xda\x01", rand(8, "bytes")]
        answer = [rand(16, "bytes"), *blob, bytes(4), *info, bytes(4)]
    lm = bytes(24) if not old else b""
    start = 88 if mic else 72
    names = [utf16(domain), utf16(user), utf16(host)]
    fields, at = [], start
    for size in (*(len(name) for name in names), 24, length(answer), 16):
        fields.append(struct.pack("<HHI", size, size, at))
        at += size
    domain_at, user_at, host_at, lm_at, nt_at, key_at = fields
    head = _SIGNATURE + struct.pack("<I", 3) + lm_at + nt_at + domain_at + user_at + host_at + key_at
    parts: list[Part] = [head + struct.pack("<I", WINDOWS_FLAGS) + _version((10, 0, 19041))]
    if mic:
        parts.append(rand(16, "bytes"))
    parts += [b"".join(names), lm or rand(24, "bytes"), *answer, rand(16, "bytes")]
    return parts


def wrap(tag: int, parts: list[Part]) -> list[Part]:
    """One DER element around parts."""
    size = length(parts)
    head = tlv(tag, bytes(size))
    return [head[: len(head) - size], *parts]


def spnego_init(token: list[Part], mechanisms: tuple[bytes, ...] = (NTLMSSP,)) -> list[Part]:
    """The client's NegTokenInit around its first token."""
    offered: Part = tlv(0xA0, sequence(*mechanisms))
    return wrap(0x60, [_SPNEGO, *wrap(0xA0, wrap(0x30, [offered, *wrap(0xA2, wrap(0x04, token))]))])


def spnego_hint(mechanisms: tuple[bytes, ...] = (NEGOEX, KERBEROS_MS, KERBEROS, KERBEROS_USER, NTLMSSP)) -> list[Part]:
    """What a server offers before anything was asked (NegTokenInit2 of MS-SPNG)."""
    hint = tlv(0xA3, sequence(tlv(0xA0, tlv(0x1B, b"not_defined_in_RFC4178@please_ignore"))))
    offered = tlv(0xA0, sequence(*mechanisms))
    return [tlv(0x60, _SPNEGO, tlv(0xA0, sequence(offered, hint)))]


def spnego_challenge(token: list[Part]) -> list[Part]:
    """The server's NegTokenResp: accept-incomplete, NTLM, and the challenge."""
    head: Part = bytes.fromhex("a0030a0101") + tlv(0xA1, NTLMSSP)
    return wrap(0xA1, wrap(0x30, [head, *wrap(0xA2, wrap(0x04, token))]))


def spnego_answer(token: list[Part], *, mic: bool = True) -> list[Part]:
    """The client's NegTokenResp with its authenticate message and the MIC over the list of mechanisms."""
    seal = wrap(0xA3, wrap(0x04, [b"\x01\x00\x00\x00", rand(8, "bytes"), bytes(4)])) if mic else []
    return wrap(0xA1, wrap(0x30, [*wrap(0xA2, wrap(0x04, token)), *seal]))


def spnego_accepted(*, mic: bool = True) -> list[Part]:
    """The server's last NegTokenResp: accept-completed."""
    seal = wrap(0xA3, wrap(0x04, [b"\x01\x00\x00\x00", rand(8, "bytes"), bytes(4)])) if mic else []
    return wrap(0xA1, wrap(0x30, [bytes.fromhex("a0030a0100"), *seal]))
