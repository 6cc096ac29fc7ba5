"""What hosts say to everybody on their own network: mDNS, SSDP, LLMNR, NetBIOS names, DHCP, WS-Discovery, IGMP.

Sources: RFC 6762, UPnP Device Architecture 2.0, RFC 4795, RFC 1002, RFC 2131, WS-Discovery 1.1, RFC 2236, RFC 3376.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from generator.payload import Rand
from generator.shapes import names
from generator.shapes.names import pick, token
from generator.shapes.parts import Part, rand

SERVICES: Final = (
    "_airplay._tcp",
    "_googlecast._tcp",
    "_ipp._tcp",
    "_ipps._tcp",
    "_printer._tcp",
    "_smb._tcp",
    "_spotify-connect._tcp",
    "_homekit._tcp",
    "_hap._tcp",
    "_companion-link._tcp",
    "_raop._tcp",
    "_sleep-proxy._udp",
    "_services._dns-sd._udp",
)
_FAR_TTL: Final = 4500
DISCOVER, OFFER, REQUEST, ACK, NAK, RELEASE, INFORM = 1, 2, 3, 5, 6, 7, 8


def labels(name: str) -> bytes:
    """A name in wire form."""
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


def mdns_query(services: list[str], *, unicast: bool = False) -> bytes:
    """Questions for instances of services under ``.local``; ``unicast`` asks for an answer to oneself alone."""
    kind = struct.pack("!HH", 12, 0x8001 if unicast else 1)
    return struct.pack("!6H", 0, 0, len(services), 0, 0, 0) + b"".join(labels(f"{s}.local") + kind for s in services)


def mdns_answer(rng: np.random.Generator, service: str, host: str) -> list[Part]:
    """PTR, SRV, TXT and A of one instance."""
    kind, name = labels(f"{service}.local"), labels(f"{host}.local")
    instance = bytes([len(host)]) + host.encode() + b"\xc0\x0c"
    at = 12 + len(kind) + 10  # where the instance's name stands
    text = b"".join(
        bytes([len(item)]) + item for item in (b"vers=1", b"id=" + token(rng, 12, "hex").encode(), b"fl=0x4") * 2
    )
    pointer = struct.pack("!H", 0xC000 | at)
    records = kind + struct.pack("!HHIH", 12, 1, _FAR_TTL, len(instance)) + instance
    target = struct.pack("!HHH", 0, 0, int(rng.integers(1024, 60000))) + name
    records += pointer + struct.pack("!HHIH", 33, 0x8001, 120, len(target)) + target
    records += pointer + struct.pack("!HHIH", 16, 0x8001, _FAR_TTL, len(text)) + text
    records += name + struct.pack("!HHIH", 1, 0x8001, 120, 4)
    return [struct.pack("!6H", 0, 0x8400, 0, 4, 0, 0) + records + b"\xc6\x12", rand(2, "bytes", "own")]


def llmnr(name: str, qtype: int = 1) -> list[Part]:
    """A question for a single label to the neighbours."""
    return [rand(2, "bytes", "llmnr"), struct.pack("!5H", 0, 1, 0, 0, 0) + labels(name) + struct.pack("!HH", qtype, 1)]


def netbios(name: str, suffix: int = 0) -> bytes:
    """A NetBIOS name in its first-level encoding."""
    padded = name.upper()[:15].ljust(15).encode() + bytes([suffix])
    return b"\x20" + bytes(65 + nibble for byte in padded for nibble in (byte >> 4, byte & 15)) + b"\0"


def nbns_query(name: str, suffix: int = 0, *, status: bool = False) -> list[Part]:
    """Who has that name? With ``status``, which names have you (of one host)?"""
    head = struct.pack("!5H", 0x0000 if status else 0x0110, 1, 0, 0, 0)
    return [rand(2, "bytes", "nbns"), head + netbios(name, suffix) + struct.pack("!HH", 0x21 if status else 0x20, 1)]


def nbns_register(name: str, suffix: int = 0) -> list[Part]:
    """A host claims its name."""
    question = netbios(name, suffix) + struct.pack("!HH", 0x20, 1)
    record = b"\xc0\x0c" + struct.pack("!HHIH", 0x20, 1, 300_000, 6) + b"\0\0\xc6\x12"
    head = struct.pack("!5H", 0x2910, 1, 0, 0, 1)
    return [rand(2, "bytes", "nbns"), head + question + record, rand(2, "bytes", "own")]


def nbns_answer(name: str, suffix: int = 0) -> list[Part]:
    """The answer to ``nbns_query``."""
    record = netbios(name, suffix) + struct.pack("!HHIH", 0x20, 1, 300_000, 6) + b"\0\0\xc6\x12"
    return [rand(2, "bytes", "nbns"), struct.pack("!5H", 0x8500, 0, 1, 0, 0) + record, rand(2, "bytes", "own")]


def nbns_names(hosts: list[str]) -> list[Part]:
    """The answer to a status question: names with their suffix and flags, and statistics."""
    listed = b"".join(name[:15].upper().ljust(15).encode() + bytes((0, 4, 0)) for name in hosts)
    body = netbios("*") + struct.pack("!HHI", 0x21, 1, 0) + (len(listed) + 47).to_bytes(2, "big") + bytes([len(hosts)])
    return [rand(2, "bytes", "nbns"), struct.pack("!5H", 0x8400, 0, 1, 0, 0) + body + listed, bytes(46)]


def search(rng: np.random.Generator) -> bytes:
    """SSDP M-SEARCH."""
    target = pick(
        rng,
        [
            "ssdp:all",
            "upnp:rootdevice",
            "urn:dial-multiscreen-org:service:dial:1",
            "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
            "urn:schemas-upnp-org:device:MediaRenderer:1",
        ],
    )
    text = f'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: {rng.integers(1, 6)}\r\n'
    agent = pick(rng, ["", "USER-AGENT: Browser/139.0 Windows\r\n"])
    return f"{text}ST: {target}\r\n{agent}\r\n".encode()


def found(rng: np.random.Generator, *, notify: bool, serial: str) -> bytes:
    """A device's answer to ``search``, or its NOTIFY to all; ``serial`` is its unique number."""
    kind = pick(rng, ["upnp:rootdevice", "urn:schemas-upnp-org:service:ConnectionManager:1", "urn:x:device:Basic:1"])
    head = "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNTS: ssdp:alive\r\n" if notify else "HTTP/1.1 200 OK\r\n"
    rest = f"CACHE-CONTROL: max-age=1800\r\nLOCATION: http://198.18.0.1:{rng.integers(1024, 60000)}/desc.xml\r\n"
    rest += f"SERVER: Linux/5.10 UPnP/1.0 device/{rng.integers(1, 9)}.0\r\n{'NT' if notify else 'ST'}: {kind}\r\n"
    return f"{head}{rest}USN: uuid:{serial}::{kind}\r\n\r\n".encode()


