"""What a campaign draws, and from where: the one table that the code draws from and that docs/variation.md prints.

A range without a source is our own judgement of what networks do; one with a source names a document or a system.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

import numpy as np


@dataclass(frozen=True)
class Range:
    """Evenly between ``low`` and ``high`` (``law`` "even", or "log": evenly in the logarithm; "whole": whole numbers).

    ``per`` says how often it is drawn: once a campaign, for each template conversation, or for each host.
    """

    what: str
    low: float
    high: float
    unit: str = ""
    law: str = "even"
    per: str = "campaign"
    source: str = ""

    def draw(self, rng: np.random.Generator) -> float:
        """One value."""
        if self.law == "whole":
            return float(rng.integers(int(self.low), int(self.high) + 1))
        if self.law == "log":
            return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        return float(rng.uniform(self.low, self.high))

    def text(self) -> str:
        """As the table shows it."""
        return f"{self.low:g} to {self.high:g} {self.unit}".strip() + (", logarithmic" if self.law == "log" else "")


@dataclass(frozen=True)
class Choice:
    """One of some values, each with its weight; where ``spread`` is set, each campaign leans its own way.

    A campaign's weights are drawn from a Dirichlet distribution around these, the tighter the greater ``spread``.
    """

    what: str
    values: tuple[float | str, ...]
    weights: tuple[float, ...]
    per: str = "campaign"
    source: str = ""
    spread: float = 0.0
    unit: str = ""

    def lean(self, rng: np.random.Generator) -> tuple[float, ...]:
        """The campaign's own weights; they sum to one."""
        even = np.array(self.weights) / sum(self.weights)
        return tuple(float(share) for share in (rng.dirichlet(even * self.spread) if self.spread else even))

    def draw(self, rng: np.random.Generator, weights: tuple[float, ...] = ()) -> float | str:
        """One value, by the campaign's weights or by these."""
        shares = weights or self.lean(rng)
        at = int(np.searchsorted(np.cumsum(shares), rng.random(), side="right"))
        return self.values[min(at, len(self.values) - 1)]

    def number(self, rng: np.random.Generator, weights: tuple[float, ...] = ()) -> float:
        """One value of a choice among numbers."""
        return float(self.draw(rng, weights))

    def text(self) -> str:
        """As the table shows it."""
        total = sum(self.weights)
        listed = [f"{value:g}" if isinstance(value, float) else value for value in self.values]
        shares = [f"{name} ({weight / total:.0%})" for name, weight in zip(listed, self.weights, strict=True)]
        return ", ".join(shares) + (f" {self.unit}" if self.unit else "")


