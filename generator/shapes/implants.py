"""What implants say to their controllers: one function a shape, each makes one template conversation.

Sources: the tools' own documentation and profiles (Metasploit, Empire, Covenant, Sliver and Cobalt-like profiles),
public analyses of CryptoWall, Tinba, Sality and IRC bots. Contents are inert: sizes, turns and rhythms only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from generator.conversation import Conversation
from generator.shapes import dns, http, names, tls
from generator.shapes.parts import Part, Parts, rand
from generator.world import World

SYSTEMS: Final = ("windows", "windows", "windows", "linux", "embedded", "android")


class Implant:
    """What all bots of one kind share. ``beats`` is how often one connection of the long kinds is used."""

    def __init__(self, world: World, period: float, beats: int) -> None:
        rng = world.rng
        self.period, self.beats = period, beats
        self.hosts = [
            names.host(rng) if rng.random() < 0.7 else "198.19.{}.{}".format(*rng.integers(1, 255, 2)) for _ in range(6)
        ]
        self.host = self.hosts[0]
        self.system = str(world.pick(SYSTEMS))
        self.agent = str(world.pick(http.BROWSERS + http.OLD_BROWSERS + http.TOOLS))
        self.path = http.path(rng, str(world.pick(("", ".php", ".gif", "/", ".asp"))))
        self.up, self.down = int(rng.integers(8, 120)), int(rng.integers(0, 250))
        if rng.random() < 0.3:  # profiles that dress up as a page
            self.up, self.down = int(rng.integers(150, 500)), int(rng.integers(300, 2500))
        self.style = (*tls.LIBRARIES, tls.CHROME_OLD)[int(rng.integers(5))]
        self.resumes = rng.random() < 0.5
        self.alphabet = str(world.pick(("hex", "base32", "alnum", "base64")))
        self.delay = float(rng.lognormal(-4.5, 1.0))
        self.ends = world.pick(("fin", "server_fin", "rst"))
        self.posts = rng.random() < 0.35
        self.cookie = rng.random() < 0.4
        self.sealed = rng.random() < 0.5
        self.spread = float(world.pick((0.01, 0.02, 0.1, 0.25)))

    def client(self, world: World) -> Conversation:
        """A TCP connection of this implant, not yet open."""
        return Conversation.tcp(world, client_os=self.system, near="client")


def sizes(world: World, implant: Implant, *, tasked: bool) -> tuple[int, int]:
    """Bytes up and down of one beat; a task makes one of them large."""
    if not tasked:
        return implant.up, implant.down
    rng = world.rng
    return (
        (implant.up + int(rng.integers(50, 1200)), implant.down)
        if rng.random() < 0.5
        else (implant.up, implant.down + int(rng.lognormal(7.0, 1.2)) % 30_000)
    )


def _asked(world: World, implant: Implant, up: int, *, posting: bool, keep: bool = False) -> list[Part]:
    kind = "alnum" if implant.alphabet == "base64" else implant.alphabet
    headers: list[tuple[str, Parts]] = [
        ("Host", implant.host.encode()),
        ("User-Agent", implant.agent.encode()),
        ("Connection", b"keep-alive" if keep else b"close"),
    ]
    token: list[Part] = [rand(min(up, 60), kind, "id")]
    if posting:
        return http.request("POST", implant.path.encode(), headers, [rand(up, implant.alphabet)])
    if implant.cookie:
        return http.request("GET", implant.path.encode(), [*headers, ("Cookie", [b"session=", *token])])
    return http.request("GET", [f"{implant.path}?{names.token(world.rng, 2, 'letters')}=".encode(), *token], headers)


def _told(world: World, implant: Implant, down: int, status: int = 200) -> list[Part]:
    body: Parts = [rand(min(down, 64), implant.alphabet), world.noise(max(down - 64, 0))] if down else b""
    return http.response(status, http.server_headers(world.rng, "nginx", "text/html"), body)


def web(world: World, implant: Implant, *, tasked: bool) -> Conversation:
    """HTTP, a connection a beat: GET with an id in path, query or cookie, or POST."""
    up, down = sizes(world, implant, tasked=tasked)
    request = _asked(world, implant, up, posting=implant.posts or (tasked and up > implant.up))
    conversation = implant.client(world).open().client(request, think=0.002)
    status = 200 if down or tasked else int(world.pick((200, 204, 404)))
    answer = _told(world, implant, down if status == 200 else 0, status)
    return conversation.server(answer, think=implant.delay).close(implant.ends, think=0.001)


def _greet(world: World, implant: Implant) -> Conversation:
    conversation = implant.client(world).open()
    conversation.client(tls.client_hello(world.rng, implant.host, implant.style), think=0.001)
    if implant.style.tls13:
        chain = 60 if implant.resumes else int(world.rng.integers(900, 4500))
        conversation.server(tls.server_flight_13(world.rng, implant.style, chain), think=0.002)
        return conversation.client(tls.client_finish_13(), think=0.001)
    conversation.server(tls.server_flight_12(world.rng, "www.example.com", 1900), think=0.002)
    conversation.client(tls.client_finish_12(), think=0.002)
    return conversation.server(tls.server_finish_12(), think=0.001)


def secure(world: World, implant: Implant, *, tasked: bool) -> Conversation:
    """HTTPS, a connection a beat, full or resumed; one record each way or a few as HTTP/2 has them."""
    up, down = sizes(world, implant, tasked=tasked)
    conversation = _greet(world, implant)
    if implant.posts:  # preface and settings of HTTP/2 go first, and settings come back
        conversation.client(tls.application(86), think=0.0002).client(tls.application(49), think=0.0001)
        conversation.server(tls.application(62), think=0.0005)
    conversation.client(tls.application(160 + up), think=0.0005)
    conversation.server(tls.application(150 + down), think=implant.delay)
    if implant.ends == "fin":
        conversation.client(tls.alert_close(), think=0.0005)
    return conversation.close(implant.ends, think=0.0003)


def session(world: World, implant: Implant, *, tasked: bool) -> Conversation:
    """One connection, HTTP kept alive or HTTPS, in which the implant asks again and again."""
    conversation = _greet(world, implant) if implant.sealed else implant.client(world).open()
    for number in range(implant.beats):
        up, down = sizes(world, implant, tasked=tasked and number % 5 == 4)
        plain = _asked(world, implant, up, posting=implant.posts, keep=True)
        request: list[Part] = tls.application(160 + up) if implant.sealed else plain
        conversation.client(request, think=implant.period if number else 0.003, jitter=implant.spread)
        answer = tls.application(150 + down) if implant.sealed else _told(world, implant, down)
        conversation.server(answer, think=implant.delay)
    return conversation.acknowledge(0.04).close(world.pick(("none", "fin", "rst")), think=implant.period)


def heartbeat(world: World, implant: Implant, *, tasked: bool) -> Conversation:
    """One connection with a word every period: the bot's or the controller's, then an answer or only an ACK."""
    conversation = _greet(world, implant) if implant.sealed else implant.client(world).open()
    beat = int(world.rng.integers(1, 60)) if world.rng.random() < 0.7 else int(world.rng.integers(60, 400))
    # the controller polls and the bot answers
    ways = (conversation.server, conversation.client) if implant.posts else (conversation.client, conversation.server)
    for number in range(implant.beats):
        said: list[Part] = tls.application(beat + 17) if implant.sealed else [rand(beat, "bytes")]
        ways[0](said, think=implant.period if number else 0.01, jitter=implant.spread)
        if implant.down > 60:
            size = beat + (600 if tasked and number % 7 == 3 else 0)
            ways[1](tls.application(size + 17) if implant.sealed else [rand(size, "bytes")], think=implant.delay)
    return conversation.acknowledge(0.04).close("none")


def raw(world: World, implant: Implant, *, tasked: bool) -> Conversation:
    """Raw TCP, a connection a beat: length-prefixed check-ins."""
    up, down = sizes(world, implant, tasked=tasked)
    conversation = implant.client(world).open()
    conversation.client([up.to_bytes(4, "little"), rand(up, "bytes")], think=0.001)
    if down:
        answer: list[Part] = [down.to_bytes(4, "little"), rand(min(down, 64), "bytes"), world.noise(max(down - 64, 0))]
        conversation.server(answer, think=implant.delay)
    return conversation.close(implant.ends, think=implant.delay)


def watcher(world: World, implant: Implant, *, tasked: bool) -> Conversation:
    """A remote-access tool that sends a picture of the screen every period; a task is a word on a control line."""
    rng = world.rng
    conversation = implant.client(world).open()
    if tasked:
        conversation.server(rand(14, "bytes"), think=0.001).client(rand(160, "bytes"), think=0.01)
        for _ in range(min(implant.beats, 5)):
            conversation.client(rand(9, "bytes"), think=implant.period, jitter=0.05)
        return conversation.acknowledge(0.1).close("none")
    conversation.client(rand(7, "bytes"), think=0.0003).server(rand(14, "bytes"), think=0.05)
    picture = int(rng.integers(8_000, 95_000))
    conversation.client([rand(32, "bytes"), world.noise(picture)], think=0.01)
    return conversation.close(implant.ends, think=0.005)


def checkin(world: World, implant: Implant, *, tasked: bool) -> Conversation:
    """A POST in pieces to one of several compromised sites, which takes its time (ransomware's check-ins)."""
    rng = world.rng
    conversation = implant.client(world).open()
    host = implant.hosts[int(rng.integers(len(implant.hosts)))]
    size = int(rng.integers(90, 140))
    head = " HTTP/1.1\r\nAccept: */*\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: Close\r\n"
    head += (
        f"Content-Length: {size + 2}\r\nUser-Agent: {implant.agent}\r\nHost: {host}\r\nCache-Control: no-cache\r\n\r\n"
    )
    target = f"POST {implant.path}?{names.token(rng, 1, 'letters')}=".encode()
    conversation.client([target, rand(int(rng.integers(8, 16))), head.encode()], think=0.0005)
    conversation.client([b"x=", rand(size, "hex")], think=0.0004)
    down = int(rng.integers(20_000, 100_000)) if tasked else int(rng.integers(3, 200))
    status = 200 if tasked or rng.random() < 0.7 else 404
    return conversation.server(_told(world, implant, down, status), think=float(rng.uniform(0.1, 2.5))).close(
        "server_fin", think=0.2
    )


def lookup(world: World, implant: Implant, *, tasked: bool) -> Conversation:
    """DNS, a look-up a beat: a small id goes up, TXT or an address comes down."""
    conversation = Conversation.udp(world, client_os=implant.system, near="client")
    label = rand(min(implant.up, 20 + 30 * tasked), "hex", "name")
    question: list[Part] = [label, *(part.encode() for part in implant.host.split(".")[-3:])]
    qtype = dns.TXT if implant.cookie else dns.A
    data: list[Part] = dns.txt_data(min(implant.down, 60) + 4) if qtype == dns.TXT else [b"\xc6\x13", rand(2, "bytes")]
    conversation.client(dns.query(question, qtype))
    return conversation.server(dns.response(question, qtype, [dns.record(qtype, data, ttl=60)]), think=0.002)


def generated(world: World, implant: Implant, *, tasked: bool) -> Conversation:
    """Names that an algorithm generates, nearly none of which exist; some questions are lost and come again."""
    rng = world.rng
    conversation = Conversation.udp(world, client_os=implant.system, near="client")
    zone = world.pick(((b"test",), (b"invalid",), (b"example", b"com"), (b"example", b"net")))
    for turn in range(int(rng.integers(1, 5)) if implant.posts else 1):
        question: list[Part] = [rand(8 + implant.up % 12, "lower", f"name{turn}"), *zone]
        key = f"id{turn}"
        conversation.client(dns.query(question, message_id=key), think=0.02 if turn else 0.0)
        if rng.random() < 0.12:
            if rng.random() < 0.5:
                continue
            conversation.repeat(think=1.0)
        found = [dns.record(dns.A, [b"\xc6\x13", rand(2, "bytes")], ttl=60)] if tasked and turn == 0 else []
        authority = [] if found else [dns.soa("example.com")]
        rcode = dns.NOERROR if found else dns.NXDOMAIN
        answer = dns.response(question, dns.A, found, rcode=rcode, authority=authority, message_id=key)
        conversation.server(answer, think=float(rng.lognormal(-5.0, 1.3)), jitter=0.9)
    return conversation


def chat(world: World, implant: Implant, *, tasked: bool) -> Conversation:
    """An IRC bot: it registers, joins a channel, answers PING, and is told what to do now and then."""
    rng = world.rng
    conversation = implant.client(world).open()
    nick: list[Part] = [b"[", rand(3, "lower"), b"|", rand(6, "digits", "nick"), b"]"]
    conversation.client([b"NICK ", *nick, b"\r\nUSER ", rand(6, "lower"), b" 0 * :x\r\n"], think=0.01)
    banner = f":irc.example.net 001 x :Welcome\r\n:irc.example.net 375 x :- {world.word()}\r\n".encode()
    conversation.server([banner, b":irc.example.net 376 x :End\r\n"], think=0.05)
    channel = world.word().encode()
    conversation.client([b"JOIN #", channel, b"\r\n"], think=0.01)
    conversation.server([b":irc.example.net 332 x #", channel, b" :", rand(int(rng.integers(5, 80)))], think=0.05)
    for number in range(implant.beats):
        conversation.server([b"PING :", rand(8, "hex", f"ping{number}"), b"\r\n"], think=implant.period, jitter=0.1)
        conversation.client([b"PONG :", rand(8, "hex", f"ping{number}"), b"\r\n"], think=0.005)
        if tasked and number % 3 == 1:
            conversation.server([b":x PRIVMSG #", channel, b" :.", rand(20), b"\r\n"], think=1.0)
            conversation.client([b"PRIVMSG #", channel, b" :", rand(60), b"\r\n"], think=0.5)
    return conversation.acknowledge(0.04).close("none")


def peers(world: World, implant: Implant, *, tasked: bool) -> Conversation:
    """A small datagram to one of many peers, most of which are gone (peer-to-peer botnets)."""
    rng = world.rng
    conversation = Conversation.udp(world, client_os=implant.system, near="client")
    # two first bytes that no analyser takes for a protocol that it knows
    conversation.client([b"\x2a\xc3", rand(int(rng.integers(9, 70)), "bytes")])
    if tasked or rng.random() < 0.2:
        return conversation.server([b"\x2a\xc3", rand(int(rng.integers(10, 500)), "bytes")], think=0.002)
    for _ in range(int(world.pick((0, 0, 1, 2)))):
        conversation.repeat(think=float(rng.uniform(1.0, 8.0)))
    return conversation


SHAPES: Final[dict[str, Callable[..., Conversation]]] = {
    "http": web,
    "https": secure,
    "session": session,
    "heartbeat": heartbeat,
    "tcp": raw,
    "rat": watcher,
    "checkin": checkin,
    "dns": lookup,
    "dga": generated,
    "irc": chat,
    "p2p": peers,
}
LONG: Final = ("session", "heartbeat", "irc")  # one connection holds many beats
