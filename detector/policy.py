"""When do verdicts become an alert: what an incident of each family is keyed by, and how much evidence it needs.

Evidence is the log-odds of a verdict (``ln(p / (1 - p))``, at most 5), summed over the flows of one cause and fading
with a half-life: the sequential test by which weak signals add up and single oddities do not. A flow that goes on being
called an attack adds to its own evidence, up to ``per_flow``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.families import BENIGN, group_of
from detector.silence import Rule
from detector.site import Site


class Cause(IntEnum):
    """What the verdicts of one incident have in common."""

    VICTIM = 1  # and protocol
    VICTIM_SERVICE = 2  # and protocol and port
    RECEIVER = 3  # the side that gets more bytes
    ATTACKER = 4
    PAIR = 5
    PAIR_SERVICE = 6
    MAC = 7  # ARP: the sender's MAC address


@dataclass(frozen=True)
class Bar:
    """How incidents of a family are grouped, and when one is raised.

    Families that share a ``tag`` and a cause share an incident, whose family is then the one with most evidence. An
    incident is raised with ``evidence`` from at least ``flows`` flows, each of which gives ``per_flow`` at most;
    evidence halves in ``half_life_s``; ``quiet_s`` without new evidence closes it. Each time that a flow which goes on
    is called an attack again it gives the share ``again`` of its log-odds; ``mass`` more of them for every doubling of
    its packets, where one flow may be a whole flood.
    """

    cause: Cause
    tag: int
    evidence: float
    per_flow: float
    flows: int
    half_life_s: float
    quiet_s: float
    again: float = 0.1
    mass: float = 0.0


_NETWORK_FLOOD, _DATAGRAM_FLOOD, _WEB_FLOOD = 1, 2, 3
_SCAN, _WEB_SCAN, _GUESSING, _EXPLOIT, _COMMAND, _RECRUITING, _LEAK, _SPOOFING = 4, 5, 6, 7, 8, 9, 10, 11

GROUP_BARS: Final[Mapping[str, Bar]] = {
    "dos": Bar(Cause.VICTIM, _NETWORK_FLOOD, 40.0, 5.0, 12, 10.0, 30.0),
    "recon": Bar(Cause.ATTACKER, _SCAN, 12.0, 5.0, 4, 60.0, 120.0),
    "credential": Bar(Cause.PAIR_SERVICE, _GUESSING, 7.5, 4.0, 2, 120.0, 180.0),
    "exploit": Bar(Cause.ATTACKER, _EXPLOIT, 5.0, 8.0, 1, 300.0, 300.0, again=0.25),
    "command_and_control": Bar(Cause.PAIR_SERVICE, _COMMAND, 8.0, 16.0, 1, 1800.0, 1800.0, again=0.25),
    "exfiltration": Bar(Cause.PAIR, _LEAK, 8.0, 16.0, 1, 600.0, 600.0, again=0.25),
    "local": Bar(Cause.MAC, _SPOOFING, 3.0, 8.0, 1, 300.0, 300.0, again=0.5),
}
FAMILY_BARS: Final[Mapping[str, Bar]] = {
    "udp_flood": Bar(Cause.VICTIM, _DATAGRAM_FLOOD, 25.0, 50.0, 1, 10.0, 30.0, mass=0.5),
    "icmp_flood": Bar(Cause.VICTIM, _DATAGRAM_FLOOD, 25.0, 50.0, 1, 10.0, 30.0, mass=0.5),
    "reflection_amplification": Bar(Cause.RECEIVER, _DATAGRAM_FLOOD, 25.0, 50.0, 2, 10.0, 30.0, mass=0.5),
    # One flow may be all of it: forged to come from the victim itself, or in pieces.
    "other_dos": Bar(Cause.VICTIM, _NETWORK_FLOOD, 25.0, 50.0, 1, 10.0, 30.0, mass=1.0),
    "other_bruteforce": Bar(
        Cause.PAIR_SERVICE, _GUESSING, 7.5, 8.0, 1, 120.0, 180.0, again=0.25
    ),  # over UDP it is one flow
    "http_login_bruteforce": Bar(
        Cause.PAIR_SERVICE, _GUESSING, 7.5, 8.0, 1, 120.0, 180.0, again=0.25
    ),  # or one connection
    "http_flood": Bar(Cause.VICTIM_SERVICE, _WEB_FLOOD, 30.0, 8.0, 4, 20.0, 30.0, mass=0.5),
    "slowloris": Bar(Cause.VICTIM_SERVICE, _WEB_FLOOD, 30.0, 5.0, 8, 60.0, 120.0),
    "web_scan": Bar(Cause.ATTACKER, _WEB_SCAN, 12.0, 18.0, 1, 60.0, 120.0, again=0.5, mass=0.3),
    "iot_botnet": Bar(Cause.ATTACKER, _RECRUITING, 12.0, 5.0, 4, 120.0, 300.0),
}
LOG_ODDS_MOST: Final = 5.0


@dataclass(frozen=True)
class Policy:
    """``bars`` by family replace those above. ``capacity`` incidents and candidates are kept at most.

    When it is full, the candidates (not yet raised) that were quiet longest give way, a quarter at a time.
    ``least`` by family is the score below which a flow is not called that, over and above the model's own threshold.
    ``rules`` say what is allowed and muted, ``site`` what is known of one's own network.
    """

    bars: Mapping[str, Bar] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    site: Site = field(default_factory=Site)
    capacity: int = 8192
    update_s: float = 1.0
    updates_a_tick: int = 64

    def bar(self, family: str) -> Bar:
        """The bar of an attack family."""
        return self.bars.get(family) or FAMILY_BARS.get(family) or GROUP_BARS[group_of(family)]

    def tables(self, families: tuple[str, ...]) -> Bars:
        """The bars as arrays that a kernel indexes by the model's family codes."""
        table = np.zeros(len(families), BAR)
        for code, family in enumerate(families):
            if family == BENIGN:
                continue
            bar = self.bar(family)
            row: Any = table[code]
            row["cause"], row["tag"], row["flows"] = bar.cause, bar.tag, bar.flows
            row["evidence"], row["per_flow"] = bar.evidence, bar.per_flow
            row["again"], row["mass"] = bar.again, bar.mass
            row["half_life"], row["quiet"] = bar.half_life_s * 1e9, bar.quiet_s * 1e9
        return Bars(table)


BAR: Final = np.dtype(
    [
        ("cause", "u1"),
        ("tag", "u8"),  # the upper 16 bits hold the number of a rule (detector.silence)
        ("flows", "i4"),
        ("evidence", "f8"),
        ("per_flow", "f8"),
        ("again", "f8"),
        ("mass", "f8"),
        ("half_life", "f8"),  # ns
        ("quiet", "f8"),  # ns
    ],
    align=True,
)


class Bars(NamedTuple):
    """``table[code]``: the bar of each of the model's families (row 0, benign, is empty)."""

    table: npt.NDArray[Any]
