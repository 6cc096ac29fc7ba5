"""Alerts of an earlier detector of the same store that go on under their number.

A cause that comes back within its quiet time is the same incident, whether or not the detector was started anew
meanwhile. What an earlier alert had counted is added to what is counted now; where the earlier detector was killed,
only flows count that had ended by then, since the others are handed to the next detector again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from contract.addresses import to_bytes
from contract.alert import Alert
from contract.schemas import ARP
from detector.flowtable import NEVER
from detector.policy import Bar, Cause, Policy
from store.reader import StoreReader

_MOST_LISTED: Final = 50
_NOBODY: Final = "0.0.0.0"  # noqa: S104 - who asks by ARP before it has an address
_BEHIND_VICTIM: Final = (Cause.VICTIM, Cause.VICTIM_SERVICE, Cause.RECEIVER)
_LONGEST_QUIET_NS: Final = 3600 * 1_000_000_000
_OF_SERVICE: Final = (Cause.VICTIM_SERVICE, Cause.PAIR_SERVICE)
Key = tuple[int, ...]


class Continued:
    """Alerts that may go on: those of ``alerts`` that somebody was told of, by cause; of one cause the last."""

    def __init__(self, alerts: Iterable[Alert], policy: Policy) -> None:
        self._waiting: dict[Key, tuple[Alert, int]] = {}
        for alert in sorted(alerts, key=lambda alert: alert.last_seen):
            bar = policy.bar(alert.family)
            key = None if alert.silenced else key_of(alert, bar)
            if key is not None:
                self._waiting[key] = alert, int(bar.quiet_s * 1e9)

    def take(self, key: Iterable[int], first: int, last: int) -> Alert | None:
        """The alert that an incident of this cause goes on with; its frames are of ``first`` to ``last`` (epoch ns)."""
        own = tuple(int(word) for word in key)
        earlier, quiet = self._waiting.get(own, (None, 0))
        if earlier is None or first - earlier.last_seen > quiet or earlier.first_seen - last > quiet:
            return None
        del self._waiting[own]
        return earlier

    def sweep(self, now: int) -> list[Alert]:
        """The last word on open alerts that did not go on in time; nothing goes on with them any more."""
        over = [key for key, (alert, quiet) in self._waiting.items() if now - alert.last_seen > quiet]
        return self._close(over)

    def finish(self) -> list[Alert]:
        """The last word on all others: the input has ended."""
        return self._close(list(self._waiting))

    def next_close(self) -> int:
        """When an open alert is next over (epoch ns), ``NEVER`` where none waits for that."""
        return min((a.last_seen + quiet + 1 for a, quiet in self._waiting.values() if a.open), default=NEVER)

    def _close(self, keys: list[Key]) -> list[Alert]:
        alerts = [self._waiting.pop(key)[0] for key in keys]
        return [replace(alert, open=False, revision=alert.revision + 1) for alert in alerts if alert.open]


def left_in(store: Path) -> tuple[Alert, ...]:
    """The alerts of a store that may go on, by what they count of flows that have ended.

    Alerts that a detector closed in order count all of their flows: it had ended them.
    """
    with StoreReader(store) as reader:
        alerts = reader.all_alerts()
        newest = max((alert.last_seen for alert in alerts), default=0)
        recent = [alert for alert in alerts if newest - alert.last_seen <= _LONGEST_QUIET_NS]
        left = [alert for alert in recent if alert.open]
        if not left:
            return tuple(recent)
        start = reader.first_row("verdicts", min(alert.first_seen for alert in left))
        counted = _ended(reader.verdict_tables(start), {alert.alert_id for alert in left})
    return tuple(_counting(alert, *counted[alert.alert_id]) if alert.open else alert for alert in recent)


def _counting(alert: Alert, flows: int, packets: int, octets: int) -> Alert:
    return replace(alert, flows=flows, packets=packets, bytes=octets)


def _ended(tables: Iterable[pa.Table], alerts: set[int]) -> dict[int, tuple[int, int, int]]:
    """Flows, packets and bytes of the last verdicts on flows, by alert."""
    found = dict.fromkeys(alerts, (0, 0, 0))
    wanted = pa.array(sorted(alerts), pa.uint64())
    for table in tables:
        own = table.filter(pc.and_(table["final"], pc.is_in(table["alert_id"], wanted)))
        sums = own.group_by("alert_id").aggregate([("packets", "count"), ("packets", "sum"), ("bytes", "sum")])
        for row in sums.to_pylist():
            flows, packets, octets = found[row["alert_id"]]
            more = row["packets_count"], row["packets_sum"], row["bytes_sum"]
            found[row["alert_id"]] = flows + more[0], packets + more[1], octets + more[2]
    return found


def key_of(alert: Alert, bar: Bar) -> Key | None:
    """The key (``detector.incidents.key_of``) of the incident behind an alert; None where it does not say enough."""
    macs, hosts = ([host for host in alert.attackers if _is_mac(host) == is_mac] for is_mac in (True, False))
    nobody = alert.protocol == ARP and (not hosts or hosts[0] == _NOBODY)
    by_victim = bar.cause in _BEHIND_VICTIM
    by_mac = bar.cause == Cause.MAC or (nobody and bool(macs))
    pair = bar.cause in (Cause.PAIR, Cause.PAIR_SERVICE)
    ported = bar.cause in _OF_SERVICE
    attackers = macs if by_mac else hosts
    if ((by_victim or pair) and not alert.victims) or (not by_victim and not attackers) or (ported and not alert.ports):
        return None
    key = [bar.tag | int(nobody) << 8, 0, 0, 0, 0]
    if by_victim or ported:
        key[0] |= alert.protocol << 16
    if ported:
        key[0] |= alert.ports[0] << 32
    if by_victim or pair:
        key[3:] = _words(alert.victims[0])
    if by_mac:
        key[1] = int(attackers[0].replace(":", ""), 16)
    elif not by_victim:
        key[1:3] = _words(attackers[0])
    return tuple(key)


def _is_mac(host: str) -> bool:
    return len(host) == 17 and host.count(":") == 5 and "::" not in host and all(len(p) == 2 for p in host.split(":"))


def _words(host: str) -> tuple[int, int]:
    """An address as an incident's key has it."""
    packed = to_bytes(host)
    return int.from_bytes(packed[:8], "big"), int.from_bytes(packed[8:], "big")


def carried_on(alert: Alert, earlier: Alert) -> Alert:
    """An alert with what an earlier detector had counted of its cause."""
    attackers = _both(alert.attackers, earlier.attackers)
    victims = _both(alert.victims, earlier.victims)
    ports = _both(alert.ports, earlier.ports)
    return replace(
        alert,
        first_seen=min(alert.first_seen, earlier.first_seen),
        last_seen=max(alert.last_seen, earlier.last_seen),
        attackers=attackers,
        victims=victims,
        ports=ports,
        attackers_total=max(alert.attackers_total, earlier.attackers_total, len(attackers)),
        victims_total=max(alert.victims_total, earlier.victims_total, len(victims)),
        ports_total=max(alert.ports_total, earlier.ports_total, len(ports)),
        flows=alert.flows + earlier.flows,
        packets=alert.packets + earlier.packets,
        bytes=alert.bytes + earlier.bytes,
    )


def _both(now: list[Any], before: list[Any]) -> list[Any]:
    return list(dict.fromkeys((*now, *before)))[:_MOST_LISTED]