_LINK: Final = "conversation"
RANGES: Final[dict[str, Range]] = {
    "rtt_median": Range("median round trip over the Internet", 0.008, 0.12, "s", "log"),
    "rtt_sigma": Range("spread of round trips (lognormal sigma)", 0.4, 0.85),
    "hops_least": Range("routers between a far end and the monitor, least", 3, 8, "", "whole"),
    "hops_span": Range("routers between a far end and the monitor, most less least", 4, 13, "", "whole"),
    "access_slow": Range("slowest access link", 2e6, 3e7, "bit/s", "log"),
    "access_fast": Range("fastest access link", 2e8, 2.5e9, "bit/s", "log"),
    "paced_share": Range("share of senders that pace (BBR, fq) instead of sending bursts", 0.0, 0.4),
    "burst_rate": Range("rate within a burst of a sender that does not pace (TSO)", 1e9, 1e10, "bit/s", "log", _LINK),
    "lossy_share": Range("share of conversations on a lossy path", 0.02, 0.4),
    "loss": Range("loss of data segments on a lossy path", 0.001, 0.03, "", "log", _LINK),
    "lost_after": Range("share of losses that happen beyond the monitor", 0.2, 0.8),
    "reordered_share": Range("share of conversations on a path that reorders", 0.0, 0.2),
    "reorder": Range("segments that arrive after their successor there", 0.0005, 0.01, "", "log", _LINK),
    "syn_retry": Range("first repetition of a SYN, doubled each time", 1.0, 1.05, "s", "even", _LINK, "RFC 6298 (1 s)"),
    "keepalive_share": Range("share of connections with TCP keep-alive", 0.1, 0.6, source="RFC 9293 section 3.8.4"),
    "delayed_ack": Range("delayed ACK, times the system's own", 0.6, 1.2, source="RFC 9293 section 3.8.6.3: < 0.5 s"),
    "ecn": Range("share of connections that ask for ECN, times the system's own", 0.0, 1.5, source="RFC 3168"),
    "marked_share": Range("share of conversations with a DSCP other than 0", 0.0, 0.12, source="RFC 2474"),
    "stall_share": Range("share of long transfers whose reader stalls (zero window)", 0.0, 0.05),
    "reset_share": Range("share of closes that the client ends with a reset instead of the last ACK", 0.0, 0.06),
    "tool_window": Range("window of mirai and flood tools", 512, 65534, "", "whole", source="random in their sources"),
    "nmap_ttl": Range("TTL of nmap's probes", 37, 59, "", "whole", source="nmap: 37 + random 23"),
}
CHOICES: Final[dict[str, Choice]] = {
    "mtu": Choice(
        "MTU of an end's link",
        (1500.0, 1492.0, 1480.0, 1476.0, 1450.0, 1420.0, 1400.0, 1358.0, 1280.0),
        (0.8, 0.07, 0.02, 0.01, 0.02, 0.03, 0.03, 0.01, 0.01),
        per=_LINK, source="RFC 2516 (1492), GRE, VXLAN, WireGuard (1420), mobile tunnels, RFC 8200 (1280)", spread=40.0,
        unit="bytes",
    ),
    "keepalive_idle": Choice(
        "idle time before a keep-alive probe",
        (15.0, 30.0, 45.0, 60.0, 75.0, 120.0, 300.0, 7200.0), (1, 2, 2, 3, 1, 2, 1, 4),
        per=_LINK, source="Go 15 s, Chrome 45 s, databases 60 s; RFC 9293: 2 h at least by default", unit="s",
    ),
    "ack_every": Choice(
        "segments that one ACK answers", (1.0, 2.0, 4.0, 8.0), (0.08, 0.72, 0.14, 0.06),
        per=_LINK, source="RFC 9293 section 3.8.6.3 (2); more with receive offload", spread=30.0,
    ),
    "dscp": Choice(
        "traffic class where it is marked",
        (8.0, 16.0, 32.0, 40.0, 72.0, 136.0, 160.0, 184.0), (2, 2, 3, 1, 2, 1, 1, 1),
        per=_LINK, source="RFC 2474, RFC 4594; 8 and 16 are the old throughput and low-delay bits (RFC 1349)",
    ),
    "ports": Choice(
        "how a host picks its source ports", ("next", "hashed", "random"), (0.45, 0.3, 0.25),
        per="host", source="RFC 6056 (algorithms 1, 3, 5); Windows counts up", spread=12.0,
    ),
    "port_range": Choice(
        "from which range", ("linux", "iana", "freebsd", "old", "wide"), (0.42, 0.44, 0.04, 0.02, 0.08),
        per="host", source="Linux 32768-60999, RFC 6335 49152-65535, FreeBSD 10000-65535, Windows XP 1024-5000",
        spread=20.0,
    ),
    "clients": Choice(
        "system of an ordinary client", ("windows", "android", "ios", "macos", "linux", "embedded", "freebsd"),
        (0.4, 0.2, 0.17, 0.11, 0.08, 0.03, 0.01), per=_LINK, spread=25.0,
    ),
    "servers": Choice(
        "system of a server", ("linux", "windows", "freebsd", "appliance"), (0.68, 0.16, 0.06, 0.1),
        per=_LINK, spread=25.0,
    ),
    "nmap_window": Choice("window of nmap's probes", (1024.0, 2048.0, 3072.0, 4096.0), (1, 1, 1, 1), source="p0f"),
    "tool_ttl": Choice("TTL of mirai and flood tools", (64.0, 128.0, 255.0), (2, 1, 1)),
}  # fmt: skip


def table() -> list[str]:
    """The rows of docs/variation.md, in Markdown."""
    rows = ["| name | what | from | drawn per | source |", "|---|---|---|---|---|"]
    listed: dict[str, Range | Choice] = {**RANGES, **CHOICES}
    rows += [f"| `{name}` | {one.what} | {one.text()} | {one.per} | {one.source} |" for name, one in listed.items()]
    return rows


if __name__ == "__main__":
    sys.stdout.write("\n".join(table()) + "\n")
