"""How data goes over TCP: cut at the MSS, sent in bursts that grow, acknowledged, lost, repeated, reordered, stalled.

What happens is told as the monitor sees it. A segment lost before the monitor leaves a hole that is filled later; one
lost beyond it is seen twice. The receiver's selective ACKs tell the sender (RFC 2018); after three of them it repeats
(RFC 5681), with fewer it waits for its timer (RFC 6298), which doubles when the repetition is lost as well.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Self

from generator import headers
from generator.exchange import MTU, OTHER, TCP, UDP, Exchange, Lane
from generator.path import AFTER, BEFORE, FINE
from generator.payload import Content, Payload
from generator.receiver import Ack, Receiver

_QUICK: Final = 0.25  # how often a system acknowledges at once what it is about to answer
_MOST_PROBES: Final = 6  # keep-alive probes in one pause: templates are bounded
_LONG: Final = 24  # segments of a transfer that may stall
_EMPTY: Final = Content(b"", ())


class _Burst(NamedTuple):
    """What is sent at once, to whom; ``back`` is the receiver's share of the round trip, ``wire_ns`` the spacing."""

    content: Content
    base: int  # sequence number of the content's first byte
    cuts: list[tuple[int, int]]
    receiver: Receiver
    back: float
    wire_ns: float  # between segments at the monitor
    path_ns: float  # between segments behind the slowest link
    jitter: float
    from_client: bool

    def flags(self, number: int) -> str:
        """PSH on the last segment of a burst or of what was said."""
        high = self.cuts[number][1]
        return "PA" if number == len(self.cuts) - 1 or high == len(self.content.data) else "A"


