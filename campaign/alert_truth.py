"""Which alerts are true: those that name an attacker or victim of an attack while that attack lasts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from campaign.labels import I64, Mask, is_attack, times, words
from contract.addresses import Bytes2D, Networks, column_to_array, texts, to_bytes
from contract.alert import Alert
from contract.errors import InputError
from contract.families import BENIGN, UNKNOWN, group_of
from contract.truth import Entry, Truth

_FOREVER: Final = np.iinfo(np.int64).max
_NOBODY: Final = ("0.0.0.0", "255.255.255.255", "::")  # noqa: S104 - addresses that name nobody, nothing binds here


@dataclass(frozen=True)
class Cause:
    """Something that truly happened between ``start`` and ``end`` (epoch ns), under which an alert may be filed."""

    family: str
    start: int
    end: int


@dataclass
class AlertTruth:
    """The true causes that each alert names (indices into ``causes``; an empty list means a false alert)."""

    causes: list[Cause]
    named: list[list[int]] = field(default_factory=list)

    def right_group(self, alert: Alert, number: int) -> bool:
        """Whether some cause that the alert names is of the alert's group."""
        return any(same_group(alert.family, self.causes[c].family) for c in self.named[number])

    def right_family(self, alert: Alert, number: int) -> bool:
        """Whether some cause that the alert names is of the alert's family."""
        return any(same_family(alert.family, self.causes[c].family) for c in self.named[number])


def same_group(said: str, true: str) -> bool:
    """Whether both families are of one group."""
    return group_of(said) == group_of(true)


def same_family(said: str, true: str) -> bool:
    """Whether the family is the true one; of a wide word (``other_dos``) any family of its group is right."""
    return said == true or (true.startswith("other_") and same_group(said, true))


def against_entries(alerts: list[Alert], truth: Truth, flows: pa.Table, labels: I64) -> AlertTruth:
    """Match alerts to the entries of a truth file; ``causes`` has one element an entry, ordinary ones never match.

    An entry that gives no address (ARP by MAC) stands for the addresses of the flows that it labels (``labels``).
    """
    causes = [Cause(e.family, e.start or 0, _FOREVER if e.end is None else e.end) for e in truth.entries]
    result = AlertTruth(causes)
    attacks = [n for n, e in enumerate(truth.entries) if group_of(e.family) not in (BENIGN, UNKNOWN)]
    known = {n: _named_by(truth.entries[n], flows, labels == n) for n in attacks}
    for alert in alerts:
        names = [*alert.attackers, *alert.victims]
        packed = _packed(names)
        result.named.append(
            [
                n
                for n in attacks
                if _lasts(alert, causes[n])
                and (known[n][0].contains(packed).any() or not known[n][1].isdisjoint(names))
            ]
        )
    return result


def _named_by(entry: Entry, flows: pa.Table, labelled: Mask) -> tuple[Networks, set[str]]:
    macs = {":".join(f"{mac:012x}"[i : i + 2] for i in range(0, 12, 2)) for mac in entry.attacker_macs}
    given = [*entry.attackers, *entry.victims]
    if not given:
        mine = flows.filter(pa.array(labelled))
        both = np.concatenate([column_to_array(mine.column(side)) for side in ("src", "dst")])
        given = sorted(set(texts(both)).difference(_NOBODY))
    return Networks(given) if given else Networks(["255.255.255.255"]), macs


def _packed(names: list[str]) -> Bytes2D:
    rows = []
    for name in names:
        try:
            rows.append(to_bytes(name))
        except InputError:  # an ARP alert also names MAC addresses
            continue
    return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 16)


def _lasts(alert: Alert, cause: Cause) -> bool:
    return alert.first_seen <= cause.end and alert.last_seen >= cause.start


def against_attempts(alerts: list[Alert], truth: pa.Table) -> AlertTruth:
    """Match alerts to the attempts of a TRUTH table; a cause is all attempts of one family at one address."""
    family = words(truth, "family")
    rows = np.flatnonzero(is_attack(family)) if len(family) else np.zeros(0, np.int64)
    causes: list[Cause] = []
    at: dict[bytes, list[int]] = {}
    first, last = times(truth, "first")[rows], times(truth, "last")[rows]
    names, code = np.unique(family[rows].astype(str), return_inverse=True)
    for side in ("src", "dst"):
        address = column_to_array(truth.column(side))[rows]
        keyed = np.concatenate((address, code.astype(np.uint8)[:, None]), axis=1)
        unique, group = np.unique(np.ascontiguousarray(keyed).view("V17").ravel(), return_inverse=True)
        begin = np.full(len(unique), _FOREVER, np.int64)
        end = np.zeros(len(unique), np.int64)
        np.minimum.at(begin, group, first)
        np.maximum.at(end, group, last)
        for number, value in enumerate(unique):
            raw = value.tobytes()
            at.setdefault(raw[:16], []).append(len(causes))
            causes.append(Cause(str(names[raw[16]]), int(begin[number]), int(end[number])))
    result = AlertTruth(causes)
    for alert in alerts:
        packed = _packed([*alert.attackers, *alert.victims])
        found = {c for row in packed for c in at.get(row.tobytes(), ()) if _lasts(alert, causes[c])}
        result.named.append(sorted(found))
    return result
