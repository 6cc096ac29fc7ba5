"""One template conversation: what a family file writes, as a script of who says what and when.

A family calls ``Conversation.tcp(world)`` and then ``open``, ``client``, ``server``, ``close``; the builder keeps an
IPv4 and an IPv6 rendering, cuts payloads at the MSS, adds ACKs, and notes for each frame how long after the one before
it appears: a multiple of the attempt's round trip plus a time to think. The monitor stands between both ends
(``near="server"``: at the site's border, ``"client"``: at the visitor's own network).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Self

from generator import headers
from generator.exchange import ARP, ICMP, ICMPV6, MTU, OTHER, TCP, UDP, Frame, Lane
from generator.fragments import cut
from generator.path import AFTER, Path
from generator.payload import Content, Payload, Rand, join
from generator.stream import Stream
from generator.world import World

__all__ = ["Conversation", "Payload", "Rand", "join"]
_FRAGMENT_NS = 12_000  # between fragments: 1,500 bytes at a gigabit a second


class Conversation(Stream):
    """A script of frames between a client and a server; every method returns the conversation itself.

    Think times are seconds and vary by ``jitter`` (a share, 0 to 1) in every attempt. ``client_os`` and ``server_os``
    name a stack of ``generator.habits``; without a name the campaign's usual ones are drawn. Keep all conversations of
    a family together under about 20,000 frames and 16 MB.
    """

    @classmethod
    def tcp(
        cls, world: World, *, client_os: str = "", server_os: str = "", near: str = "", path: Path | None = None
    ) -> Self:
        """A TCP connection."""
        return cls(world, TCP, client_os, server_os, near, path)

    @classmethod
    def udp(
        cls, world: World, *, client_os: str = "", server_os: str = "", near: str = "", path: Path | None = None
    ) -> Self:
        """UDP datagrams; ``client`` and ``server`` send one datagram each (at most 1,452 bytes)."""
        return cls(world, UDP, client_os, server_os, near, path)

    @classmethod
    def icmp(
        cls, world: World, *, client_os: str = "", server_os: str = "", near: str = "", path: Path | None = None
    ) -> Self:
        """ICMP echo (ICMPv6 in the IPv6 rendering); see ``ping``."""
        return cls(world, ICMP, client_os, server_os, near, path)

    @classmethod
    def arp(cls, world: World) -> Self:
        """ARP on the local network, IPv4 only (``ipv6=False`` in ``Attempts.of``); see ``who_has`` and ``is_at``."""
        return cls(world, ARP)

    @classmethod
    def ip(cls, world: World, protocol: int, *, client_os: str = "", server_os: str = "", near: str = "") -> Self:
        """Another IP protocol; ``client`` and ``server`` send one packet each whose body is the payload."""
        conversation = cls(world, OTHER, client_os, server_os, near)
        conversation._ip_protocol = protocol
        return conversation

    # -- TCP ---------------------------------------------------------------------------------------------------------

    def open(self, think: float = 0.0) -> Self:
        """The three-way handshake with both systems' options; on a lossy path with repetitions."""
        asks = self.path.ecn
        self._ecn = asks and self.server_stack.ecn_answer
        self.send("SEC" if asks else "S", think=think)
        lost = self.path.fates(self.chance, 2)
        if lost[0] == AFTER:
            self.repeat(self.path.syn_retry)
        self.send("SAE" if self._ecn else "SA", from_client=False, think=0.00005)
        if lost[1] == AFTER:
            # Both ends' timers run; the server's answer comes again first.
            self.repeat(self.path.syn_retry)
        return self.send("A", think=0.00002)

    def narrow(self, window: int) -> Self:
        """The client announces this receive window (bytes), unscaled, from the start and for good."""
        self.client_stack = replace(self.client_stack, window=window, scale=0, tool=True)
        for lane in self._lanes:
            lane.room[0] = window
        return self

    def repeat(self, think: float = 1.0, jitter: float = 0.05) -> Self:
        """The last frame comes once more after that time: a retransmission, same sequence number."""
        for lane in self._lanes:
            lane.gap_ns += think * 1e9
            lane.put(lane.frames[-1], jitter)
        return self

    def client(self, payload: Payload, think: float = 0.0, jitter: float = 0.3) -> Self:
        """The client says this ``think`` seconds after it last heard or said something."""
        return self._say(payload, think, jitter, from_client=True)

    def server(self, payload: Payload, think: float = 0.0, jitter: float = 0.3) -> Self:
        """The server says this ``think`` seconds after it last heard or said something."""
        return self._say(payload, think, jitter, from_client=False)

    def acknowledge(self, think: float = 0.0) -> Self:
        """Send the pure ACK that one side still owes, if any, without waiting for the delayed ACK."""
        for lane in self._lanes:
            for side in (0, 1):
                if lane.owed[side]:
                    self._acknowledge(lane, side, think)
        return self

    def refuse(self, think: float = 0.00005) -> Self:
        """The server answers with RST/ACK, as a closed port does."""
        return self.send("RA", from_client=False, think=think, options=False)

    def close(self, how: Literal["fin", "server_fin", "rst", "server_rst", "none"] = "fin", think: float = 0.0) -> Self:
        """End the connection: ``fin`` by the client, ``server_fin`` by the server, a reset by either, or not at all."""
        if how == "none":
            return self.acknowledge(self.world.habits.delayed_ack_s)
        first = how in ("fin", "rst")
        if how in ("rst", "server_rst"):
            return self.send("RA", from_client=first, think=think)
        self.send("FA", from_client=first, think=think)
        if AFTER in self.path.fates(self.chance, 1):
            self.repeat(self._side(from_client=first).least_rto, jitter=0.3)
        self.send("FA", from_client=not first, think=0.0002)
        if how == "fin" and self.path.resets:
            return self.send("R", think=0.00002, options=False)
        return self.send("A", from_client=first, think=0.00002)

    # -- other protocols ---------------------------------------------------------------------------------------------

    def ping(
        self, payload: Payload = b"", *, reply: bool = True, think: float = 0.0, jitter: float = 0.1, mtu: int = MTU
    ) -> Self:
        """One echo request and its reply; the identifier is fresh per attempt and the sequence number counts up."""
        self._serial += 1
        number = self._serial.to_bytes(2, "big")
        head: list[bytes | Rand] = [Rand(2, "bytes", key="echo-id"), number]
        content = self._content(join(head, payload))
        for is_reply in (False, True) if reply else (False,):
            for lane in self._lanes:
                self._wait(lane, not is_reply, 0.00005 if is_reply else think)
                stack = self._side(from_client=not is_reply)
                header = headers.echo(lane.version, stack, reply=is_reply)[:-4]
                kind = ICMP if lane.version == 4 else ICMPV6
                self._put_cut(lane, self._frame(lane, header, content, kind, not is_reply), mtu, jitter)
            for lane in self._lanes:
                lane.last = not is_reply
        return self

    def datagram(
        self, payload: Payload, *, mtu: int = MTU, from_client: bool = True, think: float = 0.0, jitter: float = 0.3
    ) -> Self:
        """One UDP datagram of up to some 65,000 bytes; what exceeds the link's ``mtu`` leaves in IP fragments.

        Random parts may stand anywhere in it. For ICMP see ``ping``, which does the same. An ICMP error cannot quote
        a conversation that begins with a fragment.
        """
        content = self._content(payload)
        for lane in self._lanes:
            self._wait(lane, from_client, think)
            header = headers.udp(lane.version, self._side(from_client=from_client))
            self._put_cut(lane, self._frame(lane, header, content, UDP, from_client), mtu, jitter)
            lane.last = from_client
        return self

    def _put_cut(self, lane: Lane, frame: Frame, mtu: int, jitter: float) -> None:
        for number, piece in enumerate(cut(frame, mtu)):
            lane.gap_ns += _FRAGMENT_NS if number else 0
            lane.put(piece, jitter)

    def icmp_message(
        self,
        kind: int,
        code: int,
        body: Payload,
        *,
        from_client: bool = True,
        think: float = 0.0,
        jitter: float = 0.1,
    ) -> Self:
        """One ICMP message of any type, in fragments where it exceeds the MTU; ``body`` is all behind its checksum.

        IPv6 has an echo message in its place.

        What an error quotes must have addresses of the lab.
        """
        content = self._content(body)
        for lane in self._lanes:
            self._wait(lane, from_client, think)
            kind4 = lane.version == 4
            header = headers.bare(lane.version, self._side(from_client=from_client), ICMP if kind4 else ICMPV6)
            header += bytes((kind, code, 0, 0)) if kind4 else bytes((128 if from_client else 129, 0, 0, 0))
            self._put_cut(lane, self._frame(lane, header, content, ICMP if kind4 else ICMPV6, from_client), MTU, jitter)
            lane.last = from_client
        return self

    def unreachable(self, code: int = 3, think: float = 0.0001) -> Self:
        """The server (or its router) answers the client's first frame with ICMP destination unreachable that quotes it.

        ``code`` as in ICMP: 1 host, 3 port, 10 and 13 administratively prohibited.
        """
        for lane in self._lanes:
            first = next(frame for frame in lane.frames if not frame.reverse)
            # The stamp copies the quoted bytes from the first frame as it left; here only their number counts.
            whole = len(first.header) + len(first.content.data) - headers.LINK
            content = Content(bytes(28 if lane.version == 4 else min(whole, 1232)), ())
            self._wait(lane, False, think)  # noqa: FBT003
            header = headers.unreachable(lane.version, self.server_stack, code)
            kind = ICMP if lane.version == 4 else ICMPV6
            lane.put(self._frame(lane, header, content, kind, from_client=False)._replace(quotes=True), 0.3)
            lane.last = False
        return self

    def who_has(self, *, reply: bool = True, think: float = 0.0, jitter: float = 0.3, mac: str = "") -> Self:
        """The source asks for the destination's MAC address; ``reply`` lets it answer. ``mac`` as in ``is_at``."""
        for lane in self._lanes:
            lane.gap_ns += think * 1e9
            header = headers.arp(1, broadcast=not mac, mac=mac)
            lane.put(self._frame(lane, header, Content(b"", ()), ARP, from_client=True), jitter)
        return self.is_at(from_client=False, think=0.0002) if reply else self

    def is_at(self, *, from_client: bool = True, think: float = 0.0, jitter: float = 0.3, mac: str = "") -> Self:
        """One side tells the other its own MAC address (unasked when it comes first).

        With ``mac`` it is another host that claims the address, from that MAC (its first byte must not be 02).
        """
        for lane in self._lanes:
            lane.gap_ns += think * 1e9
            header = headers.arp(2, broadcast=False, mac=mac)
            lane.put(self._frame(lane, header, Content(b"", ()), ARP, from_client=from_client), jitter)
        return self

    def pause(self, seconds: float) -> Self:
        """Nothing is said for that long (added to what comes next); a connection may be kept alive meanwhile."""
        for lane in self._lanes:
            left = seconds
            if self.protocol == TCP:
                left = self._probe(lane, self._settle(lane, 1, self._settle(lane, 0, left)))
            lane.gap_ns += left * 1e9
        return self

    # -- for the engine ----------------------------------------------------------------------------------------------

    def frames(self, version: int) -> list[Frame]:
        """The frames of the IPv4 (4) or IPv6 (6) rendering, in order."""
        return self._lanes[0 if version == 4 else 1].frames
