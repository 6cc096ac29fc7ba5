"""SSH transport messages (RFC 4253) with the name lists and sizes of common clients, tools and servers.

Sizes after the key exchange are those of encrypted packets: the payload padded to the cipher's block, a length word and
the MAC or tag (aes*-ctr with hmac-sha2: 4 + 16k + 32 or 20; chacha20-poly1305: 4 + 8k + 16).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from generator.shapes.parts import Part, length, rand

_KEX_NEW: Final = (
    "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,mlkem768x25519-sha256,curve25519-sha256,curve25519-sha256@libssh.org,"
    "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521"
)
_KEX: Final = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521"
_KEX_DH: Final = (
    "diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"
    "diffie-hellman-group14-sha256"
)
_KEX_OLD: Final = "diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1,diffie-hellman-group1-sha1"
_HOST_KEYS: Final = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256"
_HOST_CERTS: Final = (
    "ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,ecdsa-sha2-nistp384-cert-v01@openssh.com,"
    "ecdsa-sha2-nistp521-cert-v01@openssh.com,rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com"
)
_CIPHERS: Final = (
    "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com"
)
_CIPHERS_OLD: Final = "aes128-ctr,aes192-ctr,aes256-ctr,aes128-cbc,aes192-cbc,aes256-cbc,blowfish-cbc,3des-cbc"
_MACS: Final = (
    "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
    "hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1"
)
_MACS_OLD: Final = "hmac-sha2-256,hmac-sha2-512,hmac-sha1,hmac-md5"


@dataclass(frozen=True)
class Implementation:
    """A client or server: its banner and the lists of its KEXINIT."""

    banner: str
    kex: str
    host_keys: str
    ciphers: str
    macs: str
    compression: str = "none,zlib@openssh.com"


OPENSSH_CLIENTS: Final = tuple(
    Implementation(
        f"SSH-2.0-OpenSSH_{version}", f"{kex},{_KEX_DH},ext-info-c", f"{_HOST_CERTS},{_HOST_KEYS}", _CIPHERS, _MACS
    )
    for version, kex in (
        ("9.6p1 Ubuntu-3ubuntu13.4", _KEX_NEW),
        ("9.6", _KEX_NEW),
        ("8.9p1 Ubuntu-3ubuntu0.10", _KEX),
        ("7.4", _KEX),
    )
)
OTHER_CLIENTS: Final = (
    Implementation(
        "SSH-2.0-PuTTY_Release_0.81", f"{_KEX_NEW},{_KEX_DH},{_KEX_OLD}", _HOST_KEYS, _CIPHERS, _MACS_OLD, "none,zlib"
    ),
    Implementation(
        "SSH-2.0-WinSCP_release_6.3", f"{_KEX},{_KEX_DH},{_KEX_OLD}", _HOST_KEYS, _CIPHERS, _MACS_OLD, "none,zlib"
    ),
)
GUESSING_TOOLS: Final = (
    Implementation("SSH-2.0-libssh_0.9.6", f"{_KEX},{_KEX_DH}", f"{_HOST_KEYS},ssh-rsa", _CIPHERS_OLD, _MACS, "none"),
    Implementation("SSH-2.0-libssh_0.11.1", f"{_KEX},{_KEX_DH},ext-info-c", _HOST_KEYS, _CIPHERS, _MACS, "none"),
    Implementation(
        "SSH-2.0-libssh2_1.10.0",
        f"{_KEX},{_KEX_DH},{_KEX_OLD}",
        "ecdsa-sha2-nistp256,ssh-ed25519,ssh-rsa,ssh-dss",
        _CIPHERS_OLD,
        _MACS_OLD,
        "none",
    ),
    Implementation(
        "SSH-2.0-paramiko_3.4.0",
        f"{_KEX},{_KEX_DH},{_KEX_OLD}",
        f"{_HOST_KEYS},ssh-rsa,ssh-dss",
        _CIPHERS_OLD,
        _MACS_OLD,
        "none",
    ),
    Implementation(
        "SSH-2.0-Go",
        _KEX,
        f"{_HOST_KEYS},ssh-rsa",
        "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes128-ctr",
        "hmac-sha2-256",
        "none",
    ),
    Implementation(
        "SSH-2.0-JSCH-0.1.54",
        f"ecdh-sha2-nistp256,{_KEX_OLD}",
        "ssh-rsa,ssh-dss,ecdsa-sha2-nistp256",
        _CIPHERS_OLD,
        _MACS_OLD,
        "none",
    ),
    Implementation("SSH-2.0-OpenSSH_7.4p1", f"{_KEX},{_KEX_DH}", _HOST_KEYS, _CIPHERS, _MACS),
    Implementation(  # what scripts around the system's client say: long lists, certificates first
        "SSH-2.0-OpenSSH_6.2",
        f"{_KEX_DH},{_KEX_OLD},ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521",
        f"{_HOST_CERTS},ssh-rsa-cert-v00@openssh.com,ssh-dss-cert-v00@openssh.com,{_HOST_KEYS},ssh-rsa,ssh-dss",
        f"{_CIPHERS_OLD},arcfour256,arcfour128,cast128-cbc,arcfour,rijndael-cbc@lysator.liu.se",
        f"{_MACS},hmac-md5-etm@openssh.com,hmac-ripemd160-etm@openssh.com,hmac-sha1-96-etm@openssh.com,hmac-md5,"
        "hmac-ripemd160,hmac-ripemd160@openssh.com,hmac-sha1-96,hmac-md5-96",
    ),
    Implementation("SSH-2.0-OpenSSH_9.6", f"{_KEX_NEW},{_KEX_DH}", f"{_HOST_CERTS},{_HOST_KEYS}", _CIPHERS, _MACS),
)
SERVERS: Final = tuple(
    Implementation(f"SSH-2.0-{banner}", f"{kex},{_KEX_DH}", hosts, _CIPHERS, _MACS, "none,zlib@openssh.com")
    for banner, kex, hosts in (
        ("OpenSSH_9.6p1 Ubuntu-3ubuntu13.4", _KEX_NEW, "rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519"),
        ("OpenSSH_9.2p1 Debian-2+deb12u3", _KEX_NEW, "rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519"),
        ("OpenSSH_8.0", _KEX, "rsa-sha2-512,rsa-sha2-256,ssh-rsa,ecdsa-sha2-nistp256,ssh-ed25519"),
        ("OpenSSH_7.4", _KEX, "ssh-rsa,rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519"),
        ("dropbear_2020.81", _KEX, "ssh-ed25519,ecdsa-sha2-nistp256,ssh-rsa"),
    )
)


def banner(implementation: Implementation) -> bytes:
    """The identification line."""
    return implementation.banner.encode() + b"\r\n"


def _packet(payload: list[Part], block: int = 8) -> list[Part]:
    size = length(payload)
    padding = block - (size + 5) % block
    padding += block if padding < 4 else 0
    return [struct.pack("!IB", size + padding + 1, padding), *payload, bytes(padding)]


def kexinit(implementation: Implementation) -> list[Part]:
    """The negotiation message (number 20)."""
    one = implementation
    lists = (
        one.kex,
        one.host_keys,
        one.ciphers,
        one.ciphers,
        one.macs,
        one.macs,
        one.compression,
        one.compression,
        "",
        "",
    )
    text = b"".join(struct.pack("!I", len(item)) + item.encode() for item in lists)
    return _packet([b"\x14", rand(16, "bytes"), text, bytes(5)])


def key_exchange_init() -> list[Part]:
    """The client's public value, x25519."""
    return _packet([b"\x1e\x00\x00\x00\x20", rand(32, "bytes")])


