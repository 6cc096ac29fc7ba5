"""How systems speak: initial TTL, TCP options and their order, windows, IP ids, timers.

Facts about each system as fingerprint databases (p0f, nmap, OpenBSD's pf.os), the systems' own sources and the tools'
own sources tell them. A campaign varies some of them (``generator.habits``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# How the IPv4 identification behaves.
IPID_ZERO: Final = 0  # zero, with DF set (RFC 6864)
IPID_COUNT: Final = 1  # counts up within the connection from a random start
IPID_RANDOM: Final = 2
IPID_FIXED: Final = 3  # as in the template
IPID_HOST: Final = 4  # counts up over all that the host sends

# Which source ports a system takes: lowest and highest (RFC 6056, RFC 6335, and the systems' defaults).
PORTS: Final = {
    "linux": (32768, 60999),
    "iana": (49152, 65535),
    "freebsd": (10000, 65535),
    "old": (1024, 5000),
    "wide": (1024, 65535),
}


@dataclass(frozen=True)
class Stack:
    """One system's TCP/IP.

    ``options`` is the order on a SYN: M mss, N nop, W window scale, S sack, T timestamps, E end. ``answers`` are those
    that a SYN/ACK repeats when asked; ``order`` is how it arranges what is left ("linux", "bsd", "mac", "windows",
    "openbsd"). ``answer_window`` is the window of a SYN/ACK, 0 where it is that of a SYN. ``delayed_ack`` and
    ``least_rto`` are seconds. ``ecn`` is the share of connections that ask for ECN (RFC 3168), ``ecn_answer`` whether
    a SYN/ACK agrees; ``labels`` whether IPv6 flows are labelled (RFC 6437).
    """

    name: str
    kind: str = ""  # the system's family; the first stack of a kind has its name
    ttl: int = 64
    options: str = "MSTNW"
    mss: int = 1460
    window: int = 64240
    scale: int = 7
    ipid: int = IPID_COUNT
    df: bool = True
    fixed_id: int = 0
    answers: str = ""
    order: str = "linux"
    answer_window: int = 0
    ports: str = "linux"
    delayed_ack: float = 0.04
    least_rto: float = 0.2
    ecn: float = 0.0
    ecn_answer: bool = False
    labels: bool = False
    tool: bool = False  # writes its own packets: nothing of it depends on the network

    @property
    def repeats(self) -> str:
        """The options that this system is ready to use when the other side asks."""
        return self.answers or "".join(letter for letter in "STW" if letter in self.options)


def arrange(order: str, wanted: str) -> str:
    """The options of a SYN/ACK that holds the MSS and ``wanted`` (out of S, T, W), in a system's order."""
    sack, times, scale = "S" in wanted, "T" in wanted, "NW" if "W" in wanted else ""
    if order == "linux":
        return "M" + (("ST" if times else "NNS") if sack else ("NNT" if times else "")) + scale
    if order == "openbsd":
        return "M" + ("NNS" if sack else "") + scale + ("NNT" if times else "")
    both = "NNTSE" if order == "mac" else "ST"
    only_sack = "NNS" if order == "windows" else "SE"
    return "M" + scale + ((both if times else only_sack) if sack else ("NNT" if times else ""))


def _windows(name: str, window: int, scale: int = 8, options: str = "MNWNNS", delayed_ack: float = 0.05) -> Stack:
    return Stack(
        name, "windows", 128, options, window=window, scale=scale, answers="STW" if "W" in options else "S",
        order="windows", ports="old" if "xp" in name else "iana", delayed_ack=delayed_ack, least_rto=0.3,
        ipid=IPID_HOST if window == 8192 or "xp" in name else IPID_COUNT, labels="xp" not in name,
        answer_window=8192 if window == 8192 else 65535,
    )  # fmt: skip


def _linux(name: str, window: int, answer: int, scale: int = 7, kind: str = "linux") -> Stack:
    return Stack(
        name, kind, window=window, answer_window=answer, scale=scale, ecn_answer=True, ecn=0.01, labels=answer > 20_000
    )


def _apple(name: str, kind: str, scale: int, ecn: float) -> Stack:
    return Stack(
        name, kind, 64, "MNWNNTSE", window=65535, scale=scale, ipid=IPID_ZERO, order="mac", ports="iana",
        delayed_ack=0.1, least_rto=0.23, ecn=ecn, ecn_answer=True, labels=True,
    )  # fmt: skip


def _bsd(
    name: str, window: int, scale: int, options: str = "MNWST", order: str = "bsd", ports: str = "freebsd"
) -> Stack:
    return Stack(
        name, "freebsd", 64, options, window=window, scale=scale, ipid=IPID_RANDOM, order=order, ports=ports,
        least_rto=0.23, labels=True,
    )  # fmt: skip


def _small(name: str, kind: str, ttl: int, window: int, mss: int = 1460, options: str = "M", scale: int = 0) -> Stack:
    return Stack(
        name, kind, ttl, options, mss=mss, window=window, scale=scale, df=False, ports="wide", delayed_ack=0.2,
        ipid=IPID_HOST, least_rto=0.5, order="bsd" if options.startswith("MNW") else "linux",
    )  # fmt: skip


