"""TLS hellos and HTTP messages for tests, and JA4 once more in plain Python, written after its description."""

from __future__ import annotations

import hashlib
import struct

# The example of the description of JA4, with its ciphers and extensions in no order and GREASE among them.
CIPHERS = [0x1A1A, 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x9C, 0x9D,
           0x2F, 0x35]  # fmt: skip
SIGNATURES = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]
OTHERS = [0x2A2A, 0x1B, 0x33, 0xFF01, 0x0B, 0x2D, 0x12, 0x17, 0x05, 0x0A, 0x23, 0x4469, 0x15]
EXAMPLE_JA4 = "t13d1516h2_8daaf6152771_e5627efa2ab1"


def vector(body, width):
    return len(body).to_bytes(width, "big") + body


def numbers(values):
    return b"".join(struct.pack("!H", value) for value in values)


def extension(kind, body=b""):
    return struct.pack("!H", kind) + vector(body, 2)


def example_extensions(name=b"www.example.com"):
    return [
        extension(0, vector(b"\0" + vector(name, 2), 2)),
        extension(16, vector(vector(b"h2", 1) + vector(b"http/1.1", 1), 2)),
        extension(43, vector(numbers([0x3A3A, 0x0304, 0x0303]), 1)),
        extension(13, vector(numbers(SIGNATURES), 2)),
        *(extension(kind, b"" if kind != 0x15 else bytes(40)) for kind in OTHERS),
    ]


def client_hello(ciphers=CIPHERS, extensions=None, version=0x0303, session=bytes(32)):
    """A TLS record with a ClientHello."""
    listed = example_extensions() if extensions is None else extensions
    body = struct.pack("!H32s", version, bytes(32)) + vector(session, 1) + vector(numbers(ciphers), 2) + b"\x01\0"
    body += vector(b"".join(listed), 2) if listed else b""
    return b"\x16\x03\x01" + vector(b"\x01" + vector(body, 3), 2)


def server_hello(version=0x0303, cipher=0x1301, extensions=()):
    """A TLS record with a ServerHello."""
    body = struct.pack("!H32s", version, bytes(32)) + vector(bytes(32), 1) + struct.pack("!HB", cipher, 0)
    body += vector(b"".join(extensions), 2)
    return b"\x16\x03\x03" + vector(b"\x02" + vector(body, 3), 2)


def grease(value):
    return value >> 8 == value & 255 and value & 15 == 10


def ja4(record):
    """Plainly, of a whole and well-formed record."""
    at = 5 + 4
    (version,) = struct.unpack("!H", record[at : at + 2])
    at += 34
    at += 1 + record[at]
    (size,) = struct.unpack("!H", record[at : at + 2])
    ciphers = [c for (c,) in struct.iter_unpack("!H", record[at + 2 : at + 2 + size]) if not grease(c)]
    at += 2 + size
    at += 1 + record[at]
    at, kinds, named, alpn, signatures = at + 2, [], False, b"", []
    while at < len(record):
        kind, size = struct.unpack("!HH", record[at : at + 4])
        body, at = record[at + 4 : at + 4 + size], at + 4 + size
        if grease(kind):
            continue
        kinds.append(kind)
        named = named or kind == 0
        if kind == 16:
            alpn = body[3 : 3 + body[2]]
        if kind == 13:
            signatures = [s for (s,) in struct.iter_unpack("!H", body[2:]) if not grease(s)]
        if kind == 43:
            version = max(v for (v,) in struct.iter_unpack("!H", body[1:]) if not grease(v))
    names = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3"}
    ends = "00"
    if alpn:
        ends = chr(alpn[0]) + chr(alpn[-1])
        if not (ends.isascii() and ends.isalnum()):
            ends = alpn.hex()[0] + alpn.hex()[-1]
    head = f"t{names.get(version, '00')}{'d' if named else 'i'}{min(len(ciphers), 99):02}{min(len(kinds), 99):02}{ends}"
    second = ",".join(f"{kind:04x}" for kind in sorted(kinds) if kind not in (0, 16))
    if signatures:
        second += "_" + ",".join(f"{s:04x}" for s in signatures)
    return f"{head}_{_twelve(','.join(f'{c:04x}' for c in sorted(ciphers)))}_{_twelve(second if kinds else '')}"


def _twelve(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else "0" * 12
