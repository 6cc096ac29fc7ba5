"""Voice over IP: SIP registrations and calls (RFC 3261), and their RTP streams (RFC 3550) of a packet every 20 ms
each way.

Codecs of 20 to 160 bytes a packet, silence suppression at times, a call of 4 to 8 s here (the rest looks the same),
RTP ports even and high. Variants of signalling beside calls and registrations: a keep-alive each 15 to 60 s (OPTIONS,
or two empty lines), calls that are busy, rejected, not found or cancelled, a registration that fails (403, again each
minute: a phone with an old password), an exchange that does not answer (500 ms, 1 s, 2 s, 4 s). Parameters: ``failing``
(share of signalling that comes to nothing, else 0.05 to 0.15).
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
_OTHERS = 8  # four keep-alives, then what fails
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


def _other(world: World, number: int) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, client_os=world.pick(("embedded", "linux", "windows")))
    if number < 2:
        conversation.client(_message("OPTIONS sip:example.com SIP/2.0", 1, "OPTIONS"))
        return conversation.server(_message("SIP/2.0 200 OK", 1, "OPTIONS"), think=0.002)
    if number < 4:
        for turn in range(4):
            conversation.client(b"\r\n\r\n", think=float(rng.uniform(15, 60)) if turn else 0.0, jitter=0.02)
        return conversation
    if number == 4:
        for turn, answer in ((1, "401 Unauthorized"), (2, "403 Forbidden")):
            conversation.client(_message("REGISTER sip:example.com SIP/2.0", turn, "REGISTER"), think=0.005)
            conversation.server(_message(f"SIP/2.0 {answer}", turn, "REGISTER"), think=0.004)
        return conversation
    if number == 5:
        conversation.client(_message("REGISTER sip:example.com SIP/2.0", 1, "REGISTER"))
        return conversation.repeat(think=0.5).repeat(think=1.0).repeat(think=2.0).repeat(think=4.0)
    conversation.client(_message("INVITE sip:100@example.com SIP/2.0", 1, "INVITE"))
    conversation.server(_message("SIP/2.0 100 Trying", 1, "INVITE"), think=0.003)
    answer = ("486 Busy Here", "404 Not Found", "603 Decline", "480 Temporarily Unavailable")[int(rng.integers(4))]
    if number == 7:
        conversation.server(_message("SIP/2.0 180 Ringing", 1, "INVITE"), think=0.1)
        conversation.client(
            _message("CANCEL sip:100@example.com SIP/2.0", 1, "CANCEL"), think=float(rng.uniform(3, 20))
        )
        conversation.server(_message("SIP/2.0 200 OK", 1, "CANCEL"), think=0.002)
        answer = "487 Request Terminated"
    conversation.server(_message(f"SIP/2.0 {answer}", 1, "INVITE"), think=0.2)
    return conversation.client(_message("ACK sip:100@example.com SIP/2.0", 1, "ACK"), think=0.002)


def conversations(world: World) -> list[Conversation]:
    """Registrations and calls first, then streams, then keep-alives and what fails."""
    made = [_signal(world, number) for number in range(_SIGNALS)] + [_stream(world) for _ in range(_STREAMS)]
    return made + [_other(world, number) for number in range(_OTHERS)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Phones inside talk to one or two exchanges; streams run between phones and the media relays beside them."""
    n, rng = len(intended), world.rng
    exchanges = world.some(world.outside_servers, 1, 3)
    streams = rng.random(n) < 0.35
    failing = float(np.clip(world.params.get("failing", rng.uniform(0.05, 0.15)), 0.0, 1.0))
    fate, other = rng.random(n), _SIGNALS + _STREAMS
    signal = np.where(fate < 0.25, other + rng.integers(0, 4, n), rng.integers(0, _SIGNALS, n))
    signal = np.where(fate > 1.0 - failing, other + rng.integers(4, _OTHERS, n), signal)
    port = np.where(streams, rng.integers(5_000, 20_000, n) * 2, 5060)
    return Attempts.of(
        world,
        intended,
        src=world.draw(world.inside, n),
        dst=world.draw(exchanges, n),
        src_port=np.where(streams, rng.integers(5_000, 20_000, n) * 2, 5060),
        dst_port=port,
        template=np.where(streams, _SIGNALS + rng.integers(0, _STREAMS, n), signal),
        rtt_ns=world.lan_rtt(n) * 4,
    )
