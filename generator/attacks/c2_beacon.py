"""Command-and-control beacons: infected hosts call home, each in its own rhythm, and mostly hear that there is
nothing to do.

Shapes: HTTP (GET with an id in path, query or cookie; small or empty answers), TLS (full or resumed handshakes, one
small record each way), DNS (TXT or A look-ups of a small id; runs of generated names that do not exist), raw TCP
(length-prefixed or text check-ins) and persistent TCP or TLS connections that carry a heartbeat. Period 2 to 120 s
(at most a fifth of the campaign, else nobody could see a rhythm), jitter 0 to 50 % as implants configure it. About
one beat in ten carries a task or its output. ``attempts`` shifts the planned times to the beats of the bots; the rate
stays as planned.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import dns, http, names, tls
from generator.shapes.crowd import SECOND, assign, beats, by_actor, infected, uneven
from generator.shapes.parts import Part, Parts, rand
from generator.world import Attempts, World

FAMILY = Family(
    "command_and_control",
    "C2 beacon",
    "An infected host calls its controller at regular times with small requests and small answers.",
    "T1071.001",
    "TA0011",
)
_EACH = 8
_CLANS = 6
_SYSTEMS = ("windows", "windows", "windows", "linux", "embedded", "android")


class _Implant:
    """What all bots of one kind share."""

    def __init__(self, world: World, shape: int, period: float) -> None:
        rng = world.rng
        self.shape, self.period = shape, period
        self.host = names.host(rng) if rng.random() < 0.7 else "198.19.{}.{}".format(*rng.integers(1, 255, 2))
        self.system = str(world.pick(_SYSTEMS))
        self.agent = str(world.pick(http.BROWSERS + http.OLD_BROWSERS + http.TOOLS))
        self.path = http.path(rng, str(world.pick(("", ".php", ".gif", "/", ".asp"))))
        self.up, self.down = int(rng.integers(8, 120)), int(rng.integers(0, 250))
        self.style = (*tls.LIBRARIES, tls.CHROME_OLD)[int(rng.integers(5))]
        self.resumes = rng.random() < 0.5
        self.alphabet = str(world.pick(("hex", "base32", "alnum", "base64")))
        self.delay = float(rng.lognormal(-4.5, 1.0))
        self.ends = str(world.pick(("fin", "server_fin", "rst")))
        self.posts = rng.random() < 0.35
        self.cookie = rng.random() < 0.4


def _sizes(world: World, implant: _Implant, *, tasked: bool) -> tuple[int, int]:
    if not tasked:
        return implant.up, implant.down
    rng = world.rng
    return (
        (implant.up + int(rng.integers(50, 1200)), implant.down)
        if rng.random() < 0.5
        else (implant.up, implant.down + int(rng.lognormal(7.0, 1.2)) % 30_000)
    )


def _http(world: World, implant: _Implant, *, tasked: bool) -> Conversation:
    up, down = _sizes(world, implant, tasked=tasked)
    conversation = Conversation.tcp(world, client_os=implant.system, near="client").open()
    kind = "alnum" if implant.alphabet == "base64" else implant.alphabet
    headers: list[tuple[str, Parts]] = [
        ("Host", implant.host.encode()),
        ("User-Agent", implant.agent.encode()),
        ("Connection", b"close"),
    ]
    token: list[Part] = [rand(min(up, 60), kind, "id")]
    if implant.posts or (tasked and up > implant.up):
        request = http.request("POST", implant.path.encode(), headers, [rand(up, implant.alphabet)])
    elif implant.cookie:
        request = http.request("GET", implant.path.encode(), [*headers, ("Cookie", [b"session=", *token])])
    else:
        request = http.request(
            "GET", [f"{implant.path}?{names.token(world.rng, 2, 'letters')}=".encode(), *token], headers
        )
    conversation.client(request, think=0.002)
    status = 200 if down or tasked else int(world.pick((200, 204, 404)))
    body: Parts = (
        [rand(min(down, 64), implant.alphabet), world.noise(max(down - 64, 0))] if down and status == 200 else b""
    )
    answer = http.response(status, http.server_headers(world.rng, "nginx", "text/html"), body)
    return conversation.server(answer, think=implant.delay).close(implant.ends, think=0.001)  # type: ignore[arg-type] # drawn from close's words


def _tls_open(world: World, implant: _Implant) -> Conversation:
    conversation = Conversation.tcp(world, client_os=implant.system, near="client").open()
    conversation.client(tls.client_hello(world.rng, implant.host, implant.style), think=0.001)
    if implant.style.tls13:
        chain = 60 if implant.resumes else 1100
        conversation.server(tls.server_flight_13(world.rng, implant.style, chain), think=0.002)
        return conversation.client(tls.client_finish_13(), think=0.001)
    conversation.server(tls.server_flight_12(world.rng, "www.example.com", 1900), think=0.002)
    conversation.client(tls.client_finish_12(), think=0.002)
    return conversation.server(tls.server_finish_12(), think=0.001)


def _tls(world: World, implant: _Implant, *, tasked: bool) -> Conversation:
    up, down = _sizes(world, implant, tasked=tasked)
    conversation = _tls_open(world, implant)
    conversation.client(tls.application(160 + up), think=0.0005)
    conversation.server(tls.application(150 + down), think=implant.delay)
    if implant.ends == "fin":
        conversation.client(tls.alert_close(), think=0.0005)
    return conversation.close(implant.ends, think=0.0003)  # type: ignore[arg-type] # drawn from close's words


def _dns(world: World, implant: _Implant, *, tasked: bool) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, client_os=implant.system, near="client")
    generated = implant.posts
    for turn in range(int(rng.integers(1, 5)) if generated else 1):
        key = f"id{turn}"
        if generated:
            question: list[Part] = [
                rand(8 + implant.up % 12, "lower", f"name{turn}"),
                b"example",
                world.pick((b"com", b"net", b"org")),
            ]
            found = tasked and turn == 0
        else:
            labels = [rand(min(implant.up, 20 + 30 * tasked), "hex", f"name{turn}")]
            question = [*labels, *(part.encode() for part in implant.host.split(".")[-3:])]
            found = True
        qtype = dns.TXT if implant.cookie and not generated else dns.A
        conversation.client(dns.query(question, qtype, message_id=key), think=0.02 if turn else 0.0)
        data: list[Part] = (
            dns.txt_data(min(implant.down, 60) + 4) if qtype == dns.TXT else [b"\xc6\x13", rand(2, "bytes")]
        )
        answers = [dns.record(qtype, data, ttl=60)] if found else []
        authority = [] if found else [dns.soa("example.com")]
        rcode = dns.NOERROR if found else dns.NXDOMAIN
        conversation.server(
            dns.response(question, qtype, answers, rcode=rcode, authority=authority, message_id=key), think=0.002
        )
    return conversation


def _raw(world: World, implant: _Implant, *, tasked: bool) -> Conversation:
    up, down = _sizes(world, implant, tasked=tasked)
    conversation = Conversation.tcp(world, client_os=implant.system, near="client").open()
    conversation.client([up.to_bytes(4, "little"), rand(up, "bytes")], think=0.001)
    if down:
        conversation.server(
            [down.to_bytes(4, "little"), rand(min(down, 64), "bytes"), world.noise(max(down - 64, 0))],
            think=implant.delay,
        )
    return conversation.close(implant.ends, think=implant.delay)  # type: ignore[arg-type] # drawn from close's words


def _persistent(world: World, implant: _Implant, *, tasked: bool) -> Conversation:
    """One connection with a heartbeat: the bot's word every period, an answer or only an ACK."""
    over_tls = implant.cookie
    conversation = (
        _tls_open(world, implant)
        if over_tls
        else Conversation.tcp(world, client_os=implant.system, near="client").open()
    )
    beat = int(world.rng.integers(1, 60))
    asks = implant.posts  # the controller polls and the bot answers
    spread = 0.01 if implant.resumes else 0.25
    say, reply = (conversation.server, conversation.client) if asks else (conversation.client, conversation.server)
    for number in range(5):
        said: list[Part] = tls.application(beat + 17) if over_tls else [rand(beat, "bytes")]
        say(said, think=implant.period if number else 0.01, jitter=spread)
        if implant.down > 60:
            size = beat + (600 if tasked and number == 3 else 0)
            reply(tls.application(size + 17) if over_tls else [rand(size, "bytes")], think=implant.delay)
    return conversation.acknowledge(0.04).close("none")


