"""Both ends of a conversation: two renderings, systems, options, numbers, windows, and the time between frames.

``generator.stream`` says how data goes over TCP; ``generator.conversation`` has the words that a family uses.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any, Final, NamedTuple, Self

import numpy as np

from generator import headers
from generator.path import Path, draw_path, segment_size
from generator.payload import Content, Payload, lay_out
from generator.stacks import IPID_COUNT, IPID_ZERO, Stack
from generator.world import World

TCP: Final = 6
UDP: Final = 17
ICMP: Final = 1
ICMPV6: Final = 58
ARP: Final = 0  # the ``kind`` of an ARP frame
OTHER: Final = 255  # another IP protocol: no transport to stamp
FRAGMENT: Final = 254  # a piece of a datagram that was too large
MTU: Final = 1500
_ONE_BUILD: Final = 0.75  # how often all attackers of a family that run one kind of system run the same build of it
_LARGEST_ROOM: Final = 3 << 20  # how far a receive window grows by itself


class Frame(NamedTuple):
    """One frame of one rendering, ready for ``template.compile_family``.

    ``gap_rtt`` and ``gap_ns`` say when it appears after the frame before it; ``jitter`` is the share by which
    ``gap_ns`` varies from attempt to attempt. ``seq`` and ``ack`` are relative to both ends' initial numbers, and so
    are the edges of the selective ACK that stand in the header at ``sack_at``.
    """

    header: bytes
    content: Content
    kind: int
    version: int
    reverse: bool
    gap_rtt: float
    gap_ns: int
    jitter: float
    seq: int = 0
    ack: int = -1  # -1: no ACK number
    times_at: int = 0
    ipid: int = 0  # the identification's policy; in IPv6 IPID_COUNT means a flow label
    quotes: bool = False  # an ICMP error that quotes the client's first frame
    sack_at: int = 0  # where the selective ACK's edges stand in the frame, 0: none
    whole: Frame | None = None  # the datagram of which this is a fragment, as if it had left whole
    whole_at: int = 0  # where in that frame the piece begins


class _Known(NamedTuple):
    """A TCP header of one side: its bytes before the window field and behind it."""

    stack: Stack
    before: bytes
    behind: bytes
    times_at: int
    ipid: int


class Lane:
    """The rendering of a conversation in one IP version, with the TCP state of both ends: (client, server)."""

    def __init__(self, version: int, room: list[int]) -> None:
        self.version = version
        self.frames: list[Frame] = []
        self.next = [0, 0]  # next sequence number, relative
        self.acked = [False, False]  # this side has seen an ACK flag go out
        self.owed = [False, False]  # an ACK that this side still owes
        self.last: bool | None = None  # who spoke last: True the client
        self.gap_rtt = 0.0
        self.gap_ns = 0.0
        self.room = room  # bytes of receive window
        self.taken = [0, 0]  # bytes received
        self.unread = [0, 0]  # bytes that the application has not fetched
        self.speed = 2  # segments that may be on the way, grown as in slow start

    def put(self, frame: Frame, jitter: float) -> None:
        """Add a frame after the gap noted so far."""
        self.add(frame._replace(gap_rtt=self.gap_rtt, gap_ns=int(self.gap_ns), jitter=jitter))

    def add(self, frame: Frame) -> None:
        """Add a frame that knows its gap: the one noted so far."""
        self.frames.append(frame)
        self.gap_rtt, self.gap_ns = 0.0, 0.0


def _on_link(stack: Stack, mtu: int) -> Stack:
    """The system behind a link of that MTU."""
    size = segment_size(stack, mtu)
    return stack if size == stack.mss else replace(stack, mss=size)


def _ipid(stack: Stack, version: int) -> int:
    """The policy of the identification: the system's own, or what stands for flow labels."""
    if version == 4:
        return stack.ipid
    return IPID_COUNT if stack.labels else IPID_ZERO


def room_of(stack: Stack) -> int:
    """The receive window after the handshake, in bytes: some systems open it at once."""
    if stack.order == "windows":
        return 262_656 if stack.scale >= 8 else 65_392
    return 131_712 if stack.order == "mac" else stack.window


