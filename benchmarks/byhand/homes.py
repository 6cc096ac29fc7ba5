"""Ordinary traffic of homes: games, films, calls, sharing, and things that report."""

from __future__ import annotations

from typing import Final

from benchmarks.byhand.kinds import ordinary
from benchmarks.byhand.messages import tls
from benchmarks.byhand.packets import BROADCAST, CLIENT, SERVER, SYN_OPTIONS, Header, Step, Traffic

HOME: Final = "198.18.1.9"
SEARCH: Final = (
    b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\n'
    b"ST: urn:dial-multiscreen-org:service:dial:1\r\n\r\n"
)
CAST_QUERY: Final = b"\0\0\0\0\0\1\0\0\0\0\0\0\x0b_googlecast\x04_tcp\x05local\0\0\x0c\0\1"


def _group(last: str) -> Header:
    """A frame to the Ethernet group that ends so."""
    return Header(destination_mac=bytes.fromhex("01005e" + last))


@ordinary
def torrent(net: Traffic) -> None:
    """Peers are looked for in a distributed table, and half of those tried answer."""
    here = (HOME, 51413)
    find = b"9:info_hash20:"
    for at in net.arrivals(60, 14):
        node = (net.stranger(), net.port())
        asked = b"d1:ad2:id20:" + net.noise(20) + find + net.noise(20) + b"e1:q9:get_peers1:t4:aa001:y1:qe"
        net.udp(at, here, node, asked)
        if net.random.random() < 0.45:
            told = b"d1:rd2:id20:" + net.noise(20) + b"5:nodes208:" + net.noise(208) + b"e1:t4:aa001:y1:re"
            net.udp(at + 0.1, node, here, told)
    for _ in range(150):
        peer, begin = (net.stranger(), net.port()), net.random.uniform(0, 55)
        if net.random.random() < 0.5:
            net.syn(begin, (HOME, net.random.randrange(32768, 61000)), peer, options=SYN_OPTIONS)
            continue
        talk: list[Step] = [
            (CLIENT, b"\x13BitTorrent protocol" + net.noise(48), 0.01),
            (SERVER, b"\x13BitTorrent protocol" + net.noise(48), 0.05),
        ]
        talk += [
            (SERVER, net.noise(1448 * net.random.randrange(1, 12)), net.random.uniform(0.05, 1))
            for _ in range(net.random.randrange(1, 12))
        ]
        net.connection(begin, HOME, peer, talk, rtt=0.08)


@ordinary
def game(net: Traffic) -> None:
    """A game of sixty updates a second each way."""
    here, there = (HOME, 27005), ("198.19.246.5", 27015)
    for turn in range(3600):
        at = turn / 60
        net.udp(at, here, there, net.noise(net.random.randrange(40, 90)))
        net.udp(at + 0.02, there, here, net.noise(net.random.randrange(100, 600)))


@ordinary
def wireguard(net: Traffic) -> None:
    """A tunnel that carries what people do, in bursts."""
    ends = ((HOME, 51820), ("198.19.83.9", 51820))
    for at in net.arrivals(40, 2):
        for turn in range(net.random.randrange(1, 30)):
            source, destination = ends[::-1] if net.random.random() < 0.7 else ends
            net.udp(at + turn * 0.001, source, destination, b"\4\0\0\0" + net.noise(net.random.choice([92, 1440])))


@ordinary
def lan_discovery(net: Traffic) -> None:
    """Twenty devices look for printers and screens."""
    for number in range(20):
        host = f"198.18.1.{10 + number}"
        for begin in range(0, 120, 30):
            at = begin + net.random.uniform(0, 25)
            for turn in range(3):
                net.udp(at + turn * 0.25, (host, 5353), ("224.0.0.251", 5353), CAST_QUERY, _group("0000fb"))
            for turn in range(4):
                net.udp(at + 1 + turn, (host, net.port(49152)), ("239.255.255.250", 1900), SEARCH, _group("7ffffa"))
            net.udp(at + 2, (host, 137), ("198.18.1.255", 137), net.noise(50), Header(destination_mac=BROADCAST))
            net.udp(at + 3, (host, net.port(49152)), ("224.0.0.252", 5355), net.noise(30), _group("0000fc"))


@ordinary
def iptv(net: Traffic) -> None:
    """A television channel by multicast."""
    for turn in range(6 * 760):
        data = b"\x47" + net.noise(1315)
        net.udp(turn / 760, ("198.18.50.1", 5004), ("239.1.1.7", 5004), data, _group("010107"))


@ordinary
def video_udp_hi(net: Traffic) -> None:
    """A video call of six hundred datagrams a second, with reports."""
    far, here = ("198.19.112.9", 3481), (HOME, 50011)
    for turn in range(5 * 600):
        net.udp(turn / 600, far, here, b"\x80\x7a" + net.noise(1150))
        if net.random.random() < 0.15:
            net.udp(turn / 600 + 0.01, here, far, b"\x80\xc9" + net.noise(120))


@ordinary
def stun_ice(net: Traffic) -> None:
    """A call looks for a way to sixty candidates; a third answer."""
    here = (HOME, 50012)
    for _ in range(60):
        host, at, port = net.stranger(), net.random.uniform(0, 8), net.port(10000)
        for turn in range(net.random.randrange(1, 7)):
            net.udp(at + turn * 0.3, here, (host, port), b"\0\1\0\x50\x21\x12\xa4\x42" + net.noise(92))
        if net.random.random() < 0.3:
            net.udp(at + 0.1, (host, port), here, b"\1\1\0\x2c\x21\x12\xa4\x42" + net.noise(56))


