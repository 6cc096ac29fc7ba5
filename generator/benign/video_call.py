"""Video calls as browsers, Teams, Meet, Zoom, Webex, Telegram and WhatsApp hold them: one to one and in groups.

Variants, all drawn per campaign:

* ``relayed``: a call through a service's relay (UDP 3478-3481, 19305, 8801, 9000, 443, 5004): STUN binding or a TURN
  allocation, DTLS, then SRTP (bare, in TURN channels, behind a service's own header, or wholly sealed);
* ``direct``: between two clients' own ports after ICE checks;
* ``probing``: STUN questions to several relays and addresses of the peer at once; half of them are never answered;
* ``signalling``: TLS to the service, bursts when somebody joins, then a heartbeat each 5 to 30 s;
* ``fallback``: media over TLS on TCP 443 where UDP is barred;
* ``plain``: RTP and RTCP without encryption between exchanges, sound and picture on ports of their own.

A call is a session of stretches of 1.5 s on one pair of ports (``generator.shapes.sessions``): the first agrees on
keys, the rest is media: 17 to 50 packets of sound a second each way with silences, picture of 150 kbit/s to 1.2 Mbit/s
in 15 to 30 frames a second, up, down, both or none; 1 to 4 pictures down in a group; reports, feedback, consent checks.
Parameters: ``picture`` (share of the stretches with picture, 0 to 1; else drawn), ``stretches`` (mean number of a
call's stretches, else drawn from 5 to 90).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import dtls, names, stun, tls
from generator.shapes.crowd import Ints, assign, by_actor
from generator.shapes.media import ROUND_TRIP_NS, Media, stretch
from generator.shapes.sessions import Sessions, sessions
from generator.world import Attempts, World

FAMILY = Family("benign", "Video call", "People see and hear each other: STUN, DTLS, media both ways, signalling.")
_SECONDS = 1.5
_MIDDLES = 2  # stretches of media for each service
_SERVICES = 3
_PORTS = (3478, 3479, 3480, 3481, 19305, 8801, 9000, 443, 5004, 10000)
_SYSTEMS = ("windows", "windows", "macos", "android", "ios", "linux")
_PROBES, _SIGNALS, _FALLBACKS = 8, 5, 3


def _media(world: World) -> Media:
    """A service's habits."""
    rng = world.rng
    sound = int(rng.integers(45, 150))
    return Media(
        wrap=str(world.pick(("srtp", "srtp", "channel", "zoom", "sealed"))),
        pace_s=float(world.pick((0.02, 0.02, 0.02, 0.03, 0.04, 0.06))),
        sound=(sound, sound),
        picture=(float(rng.uniform(1.5e5, 5e5)), float(rng.uniform(2e5, 9e5))),
        rate=float(world.pick((15.0, 24.0, 30.0))),
        streams=int(world.pick((1, 1, 2, 4))),
        loss=float(world.pick((0.0, 0.0, 0.002, 0.01, 0.03))),
        silence_s=float(world.pick((0.0, 0.1, 0.4))),
    )


def _udp(world: World, system: str) -> Conversation:
    return Conversation.udp(world, client_os=system, server_os="linux", near=world.pick(("client", "middle")))


def _far(world: World) -> float:
    """A round trip in seconds, told as time to think because media attempts have none of their own."""
    return float(np.clip(world.rng.lognormal(-3.3, 0.6), 0.004, 0.4))


def _start(world: World, system: str, *, relayed: bool, silent: bool) -> Conversation:
    """What comes before media: an address or an allocation, checks, keys."""
    rng, far = world.rng, _far(world)
    conversation = _udp(world, system)
    if relayed and rng.random() < 0.4:
        for asked, told in stun.allocation(rng, names.domain(rng).encode()):
            conversation.client(asked, think=0.002).server(told, think=far)
    else:
        asked, told = stun.binding(rng)
        conversation.client(asked).server(told, think=far)
    user = f"{rng.bytes(2).hex()}:{rng.bytes(2).hex()}".encode()
    for turn in range(int(rng.integers(1, 5))):
        asked, told = stun.check(rng, user, controlling=turn % 2 == 0, nominates=turn > 1)
        say, reply = (conversation.client, conversation.server)[:: 1 if turn % 2 == 0 else -1]
        say(asked, think=0.05 if turn else 0.003)
        reply(told, think=far)
    if not silent:
        cookie = 20 if rng.random() < 0.5 else 0
        conversation.client(dtls.hello(0), think=0.004)
        if cookie:
            conversation.server(dtls.verify(cookie), think=far).client(dtls.hello(1, cookie), think=0.001)
        turn = 1 if cookie else 0
        conversation.server(dtls.server_flight(rng, turn), think=far)
        conversation.client(dtls.client_flight(rng, turn + 1), think=0.006)
        conversation.server(dtls.finish(turn + 5), think=far)
    return conversation