def _tool(name: str, ttl: int, options: str, window: int, **more: int) -> Stack:
    ipid = IPID_FIXED if "fixed_id" in more else IPID_RANDOM
    return Stack(
        name, name.partition("-")[0], ttl, options, window=window, ipid=ipid, df=False, tool=True, ports="wide",
        fixed_id=more.get("fixed_id", 0), scale=more.get("scale", 7), answers="STW",
    )  # fmt: skip


STACKS: Final = (
    _linux("linux", 64240, 65160),  # 4.19 and later
    _linux("linux-4", 29200, 28960),  # 3.11 to 4.18
    _linux("linux-3", 14600, 14480, 4),  # 3.0 to 3.10
    _linux("linux-2.6", 5840, 5792, 6),
    _linux("linux-cloud", 62727, 62643),  # an MTU of 9001 behind a clamp
    _windows("windows", 64240),  # 10 and Server 2019
    _windows("windows-11", 65535),  # 11 and Server 2022
    _windows("windows-7", 8192),
    _windows("windows-7-slim", 8192, 2),
    _windows("windows-8-plain", 8192, 0, "MNNS"),
    _windows("windows-10-times", 64240, 8, "MNWST"),
    _windows("windows-xp", 65535, 0, "MNNS", 0.2),
    _apple("macos", "macos", 6, 0.35),
    _apple("macos-10", "macos", 5, 0.05),
    _apple("macos-old", "macos", 3, 0.0),
    _apple("ios", "ios", 7, 0.35),
    _apple("ios-11", "ios", 6, 0.2),
    _apple("ios-9", "ios", 5, 0.05),
    _linux("android", 65535, 65535, 9, "android"),
    _linux("android-8", 65535, 65535, 8, "android"),
    _linux("android-6", 65535, 65535, 6, "android"),
    _linux("android-4", 14600, 14480, 6, "android"),
    _bsd("freebsd", 65535, 6),
    _bsd("freebsd-8", 65535, 3),
    _bsd("freebsd-13", 65535, 8),
    _bsd("openbsd", 16384, 6, "MNNSNWNNT", "openbsd", "wide"),
    _bsd("openbsd-5", 16384, 3, "MNNSNWNNT", "openbsd", "wide"),
    _bsd("netbsd", 32768, 3, "MNWST", "bsd", "iana"),
    _bsd("solaris", 49640, 0, "MNWNNS", "windows", "wide"),
    # Devices. ``embedded`` is what hangs off every wall, ``appliance`` what stands in a rack.
    _small("embedded", "embedded", 64, 5840),  # uClibc and BusyBox, no options
    Stack("embedded-linux", "embedded", window=5840, scale=2, answer_window=5792),
    Stack("camera", "embedded", window=14600, scale=5, answer_window=14480),
    _small("esp8266", "embedded", 255, 2144, 536),  # lwIP, four segments
    _small("lwip", "embedded", 255, 5840),
    _small("esp32", "embedded", 64, 5744, 1436),
    _small("freertos", "embedded", 128, 4380),
    _small("threadx", "embedded", 128, 2048),
    _small("contiki", "embedded", 64, 1220, 1220),
    _small("vxworks", "embedded", 64, 60000, options="MNW", scale=0),
    _small("printer", "embedded", 64, 8192),
    _small("printer-old", "embedded", 60, 11680),
    _small("printer-laser", "embedded", 64, 8688, options="MNWNNT", scale=0),
    Stack("appliance", "appliance", 255, "MNW", window=32768, scale=2, order="bsd", ports="wide"),
    _small("router", "appliance", 255, 4128, 536),  # Cisco IOS
    _small("switch", "appliance", 64, 8192),
    Stack("balancer", "appliance", 255, "MNWNNS", window=4380, scale=0, order="windows", ports="wide"),
    Stack("firewall", "appliance", 64, "MSTNW", window=14600, scale=3, answer_window=14480),
    Stack("router-bsd", "appliance", 64, "MNWST", window=16384, scale=0, order="bsd", ports="iana"),
    # Tools that write their own packets.
    _tool("masscan", 255, "", 1024),
    _tool("masscan-mss", 255, "M", 1024),
    _tool("zmap", 255, "M", 65535, fixed_id=54321),
    _tool("zmap-linux", 255, "MSTNW", 65535, fixed_id=54321),
    _tool("zmap-windows", 255, "MNWNNS", 65535, fixed_id=54321, scale=8),
    _tool("nmap", 52, "M", 1024),
    _tool("hping", 64, "", 512),
    _tool("hping-flood", 64, "", 64),
    _tool("mirai", 64, "", 14600),
    _tool("mirai-options", 64, "MSTNW", 14600, scale=6),
    _tool("flooder", 64, "MSTNW", 5840, scale=10),
    _tool("flooder-bare", 128, "", 8192),  # scapy and raw sockets
    _tool("unicornscan", 128, "M", 4096),
)