def key_exchange_reply(rng: np.random.Generator) -> list[Part]:
    """Host key (ed25519 or rsa), the server's public value and signature, then NEWKEYS."""
    if rng.random() < 0.7:
        key: list[Part] = [struct.pack("!II", 51, 11) + b"ssh-ed25519" + struct.pack("!I", 32), rand(32, "bytes")]
        signature: list[Part] = [struct.pack("!II", 83, 11) + b"ssh-ed25519" + struct.pack("!I", 64), rand(64, "bytes")]
    else:
        key = [struct.pack("!II", 279, 7) + b"ssh-rsa" + struct.pack("!I", 3) + b"\x01\x00\x01"]
        key += [struct.pack("!I", 257) + b"\x00", rand(256, "bytes")]
        signature = [struct.pack("!II", 276, 12) + b"rsa-sha2-512" + struct.pack("!I", 256), rand(256, "bytes")]
    reply = _packet([b"\x1f", *key, struct.pack("!I", 32), rand(32, "bytes"), *signature])
    return [*reply, *newkeys()]


def newkeys() -> list[Part]:
    """Message 21."""
    return _packet([b"\x15"])


def sealed(payload: int, cipher: str) -> list[Part]:
    """An encrypted packet of ``payload`` bytes under ``ctr`` (hmac-sha1), ``etm`` (sha2-256) or ``chacha``.

    ``etm`` leaves the length readable (OpenSSH PROTOCOL section 1.6).
    """
    block, tag, counted = {"ctr": (16, 20, 5), "etm": (16, 32, 1), "chacha": (8, 16, 1)}[cipher]
    inner = payload + counted + 4
    inner += -inner % block
    if cipher == "etm":
        return [struct.pack("!I", inner), rand(inner + tag, "bytes")]
    return [rand(inner + tag + (0 if cipher == "ctr" else 4), "bytes")]
