"""Rules by which nobody is told of an incident: sources that are allowed to do what they do, and what is muted.

A rule is held against single flows, so that an allowed scanner does not hide another attacker who has the same victim:
flows under a rule form incidents of their own (``Silencer.NUMBER_SHIFT``), which are kept and counted like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from contract.addresses import Networks
from contract.errors import InputError
from contract.schemas import ARP
from detector.facts import as_bytes
from detector.flowtable import BWD, FWD

MOST_RULES: Final = (1 << 15) - 1  # in the life of a process: they are numbered in 15 bits
NUMBER_SHIFT: Final = 48  # where a rule's number stands in the first word of an incident's key
_MINUTE_NS: Final = 60_000_000_000
_DAY_MINUTES: Final = 24 * 60
_MAC_PARTS: Final = 6

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int32]


def mac_of(text: str) -> int | None:
    """A MAC address in text as its 48 bits; None where it is none."""
    parts = text.replace("-", ":").split(":")
    try:
        octets = [int(part, 16) for part in parts if len(part) == 2]
    except ValueError:
        return None
    return int.from_bytes(bytes(octets), "big") if len(parts) == len(octets) == _MAC_PARTS else None


class Places:
    """Addresses, prefixes and MAC addresses. Raises ``InputError`` where an entry is none of them."""

    def __init__(self, entries: Sequence[str]) -> None:
        macs = [mac_of(entry) for entry in entries]
        self._networks = Networks([entry for entry, mac in zip(entries, macs, strict=True) if mac is None])
        self._macs = np.array(sorted({mac for mac in macs if mac is not None}), np.uint64)

    def has(self, addresses: npt.NDArray[np.uint8], macs: npt.NDArray[np.uint64]) -> Mask:
        """Which rows lie here, by address (``(n, 16)``) or MAC (``(n,)``): bool ``(n,)``."""
        found = self._networks.contains(addresses)
        if len(self._macs):
            found |= np.isin(macs, self._macs)
        return found


@dataclass(frozen=True)
class Rule:
    """What is allowed or muted, and why. What is not given holds for everything.

    ``sources`` are on the attacker's side, ``destinations`` on the victim's (addresses, prefixes, MACs); ``families``
    are ids; ``until`` is epoch ns; ``hours`` are pairs of minutes of the day, UTC, of which the second may be smaller
    (over midnight).
    """

    kind: Literal["allowed", "muted"]
    reason: str
    sources: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    families: frozenset[str] = frozenset()
    until: int | None = None
    hours: tuple[tuple[int, int], ...] = ()

    def holds_at(self, now: int) -> bool:
        """Whether it is in force at a time of the traffic (epoch ns)."""
        if self.until is not None and now >= self.until:
            return False
        minute = now // _MINUTE_NS % _DAY_MINUTES
        return not self.hours or any(
            low <= minute < high if low <= high else minute >= low or minute < high for low, high in self.hours
        )


class _Compiled:
    """A rule ready for arrays."""

    def __init__(self, rule: Rule, families: tuple[str, ...]) -> None:
        self.rule = rule
        self._sources = Places(rule.sources) if rule.sources else None
        self._destinations = Places(rule.destinations) if rule.destinations else None
        self._codes = np.array(
            [code > 0 and (not rule.families or f in rule.families) for code, f in enumerate(families)]
        )

    def match(self, ends: _Ends, codes: npt.NDArray[np.int16], now: int) -> Mask:
        if not self.rule.holds_at(now):
            return np.zeros(len(codes), np.bool_)
        found: Mask = self._codes[codes]
        if self._sources and found.any():
            found &= self._sources.has(ends.addresses[0], ends.macs[0])
        if self._destinations and found.any():
            found &= self._destinations.has(ends.addresses[1], ends.macs[1])
        return found


@dataclass(frozen=True)
class _Ends:
    """Attacker and victim of flows: addresses ``(n, 16)`` and MACs ``(n,)`` of each."""

    addresses: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]
    macs: tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]

    @classmethod
    def of(cls, flows: npt.NDArray[Any], attacker: npt.NDArray[np.int64]) -> _Ends:
        rows = np.arange(len(flows))
        sent = flows["mac"]
        arp = (flows["protocol"] == ARP)[:, None] & (flows["arp_mac"] != 0)
        macs = np.where(arp, flows["arp_mac"], sent)
        sides = (attacker, 1 - attacker)
        return cls(
            (as_bytes(flows["address"][rows, sides[0]]), as_bytes(flows["address"][rows, sides[1]])),
            (macs[rows, sides[0]], macs[rows, sides[1]]),
        )


class Silencer:
    """The rules of one detector, numbered from 1 on. A number keeps its rule, whatever rules come and go."""

    def __init__(self, families: tuple[str, ...], rules: Sequence[Rule] = ()) -> None:
        self._families = families
        self._numbers: dict[Rule, int] = {}
        self._rules: list[Rule] = []
        self._active: list[tuple[int, _Compiled]] = []
        self.change(rules)

    @property
    def active(self) -> bool:
        """Whether there is any rule."""
        return bool(self._active)

    def change(self, rules: Sequence[Rule]) -> None:
        """Put other rules in force; those that are allowed come before those that are muted. Raises ``InputError``."""
        ordered = sorted(dict.fromkeys(rules), key=lambda rule: rule.kind != "allowed")
        if len(self._rules) + sum(rule not in self._numbers for rule in ordered) > MOST_RULES:
            raise InputError(f"more than {MOST_RULES} rules since the start; start the detector anew")
        active = [_Compiled(rule, self._families) for rule in ordered]
        for rule in ordered:
            if rule not in self._numbers:
                self._rules.append(rule)
                self._numbers[rule] = len(self._rules)
        self._active = [(self._numbers[one.rule], one) for one in active]

    def rule(self, number: int) -> Rule | None:
        """The rule of a number, None for 0."""
        return self._rules[number - 1] if number else None

    def numbers(
        self, flows: npt.NDArray[Any], attacker: npt.NDArray[np.int64], codes: npt.NDArray[np.int16], now: int
    ) -> Numbers:
        """The rule under which each flow with an attack's code falls, 0 where there is none: int32 ``(n,)``.

        Args:
            flows: records of the flow table, ``(n,)``
            attacker: which side attacks (FWD or BWD), ``(n,)``
            codes: family codes, ``(n,)``
            now: time of the traffic, epoch ns
        """
        found = np.zeros(len(codes), np.int32)
        ends = _Ends.of(flows, attacker)
        for number, compiled in self._active:
            found[compiled.match(ends, codes, now) & (found == 0)] = number
        return found


def attacker_side(flows: npt.NDArray[Any], receiver: Mask) -> npt.NDArray[np.int64]:
    """Which side of flows attacks: the one that began, but where the ``receiver`` is the victim, the other that sends.

    The same choice as ``detector.incidents.key_of``.
    """
    answered = flows["bytes"][:, BWD] > flows["bytes"][:, FWD]
    return np.where(receiver & answered, BWD, FWD).astype(np.int64)
