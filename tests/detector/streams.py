"""Frames for tests of the pipeline: small hand-made packets, and a model that says what a test wants."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from ipaddress import ip_address

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.schemas import FRAMES, TIME
from detector.features import NAMES

SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND
Frame = tuple[int, bytes]
FAMILIES = (
    "benign",
    "syn_flood",
    "port_scan",
    "ssh_bruteforce",
    "udp_flood",
    "arp_spoofing",
    "c2_beacon",
    "host_sweep",
)


def tcp(src: str, dst: str, sport: int, dport: int, flags: int = 2, payload: bytes = b"", seq: int = 1) -> bytes:
    """A TCP segment over IPv4 and Ethernet (checksums are not looked at)."""
    transport = struct.pack("!HHIIBBHHH", sport, dport, seq, 0, 0x50, flags, 1024, 0, 0) + payload
    return _ipv4(src, dst, 6, transport)


def udp(src: str, dst: str, sport: int, dport: int, payload: bytes = b"") -> bytes:
    """A UDP datagram."""
    return _ipv4(src, dst, 17, struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload)


def arp(mac: int, sender: str, target: str, operation: int = 2) -> bytes:
    """An ARP message that a MAC sends."""
    raw = mac.to_bytes(6, "big")
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + raw + ip_address(sender).packed
    return bytes.fromhex("ffffffffffff") + raw + b"\x08\x06" + body + bytes(6) + ip_address(target).packed


def _ipv4(src: str, dst: str, protocol: int, transport: bytes) -> bytes:
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(transport), 1, 0, 64, protocol, 0)
    return bytes(12) + b"\x08\x00" + header + ip_address(src).packed + ip_address(dst).packed + transport


def batch(frames: Iterable[Frame]) -> pa.RecordBatch:
    """FRAMES of (ns after START, bytes)."""
    listed = list(frames)
    return pa.record_batch(
        [
            pa.array(np.array([START + when for when, _ in listed], np.int64)).cast(TIME),
            pa.array([frame for _, frame in listed], pa.binary()),
            pa.array([len(frame) for _, frame in listed], pa.uint32()),
            pa.array([1] * len(listed), pa.uint16()),
        ],
        schema=FRAMES,
    )


class Scripted:
    """A model that decides by a rule over the features, given by name: ``rule(column) -> codes``."""

    families = FAMILIES

    def __init__(
        self, rule: Callable[[Callable[[str], npt.NDArray[np.float32]]], npt.NDArray[np.int64]], score: float = 0.99
    ):
        self._rule, self._score = rule, score

    def classify(self, matrix: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
        codes = np.asarray(self._rule(lambda name: matrix[:, NAMES.index(name)])).astype(np.int16)
        return np.broadcast_to(codes, (len(matrix),)).copy(), np.full(len(matrix), self._score, np.float32)


def always(family: str, score: float = 0.99) -> Scripted:
    """A model that calls everything by one name."""
    return Scripted(lambda _: np.array(FAMILIES.index(family)), score)