def probe(rng: np.random.Generator) -> list[Part]:
    """WS-Discovery Probe (who has a printer, a camera?)."""
    soap = (
        '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery"><soap:Header>'
        "<wsa:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</wsa:To>"
        "<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</wsa:Action><wsa:MessageID>urn:uuid:"
    )
    kind = pick(rng, ["wsdp:Device", "wsdp:Device pub:Computer", "tds:Device", "wprt:PrintDeviceType"])
    rest = f"</wsa:MessageID></soap:Header><soap:Body><wsd:Probe><wsd:Types>{kind}</wsd:Types></wsd:Probe></soap:Body>"
    return [soap.encode(), rand(32, "hex", "message"), rest.encode() + b"</soap:Envelope>"]


def dhcp(rng: np.random.Generator, kind: int, *, relayed: bool, host: str) -> list[Part]:
    """One DHCP message of ``kind``; addresses and the client's MAC stay the same within an attempt."""
    answers = kind in (OFFER, ACK, NAK)
    lease: list[Part] = [b"\xc6\x12", rand(2, "bytes", "lease")]
    none: list[Part] = [bytes(4)]
    head = struct.pack("!BBBB", 2 if answers else 1, 1, 6, 1 if relayed else 0)
    renews = not relayed and kind in (REQUEST, ACK, RELEASE, INFORM)
    gateway: list[Part] = [b"\xc6\x12", rand(2, "bytes", "relay")] if relayed else none
    parts: list[Part] = [head, rand(4, "bytes", "xid"), bytes(4), *(lease if renews else none)]
    parts += [*(lease if answers and kind != NAK else none), bytes(4), *gateway]
    parts += [b"\x02", Rand(5, "bytes", "mac"), bytes(10), bytes(64), bytes(128)]
    options: list[Part] = [b"\x63\x82\x53\x63" + bytes([53, 1, kind])]
    if answers:
        options += [b"\x36\x04\xc6\x12", rand(2, "bytes", "server")]
        options.append(struct.pack("!BBI", 51, 4, int(rng.choice((600, 3600, 7200, 28_800, 86_400)))))
        options += [b"\x01\x04\xff\xff\xff\xc0\x03\x04\xc6\x12", rand(2, "bytes", "relay")]
        options += [b"\x06\x04\xc6\x12", rand(2, "bytes", "server")]
    else:
        options += [b"\x3d\x07\x01\x02", Rand(5, "bytes", "mac"), bytes([12, len(host)]) + host.encode()]
        options.append(b"\x3c\x08MSFT 5.0" if rng.random() < 0.5 else b"\x39\x02\x05\xdc")
        options.append(bytes([55, 10, 1, 3, 6, 15, 31, 33, 43, 44, 46, 47]))
        if kind == REQUEST and not renews:
            options += [b"\x32\x04", *lease, b"\x36\x04\xc6\x12", rand(2, "bytes", "server")]
    if relayed and rng.random() < 0.6:
        circuit = token(rng, 6, "digits").encode()
        options.append(bytes([82, 2 + len(circuit), 1, len(circuit)]) + circuit)
    return [*parts, *options, b"\xff" + bytes(int(rng.choice((0, 8, 26))))]


def igmp(kind: int, group: bytes) -> bytes:
    """IGMP 2 message (0x11 query, 0x16 report, 0x17 leave) with its checksum; ``group`` has four bytes."""
    body = bytes((kind, 100 if kind == 0x11 else 0)) + b"\0\0" + group
    total = sum(struct.unpack("!4H", body))
    total = (total & 0xFFFF) + (total >> 16)
    return body[:2] + struct.pack("!H", (total & 0xFFFF) + (total >> 16) ^ 0xFFFF) + body[4:]


def machine_name(rng: np.random.Generator) -> str:
    """A host's own name, as systems and people choose it."""
    forms = (
        f"DESKTOP-{token(rng, 7).upper()}",
        f"{pick(rng, names.WORDS)}-pc{rng.integers(1, 99)}",
        f"NPI{token(rng, 6, 'hex').upper()}",
        f"{pick(rng, names.WORDS)}s-iPhone",
        f"srv-{pick(rng, names.WORDS)}-{rng.integers(1, 20):02d}",
    )
    return pick(rng, forms)
