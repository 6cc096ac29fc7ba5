"""A naive follower of TCP connections: what any stateful monitor would know, and it fails where a number cannot be.

It looks at the frames of one rendering in the order in which the monitor sees them, knows nothing of how they were
made, and asks of every segment: does it belong here? Nothing is acknowledged that was not seen, no ACK goes back,
repetitions repeat the same bytes, selective ACKs name what was seen, holes are filled in the end.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from generator.exchange import TCP, Frame
from generator.headers import LINK
from generator.payload import Content

FIN, SYN, RST, ACK = 1, 2, 4, 16


@dataclass
class Followed:
    """What the follower has seen; pairs are (client, server)."""

    repeated: int = 0  # segments seen twice, or behind a later one
    fast: int = 0  # those of them that came after three repeated ACKs
    probes: int = 0  # keep-alives and window probes
    duplicates: int = 0  # pure ACKs that say nothing new
    blocks: int = 0  # selective ACKs
    zero_windows: int = 0
    open_holes: int = 0  # ends with a hole in what it sent
    unacknowledged: list[int] = field(default_factory=lambda: [0, 0])
    reset: bool = False


class _End:
    """What one end has sent."""

    def __init__(self) -> None:
        self.sent: dict[int, tuple[int, Content]] = {}  # number -> length in numbers, content
        self.reach = 0  # behind the highest number
        self.whole = 0  # behind the last number without a hole
        self.acked = 0  # what it has acknowledged of the other end
        self.said = False
        self.repeats = 0  # how often it said its last ACK again

    def put(self, seq: int, length: int, content: Content) -> None:
        known = self.sent.get(seq)
        assert known in (None, (length, content)), "a segment is sent again as it was"
        self.sent[seq] = (length, content)
        self.reach = max(self.reach, seq + length)
        while self.whole in self.sent:
            self.whole += self.sent[self.whole][0]

    def has(self, low: int, high: int) -> bool:
        while low < high and low in self.sent:
            low += self.sent[low][0]
        return low == high


def follow(frames: Sequence[Frame]) -> Followed:
    """Follow one connection that starts with a SYN; raises AssertionError where something cannot be."""
    seen, ends = Followed(), (_End(), _End())
    for frame in frames:
        assert frame.kind == TCP
        _segment(seen, ends[int(frame.reverse)], ends[1 - int(frame.reverse)], frame)
    for side, end in enumerate(ends):
        seen.open_holes += end.reach != end.whole
        seen.unacknowledged[side] = end.reach - ends[1 - side].acked
    return seen


def _segment(seen: Followed, mine: _End, other: _End, frame: Frame) -> None:
    tcp = frame.header[LINK + (20 if frame.version == 4 else 40) :]
    flags, window = tcp[13], int.from_bytes(tcp[14:16], "big")
    length = len(frame.content.data) + (flags & SYN > 0) + (flags & FIN)
    assert (frame.ack >= 0) == bool(flags & ACK)
    assert frame.ack <= other.whole, "an ACK of what was not seen"
    if flags & RST:
        seen.reset = True
        assert frame.seq <= mine.reach
        return
    assert not (seen.reset and frame.content.data), "data after a reset"
    probe = not length and frame.seq == mine.reach - 1
    if probe:
        seen.probes += 1
    elif length:
        assert mine.reach or flags & SYN, "a connection begins with a SYN"
        if frame.seq < mine.reach:
            seen.repeated += 1
            seen.fast += other.repeats >= 3
        mine.put(frame.seq, length, frame.content)
    else:
        assert frame.seq == mine.reach, "a pure ACK stands at the end of what was sent"
    if frame.ack >= 0:
        _acknowledges(seen, mine, other, frame, pure=not length and not probe, window=window)


def _acknowledges(seen: Followed, mine: _End, other: _End, frame: Frame, *, pure: bool, window: int) -> None:
    assert frame.ack >= mine.acked, "an ACK goes back"
    if frame.sack_at:
        size = frame.header[frame.sack_at - 1] - 2
        assert frame.header[frame.sack_at - 2] == 5
        numbers = struct.unpack(f"!{size // 4}I", frame.header[frame.sack_at : frame.sack_at + size])
        for low, high in zip(numbers[::2], numbers[1::2], strict=True):
            seen.blocks += 1
            assert frame.ack < low < high
            assert other.has(low, high), "a selective ACK of what was not seen"
    if window == 0:
        seen.zero_windows += 1
    elif pure and mine.said and frame.ack == mine.acked and other.reach > frame.ack:
        seen.duplicates += 1
        mine.repeats += 1
    if frame.ack > mine.acked:
        mine.repeats = 0
    mine.acked, mine.said = frame.ack, True
