"""Attacks that others' answers make: amplification by open services, and replies to forged requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from benchmarks.byhand.kinds import attack
from benchmarks.byhand.packets import ACK, SYN, Segment, Traffic

VICTIM: Final = "198.18.113.80"
FLOODER: Final = "198.18.172.9"
MONLIST: Final = b"\xd7\0\3\x2a\0\6\0\x48"  # how an answer to NTP's monlist begins


def _amplified(
    net: Traffic,
    port: int,
    size: Callable[[], int],
    reflectors: int,
    load: tuple[float, float],
    to: int,
    head: bytes = b"",
) -> None:
    """Answers of ``size()`` bytes from ``reflectors`` hosts to the victim's port ``to`` (0: any).

    ``load`` is datagrams a second and seconds. Answers begin with ``head``, or with noise where it is empty.
    """
    hosts = net.strangers(reflectors)
    rate, seconds = load
    for at in net.arrivals(seconds, rate):
        victim = (VICTIM, to or net.port())
        net.udp(at, (net.random.choice(hosts), port), victim, (head or net.noise(8)) + b"\0" * (size() - 8))


@attack("reflection_amplification")
def drdos_ntp(net: Traffic) -> None:
    """Sixty NTP servers answer monlist."""
    _amplified(net, 123, lambda: 440, 60, (900, 6), 80, MONLIST)


@attack("reflection_amplification")
def drdos_ntp_few(net: Traffic) -> None:
    """Six NTP servers answer monlist, sixty times a second in all."""
    _amplified(net, 123, lambda: 468, 6, (60, 20), 50123, MONLIST)


@attack("reflection_amplification")
def drdos_cldap(net: Traffic) -> None:
    """Two hundred directory servers answer over CLDAP, in fragments."""
    _amplified(net, 389, lambda: net.random.choice([1388, 2900, 3100]), 200, (300, 6), net.port())


@attack("reflection_amplification")
def drdos_memcached(net: Traffic) -> None:
    """Eighteen memcached servers."""
    _amplified(net, 11211, lambda: 1400, 18, (1500, 4), 443)


@attack("reflection_amplification")
def drdos_ssdp(net: Traffic) -> None:
    """Three hundred UPnP devices."""
    _amplified(net, 1900, lambda: net.random.randrange(270, 330), 300, (500, 6), net.port())


@attack("reflection_amplification")
def drdos_chargen(net: Traffic) -> None:
    """Forty chargen services, aimed at the victim's echo port."""
    _amplified(net, 19, lambda: net.random.randrange(74, 1000), 40, (300, 6), 7)


@attack("reflection_amplification")
def drdos_portmap(net: Traffic) -> None:
    """Eighty portmappers, aimed at any port."""
    _amplified(net, 111, lambda: net.random.randrange(486, 1200), 80, (300, 6), 0)


@attack("reflection_amplification", "udp_flood")
def cic_ldap_one(net: Traffic) -> None:
    """LDAP amplification as in a laboratory: one host sends full datagrams from the service's ports to any port."""
    for at in net.arrivals(3, 2500):
        source = (FLOODER, net.random.choice([389, 634, 900]))
        net.udp(at, source, (VICTIM, net.random.randrange(1, 65535)), b"x" * 1472)


@attack("reflection_amplification", "udp_flood")
def cic_mssql_one(net: Traffic) -> None:
    """The same for SQL Server's browser: one host, low source ports, middling datagrams."""
    for at in net.arrivals(3, 2500):
        source = (FLOODER, net.random.randrange(600, 1000))
        net.udp(at, source, (VICTIM, net.random.randrange(1, 65535)), b"x" * net.random.choice([369, 383, 401]))


@attack("icmp_flood", "reflection_amplification")
def smurf(net: Traffic) -> None:
    """A whole network answers pings that the victim never sent."""
    hosts = [f"198.18.7.{host}" for host in range(1, 120)]
    for at in net.arrivals(5, 900):
        net.icmp(at, net.random.choice(hosts), VICTIM, (0, 0), b"\x12\x34\0\1" + b"a" * 56)


@attack("reflection_amplification")
def synack_reflect(net: Traffic) -> None:
    """Four hundred web servers accept connections that the victim never asked for."""
    hosts = net.strangers(400)
    for at in net.arrivals(5, 900):
        server = (net.random.choice(hosts), net.random.choice([80, 443]))
        accepted = Segment(net.random.randrange(1 << 32), net.random.randrange(1 << 32), SYN | ACK, window=29200)
        net.segment(at, server, (VICTIM, net.port()), accepted)
