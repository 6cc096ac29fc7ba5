"""Ordinary traffic of plants and buildings: controllers that are polled, and their clocks."""

from __future__ import annotations

import struct
from typing import Final

from benchmarks.byhand.kinds import ordinary
from benchmarks.byhand.packets import BROADCAST, CLIENT, SERVER, Header, Step, Traffic

STATION: Final = "198.18.60.2"
EVERYBODY: Final = ("198.18.60.255", 47808)
S7_PARAMETERS: Final = b"\xc0\1\x0a\xc1\2\1\0\xc2\2\1\2"


@ordinary
def modbus(net: Traffic) -> None:
    """Six controllers are read each second over Modbus."""
    for number in range(6):
        talk: list[Step] = []
        for turn in range(120):
            talk += [
                (CLIENT, struct.pack("!HHHBBHH", turn, 0, 6, 1, 3, 0, 10), 1.0 if turn else 0.01),
                (SERVER, struct.pack("!HHHBBB", turn, 0, 23, 1, 3, 20) + net.noise(20), 0.01),
            ]
        net.connection(number * 0.1, STATION, (f"198.18.60.{20 + number}", 502), talk, end="none")


@ordinary
def bacnet_plc(net: Traffic) -> None:
    """Ten controllers of a building are read twice a second over BACnet."""
    station = (STATION, 47808)
    for number in range(10):
        device = (f"198.18.60.{20 + number}", 47808)
        for turn in range(100):
            at = turn * 0.5 + number * 0.01
            net.udp(at, station, device, b"\x81\x0a\0\x11\1\4\0\5" + net.noise(9))
            net.udp(at + 0.004, device, station, b"\x81\x0a\0\x17\1\0" + net.noise(17))


@ordinary
def bacnet_whois(net: Traffic) -> None:
    """Sixty controllers of a building say to everybody who they are, when asked."""
    link = Header(destination_mac=BROADCAST)
    for turn in range(6):
        at = turn * 10.0
        net.udp(at, (STATION, 47808), EVERYBODY, b"\x81\x0b\0\x0c\1\x20\xff\xff\0\xff\x10\x08", link)
        for number in range(60):
            told = b"\x81\x0b\0\x18\1\x20\xff\xff\0\xff" + net.noise(14)
            net.udp(at + 0.01 + number * 0.002, (f"198.18.60.{20 + number}", 47808), EVERYBODY, told, link)


@ordinary
def s7_poll(net: Traffic) -> None:
    """Five controllers are read five times a second over S7."""
    for number in range(5):
        talk: list[Step] = [
            (CLIENT, b"\3\0\0\x16\x11\xe0\0\0\0\1\0" + S7_PARAMETERS, 0.001),
            (SERVER, b"\3\0\0\x16\x11\xd0\0\1\0\1\0" + S7_PARAMETERS, 0.002),
        ]
        for _ in range(150):
            talk += [
                (CLIENT, b"\3\0\0\x1f\2\xf0\x80\x32\1" + net.noise(22), 0.2),
                (SERVER, b"\3\0\0\x2b\2\xf0\x80\x32\3" + net.noise(34), 0.003),
            ]
        net.connection(number * 0.05, STATION, (f"198.18.60.{20 + number}", 102), talk, end="none")


@ordinary
def multicast_ptp(net: Traffic) -> None:
    """A clock tells the time eight times a second."""
    link = Header(destination_mac=bytes.fromhex("01005e000181"))
    for turn in range(240):
        for port, delay in ((319, 0.0), (320, 0.001)):
            net.udp(turn * 0.125 + delay, ("198.18.60.1", port), ("224.0.1.129", port), net.noise(44), link)