def _probe(world: World, number: int) -> Conversation:
    """A question that is answered, or asked again at growing distances and never answered."""
    rng = world.rng
    conversation = _udp(world, str(world.pick(_SYSTEMS)))
    user = f"{rng.bytes(2).hex()}:{rng.bytes(2).hex()}".encode()
    plain = rng.random() < 0.5
    asked, told = stun.binding(rng) if plain else stun.check(rng, user, controlling=True, nominates=False)
    conversation.client(asked)
    if number % 2:
        wait = float(world.pick((0.25, 0.5, 1.0)))
        for turn in range(int(rng.integers(1, 6))):
            conversation.repeat(think=wait * (1 if rng.random() < 0.3 else 2**turn))
        return conversation
    conversation.server(told, think=_far(world))
    for _ in range(int(rng.integers(0, 3))):
        asked, told = stun.binding(rng)
        conversation.client(asked, think=float(rng.uniform(2, 10))).server(told, think=_far(world))
    return conversation


def _opened(world: World) -> Conversation:
    rng = world.rng
    style = (*tls.LIBRARIES, *tls.BROWSERS)[int(rng.integers(10))]
    conversation = Conversation.tcp(world, client_os=str(world.pick(_SYSTEMS)), server_os="linux", near="client").open()
    conversation.client(tls.client_hello(rng, names.host(rng), style), think=0.001)
    if not style.tls13:
        conversation.server(tls.server_flight_12(rng, names.host(rng), int(rng.integers(2500, 4200))), think=0.003)
        return conversation.client(tls.client_finish_12(), think=0.002).server(tls.server_finish_12(), think=0.001)
    conversation.server(tls.server_flight_13(rng, style, int(rng.integers(1800, 4200))), think=0.003)
    return conversation.client([*tls.client_finish_13(), *tls.application(int(rng.integers(300, 1800)))], think=0.002)


def _signal(world: World) -> Conversation:
    rng = world.rng
    conversation = _opened(world).server(tls.application(int(rng.integers(400, 6000)), rng), think=0.03)
    beat = float(world.pick((5.0, 10.0, 15.0, 30.0)))
    for _ in range(int(rng.integers(2, 9))):
        if rng.random() < 0.35:  # somebody joins, mutes, writes
            for _ in range(int(rng.integers(1, 5))):
                conversation.server(
                    tls.application(int(rng.integers(80, 3000)), rng), think=float(rng.exponential(0.4))
                )
            conversation.client(tls.application(int(rng.integers(60, 900))), think=float(rng.exponential(0.3)))
        conversation.client(tls.application(int(rng.integers(28, 60))), think=beat, jitter=0.05)
        conversation.server(tls.application(int(rng.integers(26, 60))), think=0.004)
    return conversation.close(world.pick(("fin", "rst", "none")), think=1.0)


def _fallback(world: World) -> Conversation:
    """Media inside TLS: many small records both ways for some seconds, now and then a larger one."""
    rng = world.rng
    conversation = _opened(world)
    for turn in range(int(rng.integers(60, 110))):
        conversation.client(tls.application(int(rng.integers(90, 180))), think=float(rng.uniform(0.02, 0.06)))
        size = int(rng.integers(700, 2800)) if turn % 3 == 0 else int(rng.integers(90, 180))
        conversation.server(tls.application(size, rng), think=0.003)
    return conversation.close(world.pick(("fin", "rst")), think=0.5)