class Stream(Exchange):
    """What both ends say, for ``generator.conversation``."""

    def _say(self, payload: Payload, think: float, jitter: float, *, from_client: bool) -> Self:
        content = self._content(payload)
        if self.protocol == TCP:
            return self._stream(content, think, jitter, from_client=from_client)
        for lane in self._lanes:
            self._wait(lane, from_client, think)
            stack = self._side(from_client=from_client)
            if self.protocol == UDP:
                header, kind = headers.udp(lane.version, stack, self.path.tos[0 if from_client else 1]), UDP
            else:
                header, kind = headers.bare(lane.version, stack, self._ip_protocol), OTHER
            if len(header) - headers.LINK + len(content.data) > MTU:
                raise ValueError(f"a datagram of {len(content.data)} bytes does not fit into {MTU}")
            lane.put(self._frame(lane, header, content, kind, from_client), jitter)
            lane.last = from_client
        return self

    def _stream(self, content: Content, think: float, jitter: float, *, from_client: bool) -> Self:
        side, other = (0, 1) if from_client else (1, 0)
        rng = self.world.rng
        quick = rng.random() < _QUICK
        for lane in self._lanes:
            left = self._settle(lane, other, think)
            left = self._probe(lane, left)
            early = 0.00003 if quick else self._delay(side)
            if lane.owed[side] and left > early + 0.0001:
                # What is owed for the last data goes ahead as a pure ACK: at once, or when its timer ends.
                self._acknowledge(lane, side, early)
                left -= early
            self._wait(lane, from_client, left)
            self._bursts(lane, content, jitter, from_client=from_client)
            lane.owed[side] = False
        return self

    def _delay(self, side: int) -> float:
        """How long that side's system keeps an ACK back, in seconds."""
        stack = (self.client_stack, self.server_stack)[side]
        return min(stack.delayed_ack * self.world.habits.shares["delayed_ack"], 0.4)

    def _acknowledge(self, lane: Lane, side: int, think: float) -> None:
        """The pure ACK that a side owes."""
        self._wait(lane, side == 0, think)
        self._segment(lane, side == 0, "A", _EMPTY, 0.3)
        lane.last, lane.owed[side] = side == 0, False

    def _settle(self, lane: Lane, other: int, think: float) -> float:
        """In a long pause the side that only listens sends the ACK that it owes; returns the rest of the pause."""
        delay = self._delay(other)
        if not lane.owed[other] or think <= delay + 0.04:
            return think
        self._acknowledge(lane, other, delay)
        return think - delay

    def _probe(self, lane: Lane, think: float) -> float:
        """TCP keep-alive in a long pause (RFC 9293 section 3.8.4); returns the rest of the pause."""
        idle, by_client = self.path.keepalive, not self.path.keepalive_by_server
        if self.protocol != TCP or not idle or not (lane.acked[0] and lane.acked[1]):
            return think
        side = 0 if by_client else 1
        probes = min(int(think / idle), _MOST_PROBES)
        for _ in range(probes):
            self._wait(lane, by_client, idle)
            self._segment(lane, by_client, "A", _EMPTY, 0.0, seq=lane.next[side] - 1)
            lane.last = by_client
            self._acknowledge(lane, 1 - side, 0.00005)
        return think - probes * idle

    # -- data --------------------------------------------------------------------------------------------------------

    def _bursts(self, lane: Lane, content: Content, jitter: float, *, from_client: bool) -> None:
        """Cut at the MSS and send in bursts that grow as in slow start and shrink after a loss."""
        side, other = (0, 1) if from_client else (1, 0)
        size, total = self._mss(lane), len(content.data)
        cuts = [(at, min(at + size, total)) for at in range(0, total, size)]
        base, window, at = lane.next[side], max(lane.speed, 10), 0
        receiver = Receiver(base, self.path.ack_every[other])
        back = self.position if from_client else 1 - self.position
        path_ns = size * 8e9 / self.bandwidth
        wire_ns = size * 8e9 / self.path.burst_rate if self.path.burst_rate and back >= 0.5 else path_ns
        stalls = self.path.stalls and len(cuts) >= _LONG
        while at < len(cuts):
            room = max(lane.room[other] // size, 1)
            burst = _Burst(
                content, base, cuts[at : at + min(window, room)], receiver, back, wire_ns, path_ns, jitter, from_client
            )
            at += len(burst.cuts)
            smooth = self._burst(lane, burst)
            window = min(window * 2, 64) if smooth else max(window // 2, 2)
            if at >= len(cuts):
                break
            self._answer(lane, burst, [receiver.flush()])
            if stalls and at >= _LONG // 2:
                stalls = False
                self._stall(lane, burst)
            lane.gap_rtt += (1 - back) if lane.last != from_client else 1.0
            lane.last = from_client
        lane.speed = window
        lane.next[side] = base + total
        lane.owed[other] = receiver.waiting > 0

    def _burst(self, lane: Lane, burst: _Burst) -> bool:
        """One burst and what comes of it; false where something was lost."""
        if self.path.orderly:
            self._smooth(lane, burst)
            return True
        fates = self.path.fates(self.chance, len(burst.cuts))
        acks: list[Ack | None] = []
        sent = False
        for number in self.path.arrival(self.chance, len(burst.cuts)):
            lane.gap_ns += burst.wire_ns if sent else 0.0
            sent = True
            if fates[number] != BEFORE:
                self._put(lane, burst, number)
            if fates[number] == FINE:
                acks.append(self._arrives(lane, burst, number))
        self._answer(lane, burst, acks)
        lost = [number for number, fate in enumerate(fates) if fate != FINE]
        if lost:
            told = sum(1 for number in range(lost[0] + 1, len(fates)) if fates[number] == FINE)
            self._repair(lane, burst, lost, quick=told >= 3)
        return not lost

    def _smooth(self, lane: Lane, burst: _Burst) -> None:
        """A burst of which all arrives in order: most are."""
        content, from_client, receiver = burst.content, burst.from_client, burst.receiver
        near, reader = burst.back < 0.5, 1 if from_client else 0
        last, total = len(burst.cuts) - 1, len(content.data)
        acks: list[Ack | None] = []
        for number, (low, high) in enumerate(burst.cuts):
            if number:
                lane.gap_ns += burst.wire_ns
            flags = "PA" if number == last or high == total else "A"
            self._segment(lane, from_client, flags, content.cut(low, high), burst.jitter)
            lane.last = from_client
            self._takes(lane, reader, high - low)
            ack = receiver.take(burst.base + low, burst.base + high)
            if ack is not None and near:
                lane.gap_ns += 20_000
                self._reply(lane, burst, ack)
            elif ack is not None:
                acks.append(ack)
        self._answer(lane, burst, acks)

    def _put(self, lane: Lane, burst: _Burst, number: int) -> None:
        """One segment as the monitor sees it, for the first time or again."""
        low, high = burst.cuts[number]
        side = 0 if burst.from_client else 1
        content, reached = burst.content.cut(low, high), burst.base + low
        # A segment that the monitor has not seen before moves the numbers on, even behind a hole.
        lane.next[side] = max(lane.next[side], reached)
        again = reached < lane.next[side]
        flags = burst.flags(number)
        self._segment(lane, burst.from_client, flags, content, burst.jitter, seq=reached if again else -1)
        lane.last = burst.from_client

    def _arrives(self, lane: Lane, burst: _Burst, number: int) -> Ack | None:
        """A segment reaches the receiver, which answers at once where it stands near (then None), or is heard later."""
        low, high = burst.cuts[number]
        self._takes(lane, 1 if burst.from_client else 0, high - low)
        ack = burst.receiver.take(burst.base + low, burst.base + high)
        if ack is None or burst.back >= 0.5:
            return ack
        lane.gap_ns += 20_000
        self._reply(lane, burst, ack)
        return None

    def _reply(self, lane: Lane, burst: _Burst, ack: Ack, window: int = -1) -> None:
        self._segment(
            lane, not burst.from_client, "A", _EMPTY, burst.jitter, ack=ack.number, blocks=ack.blocks, window=window
        )
        lane.last = not burst.from_client

    def _answer(self, lane: Lane, burst: _Burst, acks: list[Ack | None]) -> None:
        """The ACKs of a receiver that stands far from the monitor, after its share of the round trip."""
        first = True
        for ack in acks:
            if ack is None:
                continue
            lane.gap_rtt += burst.back if first and lane.last == burst.from_client else 0.0
            lane.gap_ns += 20_000 if first else burst.path_ns
            first = False
            self._reply(lane, burst, ack)

    def _repair(self, lane: Lane, burst: _Burst, lost: list[int], *, quick: bool) -> None:
        """What was lost comes again: one round trip after the third repeated ACK, or when the sender's timer ends."""
        stack = self._side(from_client=burst.from_client)
        again = self.path.fates(self.chance, len(lost))
        for turn, number in enumerate(lost):
            heard = lane.last != burst.from_client
            lane.gap_rtt += (1 - burst.back) if heard else 1.0
            if not quick:
                lane.gap_ns += stack.least_rto * 1e9
            fate = again[turn]
            if fate == AFTER:
                self._put(lane, burst, number)
            if fate != FINE:  # lost once more: only the timer helps, twice as long
                lane.gap_ns += 2 * stack.least_rto * 1e9
                lane.gap_rtt += 1.0
            self._put(lane, burst, number)
            ack = self._arrives(lane, burst, number)
            self._answer(lane, burst, [ack])
            quick = quick or "S" in self._agreed

    def _stall(self, lane: Lane, burst: _Burst) -> None:
        """The reader stops reading: a window of zero, the sender's probes, and the window's return."""
        ack = Ack(burst.receiver.at)
        side = 0 if burst.from_client else 1
        stack = self._side(from_client=burst.from_client)
        lane.gap_ns += 200_000
        self._reply(lane, burst, ack, window=0)
        wait = stack.least_rto
        for _ in range(int(self.chance.integers(0, 4))):
            lane.gap_rtt += 1 - burst.back
            lane.gap_ns += wait * 1e9
            self._segment(lane, burst.from_client, "A", _EMPTY, 0.0, seq=lane.next[side] - 1)
            lane.gap_rtt += burst.back
            self._reply(lane, burst, ack, window=0)
            wait *= 2
        lane.gap_ns += float(self.chance.uniform(0.02, 0.6)) * 1e9
        self._reply(lane, burst, ack)
