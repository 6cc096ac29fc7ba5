"""Voice over IP: SIP registrations and calls (RFC 3261), and their RTP streams (RFC 3550) of a packet every 20 ms
each way.

Codecs of 20 to 160 bytes a packet, silence suppression at times, a call of 4 to 8 s here (the rest looks the same),
RTP ports even and high.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes.parts import Part
from generator.world import Attempts, World

FAMILY = Family("benign", "Voice over IP", "Phones register and talk: SIP and RTP.")
_SIGNALS = 12
_STREAMS = 10


def _message(line: str, number: int, method: str, body: bytes = b"") -> list[Part]:
    head = f"{line}\r\nVia: SIP/2.0/UDP phone.example.com:5060;branch=z9hG4bK"
    rest = f"\r\nMax-Forwards: 70\r\nCSeq: {number} {method}\r\nUser-Agent: Phone 2.1\r\n"
    rest += "Contact: <sip:200@phone.example.com>\r\n"
    kind = "Content-Type: application/sdp\r\n" if body else ""
    tail = f"{kind}Content-Length: {len(body)}\r\n\r\n".encode() + body
    names: list[Part] = [
        b"\r\nFrom: <sip:200@example.com>;tag=",
        Rand(8, "hex", "from"),
        b"\r\nTo: <sip:100@example.com>\r\nCall-ID: ",
        Rand(20, "hex", "call"),
    ]
    return [head.encode(), Rand(12, "alnum", f"branch{number}"), *names, rest.encode(), tail]


def _signal(world: World, number: int) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, client_os=world.pick(("embedded", "linux", "windows")))
    if number % 2:
        for turn, answer in ((1, "401 Unauthorized"), (2, "200 OK")):
            conversation.client(_message("REGISTER sip:example.com SIP/2.0", turn, "REGISTER"), think=0.005)
            conversation.server(_message(f"SIP/2.0 {answer}", turn, "REGISTER"), think=0.004)
        return conversation
    port = int(rng.integers(8_000, 20_000)) * 2
    owner = "o=- 1 1 IN IP4 198.18.0.1\r\ns=-\r\nc=IN IP4 198.18.0.1\r\n"
    body = f"v=0\r\n{owner}t=0 0\r\nm=audio {port} RTP/AVP 0\r\n".encode()
    conversation.client(_message("INVITE sip:100@example.com SIP/2.0", 1, "INVITE", body))
    conversation.server(_message("SIP/2.0 100 Trying", 1, "INVITE"), think=0.003)
    conversation.server(_message("SIP/2.0 180 Ringing", 1, "INVITE"), think=0.1)
    conversation.server(_message("SIP/2.0 200 OK", 1, "INVITE", body), think=float(rng.uniform(1, 6)))
    conversation.client(_message("ACK sip:100@example.com SIP/2.0", 1, "ACK"), think=0.002)
    conversation.client(_message("BYE sip:100@example.com SIP/2.0", 2, "BYE"), think=float(rng.uniform(4, 30)))
    return conversation.server(_message("SIP/2.0 200 OK", 2, "BYE"), think=0.003)


def _stream(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, client_os=world.pick(("embedded", "linux", "windows")), near="middle")
    kind, size = ((0, 160), (8, 160), (18, 20), (9, 160))[int(rng.integers(4))]
    silent = rng.random() < 0.3
    sequence, stamp = (int(value) for value in rng.integers(0, 30_000, 2))
    for number in range(int(rng.integers(200, 400))):
        head = struct.pack("!BBHI", 0x80, kind, sequence + number, stamp + 160 * number)
        both = (True, False) if number % 2 else (False, True)
        for client in both:
            if silent and (number // 60) % 2 == int(client):
                continue
            say = conversation.client if client else conversation.server
            # the pair of datagrams comes every 20 ms whatever the round trip is
            say(
                [head, Rand(4, "bytes", f"ssrc{client}"), world.noise(size)],
                think=0.0175 if client == both[0] else 0.0005,
                jitter=0.05,
            )
    return conversation


def conversations(world: World) -> list[Conversation]:
    """Registrations and calls first, then streams."""
    return [_signal(world, number) for number in range(_SIGNALS)] + [_stream(world) for _ in range(_STREAMS)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Phones inside talk to one or two exchanges; streams run between phones and the media relays beside them."""
    n, rng = len(intended), world.rng
    exchanges = world.some(world.outside_servers, 1, 3)
    streams = rng.random(n) < 0.35
    port = np.where(streams, rng.integers(5_000, 20_000, n) * 2, 5060)
    return Attempts.of(
        world,
        intended,
        src=world.draw(world.inside, n),
        dst=world.draw(exchanges, n),
        src_port=np.where(streams, rng.integers(5_000, 20_000, n) * 2, 5060),
        dst_port=port,
        template=np.where(streams, _SIGNALS + rng.integers(0, _STREAMS, n), rng.integers(0, _SIGNALS, n)),
        rtt_ns=world.lan_rtt(n) * 4,
    )