def _service(world: World) -> list[Conversation]:
    """One service: a start through a relay, a direct start, stretches without and with picture (in order)."""
    rng = world.rng
    media, system = _media(world), str(world.pick(_SYSTEMS))
    made = [_start(world, system, relayed=relayed, silent=media.wrap == "sealed") for relayed in (True, False)]
    voice = replace(media, picture=(0.0, 0.0))
    one_way = replace(media, picture=(0.0, media.picture[1])) if rng.random() < 0.5 else media
    shows = [voice] * _MIDDLES + [one_way] + [media] * (_MIDDLES - 1)
    made += [stretch(world, _udp(world, system), shown, _SECONDS, turn) for turn, shown in enumerate(shows)]
    return made


def _plain(world: World) -> list[Conversation]:
    sound = Media("rtp", sound=(160, 160), silence_s=0.0, checks=False)
    picture = Media("rtp", sound=(0, 0), picture=(2e5, 3e5), rate=15.0, checks=False)
    return [
        stretch(world, _udp(world, "embedded"), media, _SECONDS, turn) for media in (sound, picture) for turn in (0, 1)
    ]


def conversations(world: World) -> list[Conversation]:
    """Three services with six conversations each, four of plain RTP, then probes, signalling and fallbacks."""
    made = [one for _ in range(_SERVICES) for one in _service(world)] + _plain(world)
    made += [_probe(world, number) for number in range(_PROBES)] + [_signal(world) for _ in range(_SIGNALS)]
    return made + [_fallback(world) for _ in range(_FALLBACKS)]


def _templates(world: World, clan: Ints, call: Sessions, direct: npt.NDArray[np.bool_]) -> Ints:
    """Which conversation each attempt is: starts first, then media in order; any of the others."""
    n, rng = len(clan), world.rng
    pictured = call.of(rng.random(call.total) < float(world.params.get("picture", rng.uniform(0.3, 0.8))))
    each = 2 + 2 * _MIDDLES
    media = clan * each + 2 + np.where(pictured, _MIDDLES, 0) + call.place % _MIDDLES
    plain = _SERVICES * each
    chosen = np.where(call.place == 0, clan * each + direct, media)
    chosen = np.where(clan == 3, plain + 2 * pictured + call.place % 2, chosen)
    at = plain + 4
    for kind, count in enumerate((_PROBES, _SIGNALS, _FALLBACKS)):
        chosen = np.where(clan == 4 + kind, at + rng.integers(0, count, n), chosen)
        at += count
    return chosen


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Callers inside; relays and services outside, peers anywhere. Clans: three services, plain RTP, probes,
    signalling, fallback; only the first four hold sessions.
    """
    n, rng = len(intended), world.rng
    clan = assign(rng, intended, np.array([0.27, 0.18, 0.14, 0.08, 0.19, 0.11, 0.03]))
    mean = float(world.params.get("stretches", rng.uniform(5, 90)))
    once = [1e6] * 3  # seconds: no member of these is ever due again
    call = sessions(world, intended, clan, np.array([_SECONDS] * 4 + once), np.array([mean] * 4 + [1.0] * 3))
    direct = call.of(rng.random(call.total) < 0.3)
    template = _templates(world, clan, call, direct)
    strangers = ~np.isin(world.layout.hosts(world.clients), world.layout.hosts(world.inside))
    callers = world.some(world.inside, 4, max(8, len(world.inside) // 10))
    relays, peers = world.some(world.outside_servers, 4, 12), world.clients[strangers]
    relays, peers = (call.of(world.draw(pool, call.total)) for pool in (relays, peers))
    to_peer = np.where(clan == 4, rng.random(n) < 0.5, (clan == 3) | ((clan < 3) & direct))
    src, dst = by_actor(
        world,
        call.session,
        call.of(world.draw(callers, call.total)),
        np.where(to_peer[:, None], peers, relays),
    )
    own, other = call.of(world.ephemeral(call.total)), call.of(world.ephemeral(call.total))
    service = np.where(clan == 4, rng.choice(np.array(_PORTS[:4]), n), rng.choice(np.array(_PORTS), 3)[clan % 3])
    port = np.where(clan > 4, 443, np.where(to_peer, other, service))
    even = np.where(clan == 3, 0xFFFE, 0xFFFF)  # RTP takes even ports
    made = Attempts.of(
        world,
        call.times,
        src=src,
        dst=dst,
        src_port=own & even,
        dst_port=port & even,
        template=template,
        rtt_ns=np.where(clan >= 4, world.rtt(n), ROUND_TRIP_NS),
        ipv6=False,
    )
    return made._replace(seed=call.seeds(rng))
