"""Sound and picture in real time: which packets leave when, both ways, and what stands at their head.

Sound: a packet each 20 to 60 ms while somebody speaks, a small one each 100 to 400 ms (or nothing) while he listens.
Picture: frames of several packets sent close together, key frames that are three to eight times as large, feedback
every 50 to 100 ms, reports every second or so (RFC 3550, RFC 4585). Gaps are absolute: give such attempts a round trip
near zero (``ROUND_TRIP_NS``), for a stream does not wait for the other side.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from generator.conversation import Conversation
from generator.payload import Rand
from generator.shapes import stun
from generator.shapes.parts import Part, length, rand
from generator.world import World

ROUND_TRIP_NS: Final = 2_000
_MOST: Final = 1_190  # bytes of a picture's packet; what is wrapped around it still fits


@dataclass(frozen=True)
class Media:
    """One call's habits, each pair is (up, down). ``picture`` is bits a second; 0 sends none.

    ``wrap``: ``rtp`` as it is, ``channel`` in TURN channels, ``zoom`` behind a header of its own, ``sealed`` nothing
    that can be read, ``srtp`` RTP with a tag.
    """

    wrap: str = "srtp"
    pace_s: float = 0.02
    sound: tuple[int, int] = (100, 100)
    picture: tuple[float, float] = (0.0, 0.0)
    rate: float = 30.0
    streams: int = 1  # pictures that come down
    loss: float = 0.0
    silence_s: float = 0.4  # 0: a packet each pace also in silence
    checks: bool = True


class _Due(NamedTuple):
    at: float
    up: bool
    kind: str  # sound, picture, report, feedback, check
    size: int
    stream: int = 0
    ends: bool = False


def _sound(rng: np.random.Generator, media: Media, seconds: float, *, up: bool) -> list[_Due]:
    size = media.sound[0 if up else 1]
    at, speaks, until, made = float(rng.uniform(0, media.pace_s)), bool(rng.integers(2)), 0.0, []
    if not size:
        return []
    while at < seconds:
        if at >= until:
            speaks, until = not speaks, at + float(rng.exponential(1.8)) + 0.2
        quiet = not speaks and media.silence_s > 0
        swing = size * 0.25 if speaks else 8
        made.append(_Due(at, up, "sound", max(int(rng.normal(12 if quiet else size, swing)), 8)))
        at += max(media.silence_s if quiet else media.pace_s, media.pace_s) * float(rng.uniform(0.97, 1.03))
    return made


def _picture(rng: np.random.Generator, media: Media, seconds: float, *, up: bool, stream: int) -> list[_Due]:
    rate = media.picture[0 if up else 1] * (1.0 if stream == 0 else 0.3)
    at, made, number = float(rng.uniform(0, 1 / media.rate)), [], int(rng.integers(0, 60))
    while rate > 0 and at < seconds:
        key = number % int(media.rate * 6) == 0
        left = int(rate / 8 / media.rate * rng.lognormal(0.0, 0.35) * (rng.uniform(3, 8) if key else 1.0)) + 40
        moment, pieces = at, -(-left // _MOST)
        for piece in range(pieces):  # pieces of about equal size, as packetisers make them
            made.append(_Due(moment, up, "picture", left // pieces + 1, stream, piece == pieces - 1))
            moment += float(rng.uniform(0.00005, 0.0012))
        at += float(rng.normal(1.0, 0.08)) / media.rate
        number += 1
    return made


def _extras(rng: np.random.Generator, media: Media, seconds: float) -> list[_Due]:
    made = []
    for up in (True, False):
        has_picture = media.picture[1 if up else 0] > 0
        at = float(rng.uniform(0, 1))
        while at < seconds:
            made.append(_Due(at, up, "report", int(rng.integers(60, 110))))
            at += float(rng.uniform(0.7, 1.6) if has_picture else rng.uniform(2.0, 5.0))
        at = float(rng.uniform(0, 0.1))
        while has_picture and at < seconds:
            made.append(_Due(at, up, "feedback", int(rng.integers(28, 64))))
            at += float(rng.uniform(0.05, 0.1))
        at = float(rng.uniform(0, 2.5))
        while media.checks and at < seconds:
            made.append(_Due(at, up, "check", 0))
            at += float(rng.uniform(2.0, 5.0))
    return made


def stretch(world: World, conversation: Conversation, media: Media, seconds: float, turn: int) -> Conversation:
    """Media for that long. ``turn`` carries RTP's numbers on from the stretch before."""
    rng = world.rng
    due = _extras(rng, media, seconds)
    for up in (True, False):
        due += _sound(rng, media, seconds, up=up)
        for stream in range(1 if up else media.streams):
            due += _picture(rng, media, seconds, up=up, stream=stream)
    due = sorted(one for one in due if rng.random() >= media.loss)
    numbers: dict[tuple[bool, str, int], int] = {}
    before = 0.0
    user = f"{rng.bytes(2).hex()}:{rng.bytes(2).hex()}".encode()
    for one in due:
        think, before = one.at - before, one.at
        if one.kind == "check":
            _check(conversation, rng, user, one, think)
            continue
        key = (one.up, one.kind, one.stream)
        numbers[key] = numbers.get(key, (turn * 4096 + 77 * len(numbers)) & 0xFFFF) + 1
        payload = _wrapped(world, media, one, numbers[key])
        (conversation.client if one.up else conversation.server)(payload, think=think, jitter=0.08)
    return conversation.pause(max(seconds - before, 0.0))


