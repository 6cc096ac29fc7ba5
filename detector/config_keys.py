"""The keys of a configuration file: what each means, may hold, and is if nobody says.

One table for the reader (``detector.config_file``), the commented default that ``tenfold config init`` writes, and the
documentation.
"""

from __future__ import annotations

from typing import Final

from contract.config_key import Key, Table
from detector.config import Config
from detector.live_settings import Live
from detector.policy import Policy

_CONFIG: Final = Config()
_POLICY: Final = Policy()
_LIVE: Final = Live()


def bounds(key: Key) -> str:
    """What a number may be, in words."""
    low, high = (f"{bound:,.10g}" for bound in (key.low, key.high))
    return f"{low} to {high}"


KINDS: Final = {
    "number": "a number",
    "whole": "a whole number",
    "flag": "true or false",
    "text": "a text",
    "tunnels": "inner or outer",
    "severity": "low, medium, high or critical",
    "families": "a list of families or groups",
    "places": "a list of addresses, prefixes or MAC addresses",
    "networks": "a list of addresses or prefixes",
    "hosts": "a list of host names, each with its port where only that one is meant",
    "hours": 'a list of spans of the day in UTC, each "22:00-06:00"',
    "date": "a date, 2027-01-31",
    "choice": "one of a few words",
    "whats": "a list of alerts, detections, flows",
}

_RULE: Final = (
    Key("reason", "text", "Why; it stands in every record of what the rule silences.", needed=True, example="why"),
    Key(
        "sources", "places", "On the attacker's side. Not given: anybody.", example=["192.0.2.10", "02:00:00:00:00:01"]
    ),
    Key("destinations", "places", "On the victim's side. Not given: anybody.", example=["198.51.100.0/24"]),
    Key(
        "families",
        "families",
        "Only these families, or all of these groups. Not given: all.",
        example=["recon", "web_attack"],
    ),
    Key(
        "until", "date", "The last day (UTC) on which the rule holds; afterwards it does nothing.", example="2027-01-31"
    ),
)

TABLES: Final = (
    Table(
        "meter",
        "How frames become flows. These take effect at the start, not on a reload.",
        (
            Key("idle_s", "number", "A flow ends after so many seconds without a frame.", _CONFIG.idle_s, 0.1, 86_400),
            Key(
                "active_s",
                "number",
                "A flow that goes on is reported, and begun anew, after so many seconds.",
                _CONFIG.active_s,
                0.1,
                604_800,
            ),
            Key(
                "capacity",
                "whole",
                "Live flows at most. When the table is full, those that were quiet longest end early, counted.",
                _CONFIG.capacity,
                256,
                1 << 26,
            ),
            Key(
                "tunnels",
                "tunnels",
                "inner meters what GRE, IP-in-IP, VXLAN and Geneve carry, outer the tunnels themselves.",
                _CONFIG.tunnels,
            ),
            Key(
                "hosts",
                "whole",
                "Hosts whose recent behaviour is kept at once, rounded up to a power of two; services, pairs and "
                "conversations in proportion. Of a full set the one gives way that was quiet longest, counted.",
                _CONFIG.hosts,
                256,
                1 << 22,
            ),
            Key(
                "late_ms",
                "whole",
                "How much older than the newest frame before it a frame may be and still count at its own time. A "
                "verdict waits for so long.",
                _CONFIG.late_ns // 1_000_000,
                0,
                60_000,
            ),
            Key("tick_ms", "whole", "How often what changed is classified.", _CONFIG.tick_ns // 1_000_000, 1, 10_000),
            Key(
                "tick_frames",
                "whole",
                "A tick ends early after so many frames, whatever their timestamps say.",
                _CONFIG.tick_frames,
                1,
                1 << 24,
            ),
        ),
    ),
    Table(
        "alerts",
        "When verdicts become alerts, for all families.",
        (
            Key(
                "sure",
                "number",
                "Score from which a single flow is called an attack at once, before an alert has been raised.",
                _CONFIG.sure,
                0.5,
                1,
            ),
            Key(
                "update_s",
                "number",
                "An open alert is written again at most this often.",
                _POLICY.update_s,
                0.05,
                3600,
            ),
            Key(
                "most_incidents",
                "whole",
                "Incidents and candidates that are kept at once. Takes effect at the start, not on a reload.",
                _POLICY.capacity,
                64,
                1 << 20,
            ),
        ),
    ),
    Table(
        "families",
        "Bars of one family, or of all families of a group; a family's own word counts more than its group's.",
        (
            Key(
                "least_score",
                "number",
                "A flow of a lower score is not called that. The model has thresholds of its own (in its card); this "
                "can only ask for more.",
                0.0,
                0,
                1,
            ),
            Key(
                "evidence",
                "number",
                "Evidence before an alert is raised: log-odds of verdicts, summed over the flows of one cause.",
                None,
                0.1,
                1e6,
            ),
            Key("flows", "whole", "Flows before an alert is raised.", None, 1, 1 << 30),
            Key(
                "half_life_s", "number", "Evidence that nothing is added to halves in so many seconds.", None, 0.1, 1e6
            ),
            Key("quiet_s", "number", "An alert closes after so many seconds without new evidence.", None, 1, 1e6),
            Key(
                "severity",
                "severity",
                "Its severity, whatever an incident's figures say. Crown jewels still raise it.",
                example="medium",
            ),
        ),
        by_family=True,
    ),
    Table(
        "allow",
        "Who may do what they do: known scanners, backup hosts, monitoring. What they do is still seen and kept, "
        "marked with the reason, and raises no alert. Give sources or destinations.",
        _RULE,
        many=True,
    ),
    Table(
        "mute",
        "What nobody wants to be told of now. Muted incidents are kept and counted. Give at least one of families, "
        "sources, destinations, hours.",
        (
            *_RULE,
            Key(
                "hours",
                "hours",
                "Only in these spans of the day (UTC, by the traffic's clock).",
                example=["22:00-06:00"],
            ),
        ),
        many=True,
    ),
    Table(
        "network",
        "Which addresses are one's own. They word an alert's direction (inbound, outbound, internal, external) and "
        "decide nothing.",
        (Key("home", "networks", "The home networks.", example=["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]),),
    ),
    Table(
        "assets",
        "Crown jewels: an alert that names one of them as victim is more severe.",
        (
            Key("name", "text", "What they are, for the reason that the alert gives.", needed=True, example="payroll"),
            Key("addresses", "networks", "Where they are.", needed=True, example=["192.0.2.80"]),
            Key("raise", "whole", "By how many steps the severity goes up.", 1, 1, 3),
        ),
        many=True,
    ),
    Table(
        "service",
        "The API and its page (`tenfold serve`).",
        (
            Key(
                "names",
                "hosts",
                "Names that it answers to beside those of loopback (Host).",
                example=["tenfold.example"],
            ),
        ),
    ),
    Table(
        "live",
        "How `tenfold detect --interface` listens, where its own options do not say otherwise.",
        (
            Key("filter", "text", "What to listen to, in the syntax of tcpdump.", _LIVE.filter),
            Key("promiscuous", "flag", "Take what is addressed to others as well.", _LIVE.promiscuous),
            Key("snaplen", "whole", "Bytes of a frame that are kept.", _LIVE.snaplen, 64, 262_144),
            Key("ring_mib", "whole", "Memory of the kernel's ring, in MiB.", _LIVE.ring_mib, 1, 8192),
            Key(
                "rings", "whole", "Rings that share that memory, flow by flow, each with a thread.", _LIVE.rings, 1, 64
            ),
        ),
    ),
)