class Exchange:
    """Both ends of a conversation and what they have said so far, in both IP versions."""

    _ip_protocol = 0

    def __init__(
        self,
        world: World,
        protocol: int,
        client_os: str = "",
        server_os: str = "",
        near: str = "",
        path: Path | None = None,
    ) -> None:
        rng, habits = world.rng, world.habits
        self.world = world
        self.protocol = protocol
        client = habits.stack(client_os or habits.system("clients", rng), self._steady(client_os, 0))
        server = habits.stack(server_os or habits.system("servers", rng), self._steady(server_os, 1))
        self.path = path or draw_path(habits, rng, client)
        self._luck = int(rng.integers(1 << 62))
        self.client_stack = _on_link(client, self.path.mtu[0])
        self.server_stack = _on_link(server, self.path.mtu[1])
        spots = {"server": (0.01, 0.15), "client": (0.85, 0.99), "middle": (0.3, 0.7)}
        self.position = float(rng.uniform(*spots[near or "server"]))  # share of the round trip beyond the monitor
        low, high = habits.bandwidth
        self.bandwidth = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        least, most = habits.hops
        near_hops, far_hops = int(rng.integers(0, 3)), (least, most)
        # (client least, client most, server least, server most) routers between each end and the monitor
        self.hops = (*far_hops, near_hops, near_hops) if self.position < 0.5 else (near_hops, near_hops, *far_hops)
        rooms = [room_of(self.client_stack), room_of(self.server_stack)]
        self._lanes = (Lane(4, [*rooms]), Lane(6, [*rooms]))
        self._serial = 0
        self._agreed = self._negotiate(self.client_stack.options)
        self._ecn = False
        self._known: dict[tuple[Any, ...], _Known] = {}  # headers that were needed before

    @cached_property
    def chance(self) -> np.random.Generator:
        """The path's own luck."""
        return np.random.default_rng(self._luck)

    def send(
        self,
        flags: str = "A",
        *,
        from_client: bool = True,
        payload: Payload = b"",
        think: float = 0.0,
        jitter: float = 0.3,
        options: bool = True,
    ) -> Self:
        """One TCP segment with just these flags (scapy letters: F S R P A U E C) and the right numbers.

        ``options=False`` leaves TCP options out, as tools do.
        """
        content = self._content(payload)
        side = 0 if from_client else 1
        if "S" in flags and from_client and "A" not in flags:
            self._agreed = self._negotiate(self.client_stack.options if options else "")
        for lane in self._lanes:
            self._wait(lane, from_client, think)
            self._segment(lane, from_client, flags, content, jitter, options=options)
            lane.last = from_client
            if "A" in flags:
                lane.owed[side] = False
        return self

    def _steady(self, name: str, side: int) -> np.random.Generator:
        """What chooses among the systems of a kind: an attacker's own machine, and its victim, are mostly one build."""
        world = self.world
        if not name or name not in world.habits.kinds or not len(world.attackers):
            return world.rng  # a stack that is named itself draws nothing
        own = np.random.default_rng([world.workload.seed, *world.family.encode(), side, *name.encode()])
        return own if own.random() < _ONE_BUILD else world.rng

    def _side(self, *, from_client: bool) -> Stack:
        return self.client_stack if from_client else self.server_stack

    def _negotiate(self, offered: str) -> str:
        """Which of S, T and W both ends use when the client's SYN offers these options."""
        return "".join(letter for letter in self.server_stack.repeats if letter in offered)

    def _content(self, payload: Payload) -> Content:
        self._serial += 1
        return lay_out(payload, self._serial)

    def _wait(self, lane: Lane, from_client: bool, think: float) -> None:  # noqa: FBT001
        """How long after the frame before: a share of the round trip when the other side spoke last, then thinking."""
        if lane.last is not None and lane.last != from_client:
            lane.gap_rtt += (1 - self.position) if from_client else self.position
        lane.gap_ns += think * 1e9

    def _frame(self, lane: Lane, header: bytes, content: Content, kind: int, from_client: bool) -> Frame:  # noqa: FBT001
        ipid = _ipid(self.client_stack if from_client else self.server_stack, lane.version)
        return Frame(header, content, kind, lane.version, not from_client, 0.0, 0, 0.0, 0, -1, 0, ipid)

    def _segment(  # noqa: PLR0913 - the fields of a TCP segment
        self,
        lane: Lane,
        from_client: bool,  # noqa: FBT001
        flags: str,
        content: Content,
        jitter: float,
        *,
        options: bool = True,
        ack: int = -1,
        seq: int = -1,
        window: int = -1,
        blocks: tuple[tuple[int, int], ...] = (),
    ) -> None:
        """One segment; with ``seq`` it is one that was sent before, or a probe, and the numbers do not move on."""
        side = 0 if from_client else 1
        syn, acks, size = "S" in flags, "A" in flags, len(content.data)
        listed = self._options(lane, side, syn=syn, ack=acks) if options else ""
        blocks = blocks if "S" in self._agreed else ()
        field = self._window(lane, side, flags) if window < 0 else window
        # RFC 3168: data, not repetitions
        tos = self.path.tos[side] | (2 if self._ecn and size and seq < 0 else 0)
        known = self._header(lane.version, side, flags, listed, tos, len(blocks))
        header = known.before + field.to_bytes(2, "big") + known.behind
        if blocks:
            header = header[: -8 * len(blocks)] + headers.selective(blocks)
        lane.add(
            Frame(
                header,
                content,
                TCP,
                lane.version,
                not from_client,
                lane.gap_rtt,
                int(lane.gap_ns),
                jitter,
                lane.next[side] if seq < 0 else seq,
                (ack if ack >= 0 else lane.next[1 - side]) if acks else -1,
                known.times_at,
                known.ipid,
                False,  # noqa: FBT003 - quotes nothing
                len(header) - 8 * len(blocks) if blocks else 0,
            )
        )
        if size:
            lane.unread[side] = 0
        if seq < 0:
            lane.next[side] += size + syn + ("F" in flags)
        if acks:
            lane.acked[side] = True

    def _header(self, version: int, side: int, flags: str, listed: str, tos: int, blocks: int) -> _Known:
        """Headers differ little from segment to segment: each kind is laid out once a conversation."""
        stack = self.server_stack if side else self.client_stack
        key = (version, side, flags, listed, tos, blocks)
        known = self._known.get(key)
        if known is None or known.stack is not stack:
            header = headers.tcp(version, stack, flags, listed, 0, tos, ((0, 0),) * blocks)
            at = headers.window_at(version)
            times_at = headers.timestamps_at(header, version) if "T" in listed or "S" in flags else 0
            known = self._known[key] = _Known(stack, header[:at], header[at + 2 :], times_at, _ipid(stack, version))
        return known

    def _options(self, lane: Lane, side: int, *, syn: bool, ack: bool) -> str:
        """As ``headers.tcp`` wants them."""
        if syn:
            return "syn" if side == 0 and not ack else f"answer-{self._agreed}"
        return "T" if "T" in self._agreed and lane.acked[1] else ""

    def _window(self, lane: Lane, side: int, flags: str) -> int:
        """The window field: what the system starts with, later its receive window less what nobody has read."""
        stack = (self.client_stack, self.server_stack)[side]
        if "R" in flags:
            return 0
        if "S" in flags:
            return (stack.answer_window or stack.window) if side else stack.window
        if not lane.acked[1]:
            return stack.window  # no handshake: a tool's own segment
        room = lane.room[side] - (lane.unread[side] if stack.order == "windows" else 0)
        return min(max(room >> (stack.scale if "W" in self._agreed else 0), 1), 0xFFFF)

    def _takes(self, lane: Lane, side: int, size: int) -> None:
        """That side receives data: its window grows with what it takes (autotuning, where it can be scaled)."""
        stack = (self.client_stack, self.server_stack)[side]
        lane.taken[side] += size
        lane.unread[side] = (lane.unread[side] + size) % 8192
        if "W" in self._agreed and stack.scale > 1 and not stack.tool:
            lane.room[side] = max(lane.room[side], min(2 * lane.taken[side], _LARGEST_ROOM, 0xFFFF << stack.scale))

    def _mss(self, lane: Lane) -> int:
        # Who announces none is sent 536 bytes at most (RFC 9293 section 3.7.1).
        smaller = min(self.client_stack.mss if "M" in self.client_stack.options else 536, self.server_stack.mss)
        return smaller - (12 if "T" in self._agreed else 0) - (0 if lane.version == 4 else 20)


def describe(frame: Frame) -> dict[str, Any]:
    """One frame for people: direction, flags and size (used in messages and tests)."""
    network = headers.LINK + (20 if frame.version == 4 else 40)
    flags = frame.header[network + 13] if frame.kind == TCP else 0
    return {"from": "server" if frame.reverse else "client", "flags": flags, "payload": len(frame.content.data)}
