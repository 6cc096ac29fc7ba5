"""How a conversation's frames come about: two renderings, TCP's numbers and windows, segments and their ACKs.

``generator.conversation`` has the words that a family uses; here is what they do.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Self

from generator import headers
from generator.habits import CLIENT_SYSTEMS, SERVER_SYSTEMS, Stack
from generator.payload import Content, Payload, lay_out
from generator.world import World

TCP: Final = 6
UDP: Final = 17
ICMP: Final = 1
ICMPV6: Final = 58
ARP: Final = 0  # the ``kind`` of an ARP frame
OTHER: Final = 255  # another IP protocol: no transport to stamp
LATE: Final = 0.04  # a think time beyond which a pure ACK goes ahead of the data (seconds)
MTU: Final = 1500


class Frame(NamedTuple):
    """One frame of one rendering, ready for ``template.compile_family``.

    ``gap_rtt`` and ``gap_ns`` say when it appears after the frame before it; ``jitter`` is the share by which
    ``gap_ns`` varies from attempt to attempt. ``seq`` and ``ack`` are relative to both ends' initial numbers.
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
    ipid: int = 0
    quotes: bool = False  # an ICMP error that quotes the client's first frame


class Lane:
    """The rendering of a conversation in one IP version, with the TCP state of both ends."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.frames: list[Frame] = []
        self.next = [0, 0]  # next sequence number of client and server, relative
        self.acked = [False, False]  # this side has seen an ACK flag go out
        self.gap_rtt = 0.0
        self.gap_ns = 0.0

    def put(self, frame: Frame, jitter: float) -> None:
        self.frames.append(frame._replace(gap_rtt=self.gap_rtt, gap_ns=int(self.gap_ns), jitter=jitter))
        self.gap_rtt, self.gap_ns = 0.0, 0.0


class Exchange:
    """Both ends of a conversation and what they have said so far, in both IP versions."""

    _ip_protocol = 0

    def __init__(self, world: World, protocol: int, client_os: str = "", server_os: str = "", near: str = "") -> None:
        rng = world.rng
        self.world = world
        self.protocol = protocol
        self.client_stack = self._stack(client_os or world.pick(CLIENT_SYSTEMS))
        self.server_stack = self._stack(server_os or world.pick(SERVER_SYSTEMS))
        spots = {"server": (0.01, 0.15), "client": (0.85, 0.99), "middle": (0.3, 0.7)}
        self.position = float(rng.uniform(*spots[near or "server"]))  # share of the round trip beyond the monitor
        low, high = world.habits.bandwidth
        self.bandwidth = float(rng.uniform(low, high))
        least, most = world.habits.hops
        near_hops, far_hops = int(rng.integers(0, 3)), (least, most)
        # (client least, client most, server least, server most) routers between each end and the monitor
        self.hops = (*far_hops, near_hops, near_hops) if self.position < 0.5 else (near_hops, near_hops, *far_hops)
        self._lanes = (Lane(4), Lane(6))
        self._serial = 0
        self._last: bool | None = None  # who spoke last: True the client
        self._owed = [False, False]  # an ACK that client or server still owes
        self._options = self._negotiate()
        self._window = 2  # segments the sender may have on the way, grown as in slow start

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
        for lane in self._lanes:
            self._wait(lane, from_client, think)
            self._segment(lane, from_client, flags, content, jitter, options=options)
        self._last = from_client
        if "A" in flags:
            self._owed[side] = False
        return self

    def _stack(self, name: str) -> Stack:
        return self.world.habits.stacks[name]

    def _side(self, *, from_client: bool) -> Stack:
        return self.client_stack if from_client else self.server_stack

    def _negotiate(self) -> tuple[str, str]:
        """What a SYN/ACK may repeat: ("T" where both offer timestamps, the options to leave out)."""
        both = set(self.client_stack.options) & set(self.server_stack.options)
        return ("T" if "T" in both else ""), "".join(o for o in "STW" if o not in both)

    def _content(self, payload: Payload) -> Content:
        self._serial += 1
        return lay_out(payload, self._serial)

    def _wait(self, lane: Lane, from_client: bool, think: float) -> None:  # noqa: FBT001
        """How long after the frame before: a share of the round trip when the other side spoke last, then thinking."""
        if self._last is not None and self._last != from_client:
            lane.gap_rtt += (1 - self.position) if from_client else self.position
        lane.gap_ns += think * 1e9

    def _frame(self, lane: Lane, header: bytes, content: Content, kind: int, from_client: bool) -> Frame:  # noqa: FBT001
        ipid = self._side(from_client=from_client).ipid
        return Frame(header, content, kind, lane.version, not from_client, 0.0, 0, 0.0, ipid=ipid)

    def _segment(
        self,
        lane: Lane,
        from_client: bool,  # noqa: FBT001
        flags: str,
        content: Content,
        jitter: float,
        *,
        options: bool = True,
        ack: int = -1,
    ) -> None:
        stack, side = self._side(from_client=from_client), 0 if from_client else 1
        syn = "S" in flags
        if not options:
            listed = ""
        elif syn:
            listed = "syn" if from_client and "A" not in flags else f"syn-{self._options[1]}"
        else:
            listed = self._options[0] if lane.acked[1] else ""
        scaled = "W" not in self._options[1] and not syn
        window = 0 if "R" in flags else max(stack.window >> (stack.scale if scaled else 0), 1)
        header = headers.tcp(lane.version, stack, flags, listed, window)
        frame = self._frame(lane, header, content, TCP, from_client)
        lane.put(
            frame._replace(
                seq=lane.next[side],
                ack=(ack if ack >= 0 else lane.next[1 - side]) if "A" in flags else -1,
                times_at=headers.timestamps_at(header, lane.version) if "T" in listed or syn else 0,
            ),
            jitter,
        )
        lane.next[side] += len(content.data) + syn + ("F" in flags)
        lane.acked[side] |= "A" in flags

    def _say(self, payload: Payload, think: float, jitter: float, *, from_client: bool) -> Self:
        content = self._content(payload)
        if self.protocol == TCP:
            return self._stream(content, think, jitter, from_client=from_client)
        for lane in self._lanes:
            self._wait(lane, from_client, think)
            stack = self._side(from_client=from_client)
            if self.protocol == UDP:
                header, kind = headers.udp(lane.version, stack), UDP
            else:
                header, kind = headers.bare(lane.version, stack, self._ip_protocol), OTHER
            if len(header) - headers.LINK + len(content.data) > MTU:
                raise ValueError(f"a datagram of {len(content.data)} bytes does not fit into {MTU}")
            lane.put(self._frame(lane, header, content, kind, from_client), jitter)
        self._last = from_client
        return self

    def _stream(self, content: Content, think: float, jitter: float, *, from_client: bool) -> Self:
        side, other = (0, 1) if from_client else (1, 0)
        delay = self.world.habits.delayed_ack_s
        if self._owed[side] and (think > LATE or self.world.rng.random() < 0.4):
            # What is owed for the last data goes ahead as a pure ACK.
            early = 0.00003 if self.world.rng.random() < 0.5 else min(delay, think)
            self.send("A", from_client=from_client, think=early)
            think = max(think - early, 0.0)
        for lane in self._lanes:
            self._wait(lane, from_client, think)
        window = self._window
        for lane in self._lanes:
            window = self._bursts(lane, content, jitter, from_client=from_client)
        self._window = window
        self._last = from_client
        size = self._mss(self._lanes[0])
        segments = -(-len(content.data) // size)
        self._owed[side] = False
        self._owed[other] = segments % 2 == 1
        if segments and segments % 2 == 0:
            self._last = not from_client
        return self

    def _mss(self, lane: Lane) -> int:
        smaller = min(self.client_stack.mss, self.server_stack.mss)
        return smaller - (12 if self._options[0] else 0) - (0 if lane.version == 4 else 20)

    def _bursts(self, lane: Lane, content: Content, jitter: float, *, from_client: bool) -> int:
        """Cut at the MSS, send in bursts that grow as in slow start; the other side acknowledges every second one."""
        size, total = self._mss(lane), len(content.data)
        wire_ns = size * 8 / self.bandwidth * 1e9
        cuts = [(at, min(at + size, total)) for at in range(0, total, size)]
        window, at = max(self._window, 10), 0
        base, empty = lane.next[0 if from_client else 1], Content(b"", ())
        back = self.position if from_client else 1 - self.position  # share from monitor to receiver
        while at < len(cuts):
            burst = cuts[at : at + window]
            at += len(burst)
            late: list[int] = []
            for number, (low, high) in enumerate(burst):
                last = number == len(burst) - 1
                lane.gap_ns += wire_ns if number else 0.0
                self._segment(lane, from_client, "PA" if high == total or last else "A", content.cut(low, high), jitter)
                if number % 2 and back < 0.5:  # the receiver stands near: its ACKs come between
                    lane.gap_ns += 20_000
                    self._segment(lane, not from_client, "A", empty, jitter, ack=base + high)
                elif number % 2:
                    late.append(base + high)
            for number, ack in enumerate(late):
                lane.gap_rtt += 0.0 if number else back
                lane.gap_ns += 2 * wire_ns if number else 20_000
                self._segment(lane, not from_client, "A", empty, jitter, ack=ack)
            if at < len(cuts):
                lane.gap_rtt += 1 - back if late else 1.0
                window = min(window * 2, 64)
        return window


def describe(frame: Frame) -> dict[str, Any]:
    """One frame for people: direction, flags and size (used in messages and tests)."""
    network = headers.LINK + (20 if frame.version == 4 else 40)
    flags = frame.header[network + 13] if frame.kind == TCP else 0
    return {"from": "server" if frame.reverse else "client", "flags": flags, "payload": len(frame.content.data)}
