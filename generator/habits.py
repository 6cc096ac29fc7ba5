"""How systems speak: initial TTL, TCP options and their order, windows, IP ids; varied a little per campaign.

Layouts are those seen in the wild (p0f's fingerprint database and the tools' own sources).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

# How the IPv4 identification behaves.
IPID_ZERO: Final = 0  # zero, with DF set (RFC 6864)
IPID_COUNT: Final = 1  # counts up within the connection from a random start
IPID_RANDOM: Final = 2
IPID_FIXED: Final = 3  # as in the template


@dataclass(frozen=True)
class Stack:
    """One system's TCP/IP.

    ``options`` is the order on a SYN: M mss, N nop, W window scale, S sack, T timestamps, E end.
    """

    name: str
    ttl: int = 64
    options: str = "MSTNW"
    mss: int = 1460
    window: int = 64240
    scale: int = 7
    ipid: int = IPID_COUNT
    df: bool = True
    fixed_id: int = 0


STACKS: Final = (
    Stack("linux"),
    Stack("windows", 128, "MNWNNS", scale=8),
    Stack("macos", 64, "MNWNNTSE", window=65535, scale=6, ipid=IPID_ZERO),
    Stack("ios", 64, "MNWNNTSE", window=65535, scale=7, ipid=IPID_ZERO),
    Stack("android", 64, "MSTNW", window=65535, scale=9),
    Stack("freebsd", 64, "MNWST", window=65535, scale=6, ipid=IPID_RANDOM),
    Stack("embedded", 64, "M", window=5840, scale=0, df=False),
    Stack("appliance", 255, "MNW", window=32768, scale=2, ipid=IPID_COUNT),
    # Tools that write their own packets.
    Stack("masscan", 255, "", window=1024, ipid=IPID_RANDOM, df=False),
    Stack("zmap", 255, "M", window=65535, ipid=IPID_FIXED, df=False, fixed_id=54321),
    Stack("nmap", 52, "M", window=1024, ipid=IPID_RANDOM, df=False),
    Stack("hping", 64, "", window=512, ipid=IPID_RANDOM, df=False),
    Stack("mirai", 64, "", window=14600, ipid=IPID_RANDOM, df=False),
    Stack("flooder", 64, "MSTNW", window=5840, scale=10, ipid=IPID_RANDOM, df=False),
)
CLIENT_SYSTEMS: Final = ("windows", "windows", "windows", "android", "android", "ios", "ios", "macos", "linux")
SERVER_SYSTEMS: Final = ("linux", "linux", "linux", "windows", "freebsd", "appliance")


@dataclass(frozen=True)
class Habits:
    """The campaign's own flavour. Times in seconds."""

    stacks: dict[str, Stack]
    rtt_median_s: float
    rtt_sigma: float
    hops: tuple[int, int]  # routers between a far end and the monitor, least and most
    bandwidth: tuple[float, float]  # bits a second of access links, least and most
    delayed_ack_s: float


def draw_habits(rng: np.random.Generator) -> Habits:
    """The habits of one campaign."""
    mss = int(rng.choice([1460, 1460, 1460, 1452, 1440, 1400, 1380, 1360]))
    stacks = {}
    for stack in STACKS:
        drawn = replace(stack, mss=mss if rng.random() < 0.5 else stack.mss)
        if stack.name in ("linux", "android", "freebsd"):
            drawn = replace(drawn, scale=int(rng.choice([6, 7, 8, 9, 10])))
        if stack.name == "linux":
            drawn = replace(drawn, window=int(rng.choice([29200, 42340, 64240, 65535, 26883])))
        if stack.name == "windows":
            drawn = replace(drawn, window=int(rng.choice([8192, 64240, 65535])), scale=int(rng.choice([2, 8])))
        if stack.name == "nmap":
            drawn = replace(drawn, ttl=int(rng.integers(37, 60)), window=int(rng.choice([1024, 2048, 3072, 4096])))
        if stack.name in ("mirai", "flooder", "hping"):
            drawn = replace(drawn, window=int(rng.integers(512, 65535)), ttl=int(rng.choice([64, 64, 128, 255])))
        stacks[stack.name] = drawn
    low = int(rng.integers(3, 9))
    return Habits(
        stacks=stacks,
        rtt_median_s=float(rng.uniform(0.012, 0.07)),
        rtt_sigma=float(rng.uniform(0.4, 0.85)),
        hops=(low, low + int(rng.integers(4, 14))),
        bandwidth=(float(rng.uniform(5e6, 3e7)), float(rng.uniform(2e8, 1e9))),
        delayed_ack_s=float(rng.choice([0.025, 0.04, 0.04, 0.1])),
    )