def _check(conversation: Conversation, rng: np.random.Generator, user: bytes, due: _Due, think: float) -> None:
    asked, answer = stun.check(rng, user, controlling=due.up, nominates=False)
    say, reply = (conversation.client, conversation.server) if due.up else (conversation.server, conversation.client)
    say(asked, think=think)
    reply(answer, think=0.0)


def _wrapped(world: World, media: Media, due: _Due, number: int) -> list[Part]:
    ssrc = rand(4, "bytes", f"ssrc{due.up}{due.kind[0]}{due.stream}")
    if media.wrap == "sealed":  # a counter behind two bytes of the service's own, then nothing readable
        return [struct.pack("!BBHI", 0xD4, 0x17, number & 0xFFFF, 0), world.noise(due.size + 16)]
    if due.kind in ("report", "feedback"):
        inner = _report(world, media, due, ssrc)
    else:
        kind = 111 if due.kind == "sound" else 96
        stamp = (number * 960 if due.kind == "sound" else number * 1500) & 0xFFFFFFFF
        extended = media.wrap != "rtp"
        head = struct.pack(
            "!BBHI", 0x90 if extended else 0x80, kind | (0x80 if due.ends else 0), number & 0xFFFF, stamp
        )
        extension = b"\xbe\xde\x00\x02\x22" + world.noise(3) + b"\x31" + world.noise(2) + b"\x00" if extended else b""
        inner = [head, ssrc, extension, world.noise(due.size + (10 if extended else 0))]
    if media.wrap == "channel":
        return [stun.channel_data(bytes(length(inner))), *inner]
    if media.wrap == "zoom":
        outer = struct.pack("!BHI", 5, number & 0xFFFF, 0) + (b"\x00" if due.up else b"\x04")
        return [outer, b"\x10" if due.kind == "picture" else b"\x0f", world.noise(18), *inner]
    return inner


def _report(world: World, media: Media, due: _Due, ssrc: Rand) -> list[Part]:
    """RTCP: a sender report and a name, or feedback; under SRTP all but eight bytes are encrypted."""
    if media.wrap == "rtp":
        numbers = rand(20, "bytes")
        named = struct.pack("!BBH", 0x81, 202, 6)
        return [b"\x80\xc8\x00\x06", ssrc, numbers, named, ssrc, b"\x01\x10", rand(16), b"\x00\x00"]
    words = due.size // 4
    head = b"\x80\xc8" if due.kind == "report" else b"\x8f\xcd"
    return [head + (words - 1).to_bytes(2, "big"), ssrc, world.noise(words * 4 - 8 + 14)]