_SHAPES: tuple[Callable[..., Conversation], ...] = (_http, _tls, _dns, _raw, _persistent)
_PORTS = (
    (80, 80, 8080, 443),
    (443, 443, 8443, 4443),
    (53,),
    (4444, 443, 4433, 1337, 8081, 6667),
    (443, 4433, 8080, 5555, 9001),
)


def _rhythm(world: World) -> list[float]:
    """The period of each clan in seconds; the first draws of the family's generator, the same for both functions."""
    rng = np.random.default_rng([world.workload.seed, 0xBEAC])
    most = float(np.clip(world.workload.duration_s / 5, 2.5, 120.0))
    wanted = world.params.get("period_s")
    drawn = np.exp(rng.uniform(np.log(2.0), np.log(most), _CLANS))
    return [float(wanted)] * _CLANS if wanted is not None else [float(period) for period in drawn]


def _shapes(world: World) -> list[int]:
    rng = np.random.default_rng([world.workload.seed, 0x5A9E])
    return [*rng.permutation(len(_SHAPES)).tolist(), int(rng.integers(2))]


def conversations(world: World) -> list[Conversation]:
    """Six implants in all five shapes, eight variants each; the last one or two of each carry a task."""
    made = []
    for shape, period in zip(_shapes(world), _rhythm(world), strict=True):
        implant = _Implant(world, shape, min(period, world.workload.duration_s / 8) if shape == 4 else period)
        made += [_SHAPES[shape](world, implant, tasked=number >= _EACH - 2) for number in range(_EACH)]
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Bots of each implant beat in their own rhythm; new bots join when the plan asks for more."""
    n, rng = len(intended), world.rng
    clan = assign(rng, intended, uneven(rng, _CLANS, 1.5))
    shapes = np.array(_shapes(world))
    periods = np.array(_rhythm(world))
    # a persistent connection holds five beats; its bot comes back when they are over
    spacing = np.where(shapes == 4, np.minimum(periods, world.workload.duration_s / 8) * 5, periods)
    jitter = rng.choice((0.0, 0.0, 0.05, 0.1, 0.2, 0.3, 0.5), _CLANS)
    times, actor = beats(intended, clan, (spacing * SECOND).astype(np.int64), jitter, rng.random(n))
    servers = world.some(world.attack_servers, 8 * _CLANS, 8 * _CLANS)
    ports = np.array([int(world.pick(_PORTS[shape])) for shape in shapes])
    # several bots of one clan on one host (where the plan asks for that many) call different servers
    server = (clan + _CLANS * (actor // len(world.infected))) % len(servers)
    src, dst = by_actor(world, actor, infected(world, actor), servers[server])
    tasked = rng.random(n) < rng.uniform(0.0, 0.15)
    variant = np.where(tasked, rng.integers(_EACH - 2, _EACH, n), actor % (_EACH - 2))
    return Attempts.of(
        world,
        times,
        src=src,
        dst=dst,
        dst_port=ports[clan],
        template=clan * _EACH + variant,
        rtt_ns=world.rtt(_CLANS)[clan],
        ipv6=False,
    )
