"""More floods and reflections: spread over a network, out of things, over TLS, over QUIC."""

from __future__ import annotations

from typing import Final

from benchmarks.byhand.kinds import attack
from benchmarks.byhand.messages import tls_hello
from benchmarks.byhand.packets import ACK, CLIENT, MORE_FRAGMENTS, PUSH_ACK, Header, Segment, Step, Traffic

VICTIM: Final = "198.18.113.80"
NETWORK: Final = "198.18.77."
FLOODER: Final = "198.18.172.9"


def _told(net: Traffic, port: int, told: bytes, reflectors: int, rate: float, seconds: float) -> None:
    """The same answer of ``reflectors`` hosts, to changing ports of the victim."""
    hosts = net.strangers(reflectors)
    for at in net.arrivals(seconds, rate):
        net.udp(at, (net.random.choice(hosts), port), (VICTIM, net.port()), told)


@attack("reflection_amplification")
def coap_reflect(net: Traffic) -> None:
    """Three hundred things answer ``/.well-known/core`` of CoAP."""
    _told(net, 5683, b"\x62\x45\x13\x37tk\xc1\x28\xff" + b"</sensors/temp>;if=sensor," * 20, 300, 700, 6)


@attack("reflection_amplification")
def discovery_reflect(net: Traffic) -> None:
    """Ninety cameras answer a probe of WS-Discovery."""
    _told(net, 3702, b'<?xml version="1.0"?><s:Envelope><d:ProbeMatches>' + b"<a:x/>" * 110, 90, 500, 6)


@attack("reflection_amplification")
def screens_reflect(net: Traffic) -> None:
    """Seventy Macs answer for Apple's remote management."""
    _told(net, 3283, b"\0\x01\x03\xea\0\x01" + b"\0" * 998, 70, 400, 6)


@attack("reflection_amplification")
def dns_any_pieces(net: Traffic) -> None:
    """Forty resolvers answer ANY with four kilobytes, in fragments."""
    hosts = net.strangers(40)
    for at in net.arrivals(6, 150):
        told = net.noise(2) + b"\x81\x80\0\1\0\x14\0\0\0\1\4fake\3com\0\0\xff\0\1" + net.noise(3900)
        net.udp(at, (net.random.choice(hosts), 53), (VICTIM, 4444), told)


@attack("udp_flood")
def carpet_udp(net: Traffic) -> None:
    """Datagrams of forty senders at every host of a network, a few a second at each."""
    senders = net.strangers(40)
    for at in net.arrivals(8, 1500):
        target = (f"{NETWORK}{net.random.randrange(1, 255)}", net.port())
        net.udp(at, (net.random.choice(senders), net.port()), target, net.noise(net.random.randrange(400, 1200)))


@attack("syn_flood")
def carpet_syn(net: Traffic) -> None:
    """Connection requests of made-up senders at HTTPS of every host of a network."""
    for at in net.arrivals(8, 1200):
        target = (f"{NETWORK}{net.random.randrange(1, 255)}", 443)
        net.syn(at, (net.stranger(), net.port()), target)


@attack("udp_flood", "other_dos")
def quic_hellos(net: Traffic) -> None:
    """First datagrams of QUIC, from made-up senders: each makes the server work."""
    for at in net.arrivals(6, 900):
        hello = b"\xc3\0\0\0\1\x08" + net.noise(1194)
        net.udp(at, (net.stranger(), net.port()), (VICTIM, 443), hello)


@attack("udp_flood", "other_dos")
def pieces_flood(net: Traffic) -> None:
    """Large datagrams of which the last piece never comes."""
    for at in net.arrivals(6, 700):
        part = Header(flags=MORE_FRAGMENTS, identification=net.random.randrange(65536))
        net.ip(at, FLOODER, VICTIM, 17, b"\x30\x39\0\x50\x20\0\0\0" + net.noise(1400), part)


@attack("ack_flood")
def push_flood(net: Traffic) -> None:
    """Segments with data of no connection, from three hundred machines."""
    bots = net.strangers(300)
    for at in net.arrivals(6, 900):
        segment = Segment(net.random.randrange(1 << 32), net.random.randrange(1 << 32), PUSH_ACK, net.noise(512))
        net.segment(at, (net.random.choice(bots), net.port()), (VICTIM, 443), segment)


@attack("ack_flood")
def ack_one_source(net: Traffic) -> None:
    """Bare acknowledgements of one machine, each from another port."""
    for at in net.arrivals(6, 800):
        segment = Segment(net.random.randrange(1 << 32), net.random.randrange(1 << 32), ACK)
        net.segment(at, (FLOODER, net.port()), (VICTIM, 80), segment)


@attack("slowloris")
def slow_over_tls(net: Traffic) -> None:
    """A hundred and fifty connections over TLS, each with a few bytes of a request every ten seconds."""
    for number in range(150):
        talk = tls_hello(net)
        talk += [(CLIENT, b"\x14\3\3\0\1\1\x16\3\3\0\x28" + net.noise(40) + b"\x17\3\3\0\xf0" + net.noise(240), 0.01)]
        talk += [(CLIENT, b"\x17\3\3\0\x22" + net.noise(34), 10.0) for _ in range(5)]
        net.connection(number * 0.05, FLOODER, (VICTIM, 443), talk, rtt=0.02, end="none")


@attack("http_flood")
def quick_resets(net: Traffic) -> None:
    """HTTP/2 over TLS: thousands of streams are opened and reset at once, in four connections."""
    for number in range(4):
        talk: list[Step] = tls_hello(net)
        talk += [(CLIENT, b"\x14\3\3\0\1\1\x16\3\3\0\x28" + net.noise(40), 0.01)]
        talk += [(CLIENT, b"\x17\3\3\0\x4a" + net.noise(74), 0.002) for _ in range(1500)]
        net.connection(number * 0.05, FLOODER, (VICTIM, 443), talk, rtt=0.02, end="none")


@attack("udp_flood", "other_dos")
def dns_any_one_source(net: Traffic) -> None:
    """One machine asks a name server for ANY, eight hundred times a second, from changing ports."""
    for at in net.arrivals(5, 800):
        asked = net.noise(2) + b"\1\0\0\1\0\0\0\0\0\1\7example\3com\0\0\xff\0\1\0\0)\x10\0\0\0\0\0\0\0"
        net.udp(at, (FLOODER, net.port()), ("198.18.100.53", 53), asked)
