"""Frames for tests of the replay, and an oracle: scapy builds the same packet with other addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from contract.addresses import to_bytes, to_text
from contract.schemas import FRAMES, TIME
from generator.replay.frames import Rewriter, Survey
from generator.replay.mapping import AddressMap, Free
from generator.replay.rewrite import CUTS

START = 1_800_000_000 * 1_000_000_000
Names = Callable[[str], str]  # an address or MAC to its partner


def batch(frames: list[bytes], *, link: int = 1, wire: list[int] | None = None) -> pa.RecordBatch:
    """FRAMES a millisecond apart."""
    lengths = wire or [len(frame) for frame in frames]
    return pa.record_batch(
        [
            pa.array(START + np.arange(len(frames)) * 1_000_000).cast(TIME),
            pa.array(frames, pa.binary()),
            pa.array(lengths, pa.uint32()),
            pa.array([link] * len(frames), pa.uint16()),
        ],
        schema=FRAMES,
    )


def people_of(frames: pa.RecordBatch, *, cut: str = "keep", seed: int = 5, turn: int = 0, **more: Any) -> AddressMap:
    """The mapping of all that these frames hold."""
    survey = Survey(CUTS.index(cut))
    survey.add(frames)
    return AddressMap(survey.found, seed, turn, more.pop("free", Free()), **more)


def rewritten(frames: pa.RecordBatch, people: AddressMap, cut: str = "keep") -> tuple[list[bytes], Rewriter]:
    """The bytes of the frames that were not left out, and who rewrote them."""
    rewriter = Rewriter(people.table, CUTS.index(cut))
    made = [f for part in rewriter.batches(frames, lambda ts: ts) for f in part.column("frame").to_pylist()]
    return made, rewriter


def partner(people: AddressMap) -> Names:
    """Partners by their text."""

    def named(text: str) -> str:
        if text.count(":") == 5 and "::" not in text:
            mac = people.macs([int(text.replace(":", ""), 16)])[0]
            return ":".join(f"{mac:012x}"[k : k + 2] for k in range(0, 12, 2))
        row = np.frombuffer(to_bytes(text), np.uint8).reshape(1, 16)
        return to_text(people.addresses(row)[0].tobytes())

    return named


def valid_sums(frame: bytes) -> bool:
    """Whether scapy would write the same checksums into this Ethernet frame."""
    from scapy.layers.inet import ICMP, IP, TCP, UDP
    from scapy.layers.l2 import Ether

    packet = Ether(frame)
    for layer in (IP, TCP, UDP, ICMP):
        if layer in packet:
            del packet[layer].chksum
    return bytes(packet) == frame
