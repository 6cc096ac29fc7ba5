"""Spoiled frames: what the meter accepts, and what it takes them for, is what tshark says.

tshark shares nothing with our decoder. Where it finds a layer malformed the two may stop at different places; where we
are stricter or laxer on purpose ``known`` and ``known_inside`` say so. All else is equal, frame by frame.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.addresses import to_text
from detector.facts import as_bytes
from detector.meter import Meter
from tests.detector.captured import batch_of
from tests.faults.corpus import mutated_frames

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="optional: tshark is not installed")

COUNT = 3000
SECOND = 1_000_000_000
START = 1_600_000_000 * SECOND
NETWORKS = {"ip": ("ip.src", "ip.dst"), "ipv6": ("ipv6.src", "ipv6.dst"), "arp": ("arp.src", "arp.dst")}
TRANSPORTS = {"tcp": 6, "udp": 17, "sctp": 132}
FIELDS = {
    "protocols": "frame.protocols",
    "ip.src": "ip.src",
    "ip.dst": "ip.dst",
    "ip.proto": "ip.proto",
    "ip.more": "ip.flags.mf",
    "ipv6.src": "ipv6.src",
    "ipv6.dst": "ipv6.dst",
    "ipv6.more": "ipv6.fraghdr.more",
    "arp.src": "arp.src.proto_ipv4",
    "arp.dst": "arp.dst.proto_ipv4",
    **{f"{name}.{end}": f"{name}.{end}port" for name in TRANSPORTS for end in ("src", "dst")},
    "gre.version": "gre.flags.version",
    "vxlan.valid": "vxlan.flag_i",
    "malformed": "_ws.malformed",
}
Said = dict[str, list[str]]
Flow = tuple[list[str], int, list[int]]  # addresses, protocol, ports: in no order


@pytest.fixture(scope="module")
def frames() -> list[bytes]:
    batch = mutated_frames(3 * COUNT, 47)
    ethernet = np.flatnonzero(batch.column("link").to_numpy() == 1)[:COUNT]
    return batch.column("frame").take(ethernet).to_pylist()


@pytest.fixture(scope="module")
def said(frames: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> list[Said]:
    """What tshark says of each frame, outer layers first."""
    path: Path = tmp_path_factory.mktemp("tshark") / "frames.pcap"
    records = (struct.pack("<IIII", 1_600_000_000 + n, 0, len(f), len(f)) + f for n, f in enumerate(frames))
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(records))
    command = ["tshark", "-n", "-r", str(path), "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"]
    command += ["-T", "fields", "-E", "occurrence=a", *(part for name in FIELDS.values() for part in ("-e", name))]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.splitlines()
    parts = [[cell.split(",") if cell else [] for cell in line.split("\t")] for line in lines]
    return [dict(zip(FIELDS, part, strict=True)) for part in parts]


def ours(frames: list[bytes], tunnels: str) -> list[Flow | None]:
    """The flow that each frame counts to, None where it is dropped."""
    batch = batch_of(frames, [START + n * SECOND for n in range(len(frames))])
    meter, found = Meter(1 << 13, seed=1, tunnels=tunnels), []
    for n in range(len(frames)):
        if meter.update(batch, n, n + 1):
            found.append(None)
            continue
        flow = meter.table.flows[meter.table.dirty[:1]]
        ends = sorted(to_text(as_bytes(flow["address"][:, side])[0].tobytes()) for side in (0, 1))
        found.append((ends, int(flow["protocol"][0]), sorted(flow["port"][0].tolist())))
        meter.clear_dirty()
    return found


def layers(one: Said) -> list[str]:
    return one["protocols"][0].split(":") if one["protocols"] else []


def known(frame: bytes) -> str:
    """Where the two differ on purpose, and why; empty elsewhere."""
    kind, rest = int.from_bytes(frame[12:14], "big"), frame[14:]
    while kind in (0x8100, 0x88A8, 0x9100) and len(rest) >= 4:
        kind, rest = int.from_bytes(rest[2:4], "big"), rest[4:]
    if kind == 0x8864 and rest[:2] != b"\x11\0":
        return "PPPoE of another version, type or code: not read (RFC 2516 section 4)"
    if kind == 0x8864:
        return "PPPoE whose length was spoiled: the length of the IP packet counts"
    if kind < 0x0600:
        return "802.3 whose length was spoiled: the length of the IP packet counts"
    if kind in (0x0800, 0x86DD) and rest and rest[0] >> 4 != (4 if kind == 0x0800 else 6):
        return "IP of another version than its EtherType: refused, as hosts do"
    if kind == 0x0806 and rest[:6] != b"\0\1\x08\0\6\4":
        return "ARP of another kind of network"
    return ""


def known_inside(one: Said) -> str:
    """As ``known``, of tunnels: where the inside is not read, what carries it counts."""
    if {"icmp", "icmpv6"} & set(layers(one)):
        return "the innermost packet is one that is quoted"
    if {"1", "True"} & set(one["ip.more"] + one["ipv6.more"]):
        return "a first fragment: the inside is not whole"
    if set(one["gre.version"]) - {"0"}:
        return "GRE of another version (RFC 2784 section 2.3.1)"
    if set(one["vxlan.valid"]) - {"1", "True"}:
        return "VXLAN without a valid identifier (RFC 7348 section 5)"
    return "" if theirs(one, 0) is None or theirs(one, -1) else "a header inside that cannot be read"


def theirs(one: Said, which: int) -> Flow | None:
    """The flow by tshark's word; ``which``: 0 of the outermost header, -1 of the innermost. Ports may be unknown."""
    networks = [layer for layer in layers(one) if layer in NETWORKS]
    if not networks:
        return None
    network = networks[which]
    source, target = (one[name] for name in NETWORKS[network])
    if not source or not target:
        return None
    places = [n for n, layer in enumerate(layers(one)) if layer in NETWORKS]
    after = layers(one)[places[which] + 1 :]
    transport = next((layer for layer in after if layer in TRANSPORTS), "")
    carried = after[: after.index(transport)] if transport else after
    protocol = int(one["ip.proto"][which]) if network == "ip" else -1
    if transport and not {"gre", "icmp", "icmpv6", *NETWORKS} & set(carried):
        protocol = TRANSPORTS[transport] if network == "ipv6" else protocol
        ends = [one[f"{transport}.{end}"] for end in ("src", "dst")]
        ports = sorted(int(end[which]) for end in ends) if all(ends) else []
        return sorted([source[which], target[which]]), protocol, ports
    return sorted([source[which], target[which]]), 0x0806 if network == "arp" else protocol, []


@pytest.mark.parametrize(("tunnels", "which"), [("outer", 0), ("inner", -1)])
def test_what_is_accepted_and_what_it_is(frames: list[bytes], said: list[Said], tunnels: str, which: int) -> None:
    compared: Counter[str] = Counter()
    wrong: list[Any] = []
    for frame, one, mine in zip(frames, said, ours(frames, tunnels), strict=True):
        reason = known(frame) or (known_inside(one) if which else "")
        if one["malformed"] or reason:
            compared["malformed" if one["malformed"] else reason] += 1
            continue
        other = theirs(one, which)
        compared["accepted" if other else "refused"] += 1
        if mine is None or other is None:
            same = mine is None and other is None
        else:
            same = mine[0] == other[0] and other[1] in (mine[1], -1)
            if other[2]:
                compared["ports"] += 1
                same = same and mine[2] == other[2]
        if not same:
            wrong.append((frame.hex(), one, mine, other))
    assert wrong == []
    assert compared["accepted"] > COUNT // 3
    assert compared["refused"] > COUNT // 20
    assert compared["ports"] > COUNT // 4
