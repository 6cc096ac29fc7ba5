"""Families of traffic: what a name means, its group and its ATT&CK technique.

A family that we generate says so itself, in the one file that makes it (``FAMILY = Family(...)`` in
``generator/attacks`` or ``generator/benign``; the file's name is the family's id). The literal is read from the source
text, so nobody has to import the generator, nor scapy, to know the families.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from contract.errors import InputError

ATTACK_VERSION: Final = "19.2"
BENIGN: Final = "benign"
UNKNOWN: Final = "unknown"
GROUPS: Final = ("dos", "recon", "credential", "exploit", "command_and_control", "exfiltration", "local")

TACTICS: Final = {
    "TA0001": "Initial Access",
    "TA0006": "Credential Access",
    "TA0007": "Discovery",
    "TA0010": "Exfiltration",
    "TA0011": "Command and Control",
    "TA0040": "Impact",
    "TA0042": "Resource Development",
    "TA0043": "Reconnaissance",
}
TECHNIQUES: Final = {
    "T1046": "Network Service Discovery",
    "T1018": "Remote System Discovery",
    "T1048": "Exfiltration Over Alternative Protocol",
    "T1071.001": "Application Layer Protocol: Web Protocols",
    "T1071.004": "Application Layer Protocol: DNS",
    "T1110": "Brute Force",
    "T1110.001": "Brute Force: Password Guessing",
    "T1190": "Exploit Public-Facing Application",
    "T1498": "Network Denial of Service",
    "T1498.001": "Network Denial of Service: Direct Network Flood",
    "T1498.002": "Network Denial of Service: Reflection Amplification",
    "T1499": "Endpoint Denial of Service",
    "T1499.001": "Endpoint Denial of Service: OS Exhaustion Flood",
    "T1499.002": "Endpoint Denial of Service: Service Exhaustion Flood",
    "T1557.002": "Adversary-in-the-Middle: ARP Cache Poisoning",
    "T1583.005": "Acquire Infrastructure: Botnet",
    "T1595.002": "Active Scanning: Vulnerability Scanning",
}


@dataclass(frozen=True)
class Family:
    """A kind of attack (``group`` is one of ``GROUPS``) or of ordinary traffic (``group`` is ``benign``).

    ``technique`` and ``tactic`` are ATT&CK ids, empty for ordinary traffic. ``summary`` is one sentence for people.
    """

    group: str
    title: str
    summary: str
    technique: str = ""
    tactic: str = ""
    id: str = ""

    @property
    def attack(self) -> bool:
        """False for ordinary traffic."""
        return self.group != BENIGN


# Words of the public contract that no file of the generator makes yet, and the wide words of real captures' truth.
_NOT_GENERATED: Final = {
    "other_dos": Family("dos", "Other denial of service", "A flood that has no family here.", "T1498", "TA0040"),
    "other_bruteforce": Family("credential", "Other guessing", "Guessing at another service.", "T1110", "TA0006"),
    "other_exploit": Family("exploit", "Other exploit", "An exploit that has no family here.", "T1190", "TA0001"),
}
_FOLDERS: Final = ("attacks", "benign")


def read_family(path: Path) -> Family:
    """The ``FAMILY = Family(...)`` literal of one family file. Raises ``InputError`` where there is none."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for node in tree.body:
        named = isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["FAMILY"]
        if named and isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            try:
                positional = [ast.literal_eval(argument) for argument in node.value.args]
                named_arguments = {k.arg or "": ast.literal_eval(k.value) for k in node.value.keywords}
                return replace(Family(*positional, **named_arguments), id=path.stem)
            except (ValueError, TypeError) as error:
                raise InputError(f"{path}: FAMILY must be a plain literal: {error}") from None
    raise InputError(f"{path} defines no FAMILY = Family(...)")


@cache
def catalogue() -> dict[str, Family]:
    """Every family by id: those that the generator makes, and the other words of the public contract."""
    root = Path(__file__).parent.parent / "generator"
    made = [read_family(path) for folder in _FOLDERS for path in sorted((root / folder).glob("[a-z]*.py"))]
    found = {name: replace(family, id=name) for name, family in _NOT_GENERATED.items()}
    found.update({family.id: family for family in made})
    return found


def group_of(family: str) -> str:
    """The group of a family id; ``benign`` and ``unknown`` are groups of their own.

    Raises ``InputError`` where no family is called so.
    """
    if family in (BENIGN, UNKNOWN):
        return family
    try:
        return catalogue()[family].group
    except KeyError:
        raise InputError(f"no family is called {family!r}; `tenfold families` lists them") from None