@ordinary
def rtsp_cam(net: Traffic) -> None:
    """A camera's pictures over RTSP."""
    talk = [
        (CLIENT, b"DESCRIBE rtsp://198.18.1.70/1 RTSP/1.0\r\nCSeq: 2\r\n\r\n", 0.001),
        (SERVER, b"RTSP/1.0 200 OK\r\n" + b"v=0\r\n" * 60, 0.01),
        (CLIENT, b"SETUP rtsp://198.18.1.70/1 RTSP/1.0\r\n\r\n", 0.001),
        (SERVER, b"RTSP/1.0 200 OK\r\n\r\n", 0.01),
        (CLIENT, b"PLAY rtsp://198.18.1.70/1 RTSP/1.0\r\n\r\n", 0.001),
    ]
    talk += [(SERVER, b"$\0" + net.noise(net.random.randrange(400, 9000)), 1 / 15) for _ in range(300)]
    net.connection(0, HOME, ("198.18.1.70", 554), talk, end="none")


@ordinary
def cdn_range_video(net: Traffic) -> None:
    """A film, a part every four seconds, each on a connection of its own."""
    for at in net.paced(60, 3.4, 4.6):
        talk = tls(net, net.random.randrange(500, 900), net.random.randrange(200000, 900000) // 4)
        net.connection(at, HOME, ("198.19.50.9", 443), talk, rtt=0.02)


@ordinary
def quic_browse(net: Traffic) -> None:
    """Sixty sites over QUIC."""
    for at in net.visits(60, 0.7):
        site, here = (net.stranger(), 443), (HOME, net.port(49152))
        net.dns(at, HOME, "198.18.1.1", f"www{net.random.randrange(99)}.example.com")
        net.udp(at + 0.03, here, site, b"\xc0\0\0\0\1\x08" + net.noise(1194))
        net.udp(at + 0.05, site, here, b"\xc0\0\0\0\1\x08" + net.noise(1194))
        for turn in range(net.random.randrange(5, 120)):
            net.udp(at + 0.06 + turn * 0.004, site, here, b"\x40" + net.noise(1250))
        for turn in range(net.random.randrange(3, 30)):
            net.udp(at + 0.06 + turn * 0.02, here, site, b"\x41" + net.noise(net.random.randrange(30, 90)))


@ordinary
def tls_push(net: Traffic) -> None:
    """A telephone keeps its connection for notices alive every half minute."""
    talk = tls(net, 400, 600)
    for _ in range(20):
        talk += [
            (CLIENT, b"\x17\3\3\0\x1c" + net.noise(28), net.random.uniform(28, 32)),
            (SERVER, b"\x17\3\3\0\x1c" + net.noise(28), 0.04),
        ]
    net.connection(0, HOME, ("198.19.146.20", 5223), talk, rtt=0.04, end="none")


@ordinary
def photo_upload(net: Traffic) -> None:
    """Eight batches of photographs are put away, a megabyte each."""
    for turn in range(8):
        at = turn * 9.0 + net.random.uniform(0, 4)
        talk = tls(net, 800, 300)
        talk += [
            (CLIENT, b"\x17\3\3\x40\0" + net.noise(999) * net.random.randrange(700, 1800), 0.05),
            (SERVER, b"\x17\3\3\1\0" + net.noise(256), 0.1),
        ]
        net.connection(at, HOME, ("198.19.186.10", 443), talk, rtt=0.02)


@ordinary
def speedtest(net: Traffic) -> None:
    """Six uploads at once, as fast as they go."""
    for turn in range(6):
        asked = b"POST /upload HTTP/1.1\r\nHost: st\r\nContent-Length: 9000000\r\n\r\n" + net.noise(999) * 1500
        talk = [(CLIENT, asked, 0.01), (SERVER, b"HTTP/1.1 200 OK\r\n\r\nsize=9000000", 0.01)]
        net.connection(turn * 0.01, HOME, ("198.19.101.219", 8080), talk, rtt=0.01)


@ordinary
def mqtt_things(net: Traffic) -> None:
    """Fifteen thermometers report every five seconds."""
    for number in range(15):
        talk: list[Step] = [
            (CLIENT, b"\x10\x1e\0\4MQTT\4\2\0\x3c\0\x0c" + net.noise(12), 0.001),
            (SERVER, b"\x20\2\0\0", 0.002),
        ]
        talk += [
            (CLIENT, b"\x30\x30\0\x10sensors/room/temp" + net.noise(30), net.random.uniform(4.5, 5.5))
            for _ in range(20)
        ]
        net.connection(number * 0.3, f"198.18.110.{10 + number}", ("198.18.110.2", 1883), talk, end="none")


@ordinary
def iot_keepalive_tls(net: Traffic) -> None:
    """Three things report to their maker over TLS each minute."""
    for number in range(3):
        begin = net.random.uniform(0, 30)
        for at in net.paced(60, 59, 61):
            talk = tls(net, net.random.choice([220, 221, 260]), net.random.choice([150, 150, 400]))
            net.connection(begin + at, f"198.18.1.{60 + number}", ("198.19.29.7", 443), talk, rtt=0.03)


@ordinary
def iot_udp_60(net: Traffic) -> None:
    """Four things report to their maker in a datagram every half minute."""
    maker = ("198.19.34.4", 32100)
    for number in range(4):
        thing, begin = (f"198.18.1.{60 + number}", 40001 + number), net.random.uniform(0, 30)
        for at in net.paced(120, 29.8, 30.2):
            net.udp(begin + at, thing, maker, net.noise(52))
            net.udp(begin + at + 0.05, maker, thing, net.noise(20))
