"""What other systems call things: protocols, severities, rule numbers, ATT&CK."""

from __future__ import annotations

import zlib
from typing import Any, Final

from contract.families import BENIGN, TACTICS, TECHNIQUES, catalogue
from contract.schemas import ARP

# IANA's protocol numbers by Suricata's words.
PROTOCOLS: Final = {
    1: "ICMP",
    2: "IGMP",
    6: "TCP",
    17: "UDP",
    47: "GRE",
    50: "ESP",
    51: "AH",
    58: "IPv6-ICMP",
    132: "SCTP",
    ARP: "ARP",
}
ICMP: Final = (1, 58)
PORTED: Final = (6, 17, 132)
# A flow record keeps no payload: what it carries is told from the service's registered port (IANA), as a hint.
_TCP_SERVICES: Final = {
    20: "ftp-data", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "dns", 80: "http", 110: "pop3", 143: "imap",
    389: "ldap", 443: "tls", 445: "smb", 465: "tls", 587: "smtp", 853: "tls", 993: "tls", 995: "tls", 1883: "mqtt",
    3389: "rdp", 5060: "sip", 5900: "rfb", 8080: "http", 8443: "tls",
}  # fmt: skip
_UDP_SERVICES: Final = {
    53: "dns", 67: "dhcp", 69: "tftp", 88: "krb5", 123: "ntp", 161: "snmp", 443: "quic", 500: "ike", 4500: "ike",
    5060: "sip",
}  # fmt: skip
SERVICES: Final = {6: _TCP_SERVICES, 17: _UDP_SERVICES}

RULES_FROM: Final = 9_000_000
_RULES: Final = 1_000_000
# What a rule of that group would say of its weight (1 is the worst), and its class of traffic, in Suricata's words.
_GROUPS: Final = {
    "dos": (1, "Attempted Denial of Service"),
    "recon": (3, "Detection of a Network Scan"),
    "credential": (2, "Attempted User Privilege Gain"),
    "exploit": (1, "Web Application Attack"),
    "command_and_control": (1, "Malware Command and Control Activity Detected"),
    "exfiltration": (1, "Potential Corporate Privacy Violation"),
    "local": (2, "Misc Attack"),
}
EVE_SEVERITY: Final = {"critical": 1, "high": 1, "medium": 2, "low": 3}
RULE_SEVERITY: Final = {"critical": "Critical", "high": "Major", "medium": "Minor", "low": "Informational"}
_BY_WEIGHT: Final = {1: "high", 2: "medium", 3: "low"}


def rule_number(family: str) -> int:
    """The number that stands for a family, from its name alone: no other family moves it.

    A test holds that no two have the same.
    """
    return RULES_FROM + zlib.crc32(family.encode()) % _RULES


def group_words(group: str) -> tuple[str, str]:
    """How severe a single verdict of that group is, and the class of traffic."""
    weight, category = _GROUPS[group]
    return _BY_WEIGHT[weight], category


def confidence_word(score: float) -> str:
    """High, Medium or Low."""
    return "High" if score >= 0.9 else "Medium" if score >= 0.6 else "Low"


def rule_title(family: str) -> str:
    """The name of a family as the title of a rule."""
    found = catalogue().get(family)
    return f"TENFOLD {found.group.replace('_', ' ')}: {found.title}" if found else f"TENFOLD {family}"


def protocol_word(number: int) -> str:
    """The protocol by name, by number where it has none here."""
    return PROTOCOLS.get(number, str(number))


def service(protocol: int, src_port: int, dst_port: int) -> str:
    """What the registered port of either end stands for; empty where it is not known."""
    known = SERVICES.get(protocol, {})
    return known.get(dst_port) or known.get(src_port) or ""


def attack(family: str) -> dict[str, Any]:
    """ATT&CK of a family: ``technique``, ``technique_name``, ``tactic``, ``tactic_name``; empty where it has none."""
    found = catalogue().get(family)
    if family == BENIGN or found is None or not found.technique:
        return {}
    return {
        "technique": found.technique,
        "technique_name": TECHNIQUES.get(found.technique, ""),
        "tactic": found.tactic,
        "tactic_name": TACTICS.get(found.tactic, ""),
    }


def samples(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The sample flows of an alert, at least one: made of its first attacker and victim where it kept none."""
    ends = {"src": next(iter(document["attackers"]), ""), "dst": next(iter(document["victims"]), "")}
    ports = {"src_port": 0, "dst_port": next(iter(document["ports"]), 0), "protocol": document["protocol"]}
    return [ends | ports | flow for flow in document["sample_flows"] or [{}]]
